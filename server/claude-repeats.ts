// Repeats: what Claude Code reports in more than one way, beyond single calls. A run of spans or of a transcript whose
// calls all count elsewhere repeats the run of the log or of a program, a run of log or transcript the run of the program around the
// Agent SDK, a compaction in the log that of the transcript, and a tool in the log that has no name there the one that
// the transcript names. They are kept and marked as duplicates. Remainders stand for calls that nobody reported: claude-remainders.ts.

import { UNNAMED_TOOL } from '../core/claude-code/claude-log-reader.ts';
import { tableOf } from '../core/columns.ts';
import { BY_SPAN, settleStoredRemainders, type RepeatsOptions } from './claude-remainders.ts';
import { joinSpanRuns } from './claude-span-runs.ts';
import type { Selection } from './store/columns/event-appender.ts';
import { FIELD_INDEX, type EventBatch } from './store/columns/event-batch.ts';
import { textsSql, type Queryable } from './store/file/database.ts';
import type { EventStore } from './store/write/event-store.ts';

/** Claude Code may log what belongs to a run so long after the program saw it end. */
const LATE_MS = 5_000;
/** Log and transcript put a compaction so near to each other; two of a session are further apart. */
const COMPACTION_MS = 10_000;
const BY_A_REPEATER = `(${BY_SPAN} OR coalesce(tallyspan_source = 'transcript', false))`;
const OF_A_RUN = ['agent.run.started', 'agent.run', 'agent.tool_call'] as const;

/**
 * Sessions in which the rows may repeat something, or make something repeated. A call of the instrumentation may only in
 * a session that is known to be one of Claude Code.
 */
export function sessionsOf(
  selections: readonly Selection[],
  known: ReadonlyMap<string, unknown>,
): Set<string> {
  const sessions = new Set<string>();
  for (const { batch, rows } of selections) {
    const hasReporters = mayConcern(batch);
    if (!hasReporters && known.size === 0) continue;
    for (const row of rows) {
      if (batch.name(row) !== 'agent.model_call' && !hasReporters) continue;
      const session = batch.text(row, 'gen_ai.conversation.id');
      if (session === undefined || sessions.has(session)) continue;
      if ((hasReporters && isOfClaudeCode(batch, row)) || known.has(session)) sessions.add(session);
    }
  }
  return sessions;
}

function isOfClaudeCode(batch: EventBatch, row: number): boolean {
  const source = batch.text(row, 'tallyspan.source');
  if (source === 'messages' || source === 'remainder') return true;
  if (source === 'log' || source === 'transcript')
    return batch.name(row) === 'agent.model_call' || batch.name(row) === 'agent.note';
  return batch.text(row, 'tallyspan.dialect')?.startsWith('claude-code/') === true;
}

function mayConcern(batch: EventBatch): boolean {
  return (
    batch.column(FIELD_INDEX['tallyspan.source']) !== undefined ||
    batch.column(FIELD_INDEX['tallyspan.dialect']) !== undefined
  );
}

/** Marks what is repeated in the sessions, or in all. */
export async function markRepeats(
  database: Queryable,
  store: EventStore,
  { sessions, overrides }: RepeatsOptions = {},
): Promise<void> {
  const joined = await joinRuns(database, store, sessions);
  await joinSpanRuns(database, store, sessions);
  await settleStoredRemainders(database, store, {
    sessions: sessions && new Set([...sessions, ...joined]),
    overrides,
  });
  const runs = await findRepeatedRuns(database, sessions);
  const notes = await findRepeatedNotes(database, sessions);
  const tools = await findRepeatedTools(database, sessions);
  if (runs.length === 0 && notes.length === 0 && tools.length === 0) return;
  await store.exclusively(async (writer) => {
    if (tools.length > 0)
      await writer.run(
        `UPDATE agent_tool_call SET tallyspan_duplicate = true WHERE tallyspan_key IN ${textsSql('?')}`,
        [JSON.stringify(tools)],
      );
    if (notes.length > 0)
      await writer.run(
        `UPDATE agent_note SET tallyspan_duplicate = true
         WHERE tallyspan_source = 'log' AND tallyspan_key IN ${textsSql('?')}`,
        [JSON.stringify(notes)],
      );
    for (const name of runs.length > 0 ? ([...OF_A_RUN, 'agent.tool_cost'] as const) : [])
      await writer.run(
        `UPDATE ${tableOf(name)} SET tallyspan_duplicate = true
         WHERE ${BY_A_REPEATER} AND tallyspan_duplicate IS NOT TRUE AND agent_run_id IN ${textsSql('?')}`,
        [JSON.stringify(runs)],
      );
    store.noteChange();
  });
}

/** What a record of log or transcript takes from the run of the program that it belongs to. */
const OF_THE_PROGRAM = [
  'agent_run_id',
  'agent_parent_run_id',
  'gen_ai_conversation_id',
  'user_id',
  'agent_task_type',
  'gen_ai_agent_name',
  'agent_version',
  'service_name',
  'trace_id',
] as const;
const PLACE_TYPE = JSON.stringify([
  Object.fromEntries(['old', ...OF_THE_PROGRAM].map((column) => [column, 'VARCHAR'])),
]);

/** The place of what is seen, of several the one with the least of the value. */
function placeOf(value: string): string {
  return OF_THE_PROGRAM.map((column) => `arg_min(seen.${column}, ${value}) AS ${column}`).join(', ');
}

const BY_A_TELLER = "tallyspan_source IN ('log', 'transcript')";

/**
 * Puts what log and transcript tell of a run into the run in which the instrumentation shows calls of it: that has the agent and
 * the user. Gives the sessions of those runs.
 */
async function joinRuns(
  database: Queryable,
  store: EventStore,
  sessions: ReadonlySet<string> | undefined,
): Promise<string[]> {
  const places = await database.all(
    `WITH matched AS (
       SELECT told.agent_run_id AS old, ${placeOf('seen.timestamp')}
       FROM agent_model_call AS told JOIN agent_model_call AS seen USING (anthropic_request_id)
       WHERE told.${BY_A_TELLER} AND told.agent_run_id IS NOT NULL ${within(sessions, 'told.')}
         AND seen.tallyspan_dialect IS NULL AND coalesce(seen.tallyspan_source, 'messages') = 'messages'
         AND seen.agent_run_id <> told.agent_run_id
       GROUP BY ALL
     ), programs AS (
       SELECT *, epoch_ms(timestamp) - duration_ms AS since FROM agent_run
       WHERE tallyspan_source IS NULL AND tallyspan_dialect IS NULL ${within(sessions)}
     ), told AS (
       SELECT agent_run_id AS old, gen_ai_conversation_id AS session, agent_parent_run_id AS parent, timestamp FROM events
       WHERE ${BY_A_TELLER} AND tallyspan_duplicate IS NOT TRUE
         AND gen_ai_conversation_id IN (SELECT gen_ai_conversation_id FROM programs)
     ), apart AS (
       SELECT old, session, min(timestamp) AS first, max(timestamp) AS last FROM (
         FROM told UNION ALL SELECT parent, session, NULL, timestamp FROM told
       ) WHERE old IS NOT NULL GROUP BY ALL HAVING max(parent) IS NULL
         AND old NOT IN (SELECT old FROM matched) AND old NOT IN (SELECT agent_run_id FROM programs)
     )
     FROM matched
     UNION ALL BY NAME
     -- Where the calls that both tell of were lost, or have their place already: the run that went on then.
     SELECT apart.old, ${placeOf('-seen.since')} FROM apart JOIN programs AS seen ON seen.gen_ai_conversation_id = apart.session
       AND seen.since <= epoch_ms(apart.last) AND epoch_ms(apart.first) <= epoch_ms(seen.timestamp) + ${LATE_MS}
     WHERE coalesce(seen.agent_parent_run_id, '') NOT IN (SELECT agent_run_id FROM programs)
     GROUP BY ALL`,
    valuesOf(sessions),
  );
  if (places.length === 0) return [];
  const values = JSON.stringify(places);
  const joined = `(SELECT unnest(from_json(?, '${PLACE_TYPE}'), recursive := true)) AS place`;
  await store.exclusively(async (writer) => {
    const change = (table: string, set: string, where: string): Promise<unknown> =>
      writer.run(`UPDATE ${table} AS told SET ${set} FROM ${joined} WHERE told.${BY_A_TELLER} AND ${where}`, [
        values,
      ]);
    await writer.run('BEGIN');
    try {
      for (const name of [...OF_A_RUN, 'agent.model_call', 'agent.tool_cost', 'agent.note'] as const)
        await change(
          tableOf(name),
          'agent_parent_run_id = place.agent_run_id, user_id = place.user_id, service_name = place.service_name',
          'told.agent_parent_run_id = place.old',
        );
      for (const name of ['agent.run.started', 'agent.run'] as const)
        await change(tableOf(name), 'tallyspan_duplicate = true', 'told.agent_run_id = place.old');
      await change(
        'agent_tool_call',
        'tallyspan_duplicate = true',
        `told.agent_run_id = place.old AND told.gen_ai_tool_call_id IN (
           SELECT gen_ai_tool_call_id FROM agent_tool_call WHERE tallyspan_source IS NULL)`,
      );
      const set = OF_THE_PROGRAM.map((column) => `${column} = place.${column}`).join(', ');
      const isCounted = 'told.tallyspan_duplicate IS NOT TRUE';
      // Before the calls: the shares of calls that all count elsewhere stay, and are marked with their run.
      await change(
        'agent_tool_cost',
        set,
        `told.agent_run_id = place.old AND ${isCounted} AND told.agent_run_id IN (
           SELECT agent_run_id FROM agent_model_call AS call WHERE call.${BY_A_TELLER} AND call.tallyspan_duplicate IS NOT TRUE)`,
      );
      for (const name of ['agent.model_call', 'agent.tool_call', 'agent.note'] as const)
        await change(tableOf(name), set, `told.agent_run_id = place.old AND ${isCounted}`);
      await writer.run('COMMIT');
    } catch (error) {
      await writer.run('ROLLBACK').catch(() => undefined);
      throw error;
    }
    store.noteChange();
  });
  return places.flatMap(({ gen_ai_conversation_id: session }) =>
    typeof session === 'string' ? [session] : [],
  );
}

/** Compactions of which both the log and the transcript of a session tell. */
async function findRepeatedNotes(
  database: Queryable,
  sessions: ReadonlySet<string> | undefined,
): Promise<unknown[]> {
  const rows = await database.all(
    `SELECT DISTINCT told.tallyspan_key AS key FROM agent_note AS told JOIN agent_note AS other USING (gen_ai_conversation_id)
     WHERE told.agent_note_kind = 'compaction' AND other.agent_note_kind = 'compaction'
       AND told.tallyspan_source = 'log' AND other.tallyspan_source = 'transcript'
       AND told.tallyspan_duplicate IS NOT TRUE AND told.tallyspan_key IS NOT NULL ${within(sessions, 'told.')}
       AND abs(epoch_ms(told.timestamp) - epoch_ms(other.timestamp)) <= ${COMPACTION_MS}`,
    valuesOf(sessions),
  );
  return rows.map((row) => row['key']);
}

/** Tools that the log gives no name, and the transcript does. */
async function findRepeatedTools(
  database: Queryable,
  sessions: ReadonlySet<string> | undefined,
): Promise<unknown[]> {
  const rows = await database.all(
    `SELECT DISTINCT told.tallyspan_key AS key FROM agent_tool_call AS told
     JOIN agent_tool_call AS other USING (gen_ai_tool_call_id)
     WHERE told.tallyspan_source = 'log' AND told.gen_ai_tool_name = '${UNNAMED_TOOL}'
       AND told.tallyspan_duplicate IS NOT TRUE AND told.tallyspan_key IS NOT NULL ${within(sessions, 'told.')}
       AND coalesce(other.tallyspan_source, '') <> 'log' AND other.tallyspan_duplicate IS NOT TRUE`,
    valuesOf(sessions),
  );
  return rows.map((row) => row['key']);
}

/** Runs of spans and transcripts of which every call counts elsewhere. */
async function findRepeatedRuns(
  database: Queryable,
  sessions: ReadonlySet<string> | undefined,
): Promise<unknown[]> {
  const rows = await database.all(
    `SELECT agent_run_id AS run FROM agent_model_call
     WHERE agent_run_id IN (
       SELECT agent_run_id FROM agent_model_call
       WHERE ${BY_A_REPEATER} AND tallyspan_duplicate IS TRUE AND agent_run_id IS NOT NULL ${within(sessions)})
     GROUP BY ALL HAVING bool_and(tallyspan_duplicate IS TRUE)`,
    valuesOf(sessions),
  );
  return rows.map((row) => row['run']);
}

function within(sessions: ReadonlySet<string> | undefined, of = ''): string {
  return sessions === undefined ? '' : `AND ${of}gen_ai_conversation_id IN ${textsSql('$sessions')}`;
}

function valuesOf(sessions: ReadonlySet<string> | undefined): Record<string, string> {
  return sessions === undefined ? {} : { sessions: JSON.stringify([...sessions]) };
}
