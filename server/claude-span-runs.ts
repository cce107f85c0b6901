// Span runs: runs that the spans of Claude Code tell of. Where log or transcript tell of some of its calls and not of all
// (a title is in no transcript, a log may be lost in part), the span run repeats the run of those calls: what it has
// beyond them belongs there, and it counts no more.

import { tableOf } from '../core/columns.ts';
import { BY_SPAN } from './claude-remainders.ts';
import { textsSql, type Queryable } from './store/file/database.ts';
import type { EventStore } from './store/write/event-store.ts';

/** What is moved takes of the run that it belongs to. */
const PLACE = [
  'agent_run_id',
  'agent_parent_run_id',
  'gen_ai_conversation_id',
  'gen_ai_agent_name',
  'trace_id',
] as const;
const PLACE_TYPE = JSON.stringify([
  Object.fromEntries(['old', ...PLACE].map((column) => [column, 'VARCHAR'])),
]);

/** Puts what span runs have beyond log and transcript into the runs of those, in the sessions or in all. */
export async function joinSpanRuns(
  database: Queryable,
  store: EventStore,
  sessions: ReadonlySet<string> | undefined,
): Promise<void> {
  const within = sessions === undefined ? '' : `AND gen_ai_conversation_id IN ${textsSql('$sessions')}`;
  const values = sessions === undefined ? {} : { sessions: JSON.stringify([...sessions]) };
  // Of several runs, as sub-agents have their own, that of the prompt.
  const places = await database.all(
    `WITH counted AS (
       SELECT DISTINCT agent_run_id FROM agent_model_call
       WHERE ${BY_SPAN} AND tallyspan_duplicate IS NOT TRUE AND agent_run_id IS NOT NULL ${within}
     ), told AS (
       SELECT agent_run_id AS old, anthropic_request_id FROM agent_model_call
       WHERE ${BY_SPAN} AND tallyspan_duplicate AND agent_run_id IN (FROM counted)
     ), seen AS (
       SELECT * FROM agent_model_call
       WHERE tallyspan_source IN ('log', 'transcript') AND agent_parent_run_id IS NULL AND agent_run_id IS NOT NULL
     )
     SELECT old, ${PLACE.map((column) => `arg_min(seen.${column}, seen.timestamp) AS ${column}`).join(', ')}
     FROM told JOIN seen USING (anthropic_request_id) WHERE seen.agent_run_id <> old GROUP BY old`,
    values,
  );
  if (places.length === 0) return;
  const joined = `(SELECT unnest(from_json(?, '${PLACE_TYPE}'), recursive := true)) AS place`;
  const set = PLACE.map((column) => `${column} = place.${column}`).join(', ');
  await store.exclusively(async (writer) => {
    const change = (table: string, what: string, where = 'true'): Promise<unknown> =>
      writer.run(
        `UPDATE ${table} AS told SET ${what} FROM ${joined}
         WHERE ${BY_SPAN} AND told.tallyspan_duplicate IS NOT TRUE AND told.agent_run_id = place.old AND ${where}`,
        [JSON.stringify(places)],
      );
    await writer.run('BEGIN');
    try {
      for (const name of ['agent.run.started', 'agent.run', 'agent.tool_cost'] as const)
        await change(tableOf(name), 'tallyspan_duplicate = true');
      await change(
        'agent_tool_call',
        'tallyspan_duplicate = true',
        `told.gen_ai_tool_call_id IN (
           SELECT gen_ai_tool_call_id FROM agent_tool_call WHERE tallyspan_source IN ('log', 'transcript'))`,
      );
      for (const name of ['agent.model_call', 'agent.tool_call', 'agent.note'] as const)
        await change(tableOf(name), set);
      await writer.run('COMMIT');
    } catch (error) {
      await writer.run('ROLLBACK').catch(() => undefined);
      throw error;
    }
    store.noteChange();
  });
}
