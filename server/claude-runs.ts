// Runs of which the logs of Claude Code tell. They say when a prompt began and what it did, and never that it is over:
// a run is over when its last call asked for no tool and nothing came for a while, when its sub-agent was said to be
// complete, or when the session got another prompt. What still comes makes the end a later one.
// What repeats a run of another reporter: claude-repeats.ts.

import type { EventRecord } from '../core/event.ts';
import type { PriceOverrides } from '../core/pricing/price-overrides.ts';
import { HOUR_MS } from '../core/time/time.ts';
import { revisionOfRunEnd } from '../core/transcripts/revisions.ts';
import { NewestMap } from '../core/newest-map.ts';
import { runTotalFields, type TotalsOfRun } from '../core/run-totals.ts';
import { IS_ONE_CALL_SQL } from '../signals/sql-text.ts';
import { markRepeats, sessionsOf } from './claude-repeats.ts';
import { groupBy } from '../core/group-by.ts';
import { messageOf } from './process/server-error.ts';
import { numberOrNull, textOrNull } from './queries/field-values.ts';
import { textsSql, type DatabaseRow, type Queryable } from './store/file/database.ts';
import type { EventStore } from './store/write/event-store.ts';

export interface ClaudeRunsOptions {
  readonly database: Queryable;
  readonly store: EventStore;
  readonly log: (line: string) => void;
  /** Nothing came for so long after the last answer: the run is over. Milliseconds. */
  readonly idleMs?: number | undefined;
  /** Prices that go before the list's. */
  readonly overrides?: PriceOverrides | undefined;
}

const IDLE_MS = 5_000;
/** The reports of others on the same calls may be so late. */
const WATCHED_MS = 60_000;
/** An ended run is looked at again after this time. */
const AGAIN_MS = 15_000;
const OPEN_RUNS_LIMIT = 1_000;
const SESSIONS_REMEMBERED = 1_000;

interface Watched {
  /** The run that it is nested in. */
  parent: string | undefined;
  /** When the last event of it came, Unix milliseconds. */
  cameMs: number;
  /** Revision of the end that was written; 0 before. */
  endRevision: number;
  /** When it was looked at last. */
  seenMs: number;
}

function newWatched(cameMs: number): Watched {
  return { parent: undefined, cameMs, endRevision: 0, seenMs: 0 };
}

export class ClaudeRuns {
  readonly #options: ClaudeRunsOptions;
  readonly #idleMs: number;
  readonly #watched = new Map<string, Watched>();
  /** Sessions in which something may be reported twice, and remainders to be settled. */
  #sessions = new Set<string>();
  /** Those that were looked at last. */
  readonly #known = new NewestMap<string, true>();
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(options: ClaudeRunsOptions) {
    this.#options = options;
    this.#idleMs = options.idleMs ?? IDLE_MS;
  }

  /** Takes up the runs that were open when the server stopped. */
  async start(): Promise<void> {
    const rows = await this.#options.database.all(
      `SELECT DISTINCT begun.agent_run_id AS id FROM agent_run_started AS begun
       WHERE tallyspan_source = 'log' AND tallyspan_duplicate IS NOT TRUE AND agent_run_id IS NOT NULL
         AND NOT EXISTS (SELECT 1 FROM agent_run AS done WHERE done.agent_run_id = begun.agent_run_id)
       LIMIT ${OPEN_RUNS_LIMIT}`,
    );
    for (const row of rows) this.#watched.set(String(row['id']), newWatched(Date.now()));
    if (rows.length > 0) this.#schedule();
    const { database, store, overrides } = this.#options;
    // Nobody waits for it.
    this.#round = markRepeats(database, store, { overrides }).catch((error: unknown) => {
      this.#options.log(`runs of Claude Code: ${messageOf(error)}`);
    });
    store.onStored = (selections) => {
      for (const session of sessionsOf(selections, this.#known)) {
        this.#sessions.add(session);
        this.#known.set(session, true);
        if (this.#known.size > SESSIONS_REMEMBERED) this.#known.dropOldest();
      }
      if (this.#sessions.size > 0 && !this.#isStopped) this.#schedule();
    };
  }

  /** What was stored. */
  note(events: readonly EventRecord[]): void {
    const nowMs = Date.now();
    for (const { 'agent.run_id': run, 'agent.parent_run_id': parent } of events) {
      // The runs that it is nested in go on with it.
      const seen = new Set<string>();
      for (let id = run ?? parent; id !== undefined && !seen.has(id);) {
        seen.add(id);
        let watched = this.#watched.get(id);
        if (watched === undefined) {
          watched = newWatched(nowMs);
          this.#watched.set(id, watched);
        }
        watched.cameMs = nowMs;
        if (id === run) watched.parent ??= parent;
        id = watched.parent;
      }
    }
    if (this.#watched.size > 0 && !this.#isStopped) this.#schedule();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#round;
  }

  #schedule(): void {
    this.#timer ??= setTimeout(
      () => {
        this.#timer = undefined;
        this.#round = this.#goRound();
      },
      Math.max(50, this.#idleMs / 2),
    ).unref();
  }

  async #goRound(): Promise<void> {
    try {
      await this.settle(Date.now());
    } catch (error) {
      this.#options.log(`runs of Claude Code: ${messageOf(error)}`);
    }
    if (this.#watched.size > 0 && !this.#isStopped) this.#schedule();
  }

  /** Writes the ends of the runs that are over at this instant, and settles what is reported twice. */
  async settle(nowMs: number): Promise<void> {
    const { database, store, overrides } = this.#options;
    const sessions = this.#sessions;
    this.#sessions = new Set();
    if (sessions.size > 0) await markRepeats(database, store, { sessions, overrides });
    const due = [...this.#watched].filter(([, watched]) => this.#isDue(watched, nowMs));
    for (const [, watched] of due) watched.seenMs = nowMs;
    const rows = await readRuns(
      database,
      due.map(([run]) => run),
    );
    const events: EventRecord[] = [];
    for (const { row, nested } of familiesOf(rows)) {
      const run = String(row['agent_run_id']);
      const watched = this.#watched.get(run);
      if (watched === undefined) continue;
      if (countOf(row, 'calls') === 0 && countOf(row, 'repeated') > 0) {
        const session = textOrNull(row['session']);
        if (session !== null) this.#sessions.add(session);
        continue;
      }
      const status = statusOf(row, nowMs - watched.cameMs >= this.#idleMs);
      if (status === undefined) continue;
      const end = endOf(row, nested, status);
      const revision = end['tallyspan.revision'] ?? 0;
      if (revision <= watched.endRevision) continue;
      watched.endRevision = revision;
      events.push(end);
    }
    if (events.length > 0) await store.write({ events, spans: [] });
    for (const [run, { cameMs, endRevision }] of this.#watched)
      if (nowMs - cameMs > (endRevision > 0 ? WATCHED_MS : HOUR_MS)) this.#watched.delete(run);
  }

  /** A run that has ended is looked at when more came, and now and then for the reports of others. */
  #isDue({ cameMs, endRevision, seenMs }: Watched, nowMs: number): boolean {
    return endRevision === 0 || cameMs >= seenMs || nowMs - seenMs >= AGAIN_MS;
  }
}

const COUNTS = "event_name = 'agent.model_call' AND tallyspan_duplicate IS NOT TRUE";

/** What the store holds of runs that logs tell of, and of those nested in them: `root` is the one that was asked for. */
function readRuns(database: Queryable, runs: readonly string[]): Promise<DatabaseRow[]> {
  if (runs.length === 0) return Promise.resolve([]);
  return database.all(
    `WITH RECURSIVE asked AS (
       SELECT agent_run_id AS root, min(timestamp) AS started FROM agent_run_started
       WHERE agent_run_id IN ${textsSql('$runs')} AND tallyspan_duplicate IS NOT TRUE
       GROUP BY agent_run_id HAVING bool_or(tallyspan_source IN ('log', 'transcript'))
     ), family AS (
       SELECT root, root AS agent_run_id FROM asked
       UNION
       SELECT family.root, nested.agent_run_id FROM agent_run_started AS nested
       JOIN family ON nested.agent_parent_run_id = family.agent_run_id
       WHERE nested.tallyspan_duplicate IS NOT TRUE
         AND nested.timestamp >= (SELECT min(started) FROM asked) - INTERVAL 1 MINUTE
     ), begun AS (
       SELECT agent_run_id, min(timestamp) AS started FROM agent_run_started
       WHERE agent_run_id IN (SELECT agent_run_id FROM family) AND tallyspan_duplicate IS NOT TRUE
       GROUP BY agent_run_id
     ), prompts AS (
       SELECT gen_ai_conversation_id AS session, max(timestamp) AS newest FROM agent_run_started
       WHERE agent_parent_run_id IS NULL AND tallyspan_duplicate IS NOT TRUE
         AND gen_ai_conversation_id IN (
           SELECT gen_ai_conversation_id FROM agent_run_started WHERE agent_run_id IN ${textsSql('$runs')})
       GROUP BY ALL
     ), sums AS (
       SELECT agent_run_id, min(started) AS started, max(timestamp) AS last,
         any_value(trace_id) FILTER (event_name = 'agent.run.started') AS trace_id,
         any_value(span_id) FILTER (event_name = 'agent.run.started') AS span_id,
         any_value(parent_span_id) FILTER (event_name = 'agent.run.started') AS parent_span_id,
         any_value(service_name) AS service_name, any_value(service_version) AS service_version,
         any_value(agent_parent_run_id) AS agent_parent_run_id, any_value(user_id) AS user_id,
         any_value(gen_ai_conversation_id) AS session, any_value(agent_project) AS agent_project,
         arg_max(gen_ai_agent_name, timestamp) FILTER (event_name = 'agent.model_call') AS gen_ai_agent_name,
         max(agent_user_input_len) AS agent_user_input_len,
         count(*) FILTER (${COUNTS}) AS calls,
         count(*) FILTER (${COUNTS} AND ${IS_ONE_CALL_SQL}) AS turns,
         count(*) FILTER (event_name = 'agent.model_call' AND tallyspan_duplicate) AS repeated,
         count(*) FILTER (event_name = 'agent.tool_call') AS tool_calls,
         sum(gen_ai_usage_input_tokens) FILTER (${COUNTS}) AS tokens_in,
         sum(gen_ai_usage_output_tokens) FILTER (${COUNTS}) AS tokens_out,
         sum(cost_nano_usd) FILTER (${COUNTS}) AS cost_nano_usd,
         count(*) FILTER (${COUNTS} AND tallyspan_cost_status = 'unpriced') AS unpriced_calls,
         max(timestamp) FILTER (${COUNTS}) AS last_call,
         max(timestamp) FILTER (event_name = 'agent.tool_call') AS last_tool,
         arg_max(coalesce(error_type, ''), timestamp) FILTER (${COUNTS}) AS last_error,
         arg_max(list_contains(coalesce(gen_ai_response_finish_reasons, []), 'refusal'), timestamp)
           FILTER (${COUNTS}) AS is_refused,
         count(*) FILTER (agent_note_kind = 'permission' AND agent_note_subject = 'accept') AS accepted,
         bool_or(coalesce(agent_note_kind = 'sub_agent', false)) AS is_complete,
         arg_max(agent_note_value, timestamp) FILTER (agent_note_subject = 'assistant_response') AS output_len
       FROM events JOIN begun USING (agent_run_id)
       WHERE event_name <> 'agent.run' AND timestamp >= (SELECT min(started) FROM begun) - INTERVAL 1 MINUTE
         AND (tallyspan_duplicate IS NOT TRUE OR event_name = 'agent.model_call')
       GROUP BY agent_run_id
     )
     SELECT family.root, sums.*, prompts.newest
     FROM family JOIN sums USING (agent_run_id) LEFT JOIN prompts USING (session)`,
    { runs: JSON.stringify(runs) },
  );
}

interface Family {
  readonly row: DatabaseRow;
  /** On all levels. */
  readonly nested: readonly DatabaseRow[];
}

const isRoot = (row: DatabaseRow): boolean => row['root'] === row['agent_run_id'];

/** The runs that were asked for, each with those nested in it. */
function familiesOf(rows: readonly DatabaseRow[]): Family[] {
  return [...groupBy(rows, (row) => row['root']).values()].flatMap((family) =>
    family.filter(isRoot).map((row) => ({ row, nested: family.filter((each) => !isRoot(each)) })),
  );
}

/** How a run ended; undefined while it may go on. */
function statusOf(row: DatabaseRow, isIdle: boolean): string | undefined {
  const newest = timeOf(row, 'newest') ?? 0;
  const isNested = textOrNull(row['agent_parent_run_id']) !== null;
  const isSucceeded = !isNested && newest > (timeOf(row, 'last') ?? 0);
  const waitsForTool =
    countOf(row, 'accepted') > countOf(row, 'tool_calls') ||
    (timeOf(row, 'last_tool') ?? 0) > (timeOf(row, 'last_call') ?? 0);
  if (row['is_complete'] === true) return 'ok';
  if (countOf(row, 'calls') === 0) return isSucceeded ? 'aborted' : undefined;
  if (waitsForTool) return isSucceeded ? 'aborted' : undefined;
  if (!isIdle && !isSucceeded) return undefined;
  if (row['is_refused'] === true) return 'refused';
  return textOrNull(row['last_error']) ? 'error' : 'ok';
}

function endOf(row: DatabaseRow, nested: readonly DatabaseRow[], status: string): EventRecord {
  const run = String(row['agent_run_id']);
  const last = timeOf(row, 'last') ?? 0;
  const text = (column: string): string | undefined => textOrNull(row[column]) ?? undefined;
  const all = [row, ...nested];
  return {
    timestamp: last,
    'event.name': 'agent.run',
    'tallyspan.source': 'log',
    'tallyspan.key': `claude-code/run/${run}`,
    // As a transcript counts the states of a run.
    'tallyspan.revision': revisionOfRunEnd({
      endMs: Math.max(...all.map((each) => timeOf(each, 'last') ?? 0)),
      reports: all.reduce((sum, each) => sum + countOf(each, 'calls'), 0),
    }),
    'agent.run_id': run,
    'agent.parent_run_id': text('agent_parent_run_id'),
    trace_id: text('trace_id'),
    span_id: text('span_id'),
    parent_span_id: text('parent_span_id'),
    'service.name': text('service_name'),
    'service.version': text('service_version'),
    'agent.version': text('service_version'),
    'agent.project': text('agent_project'),
    'gen_ai.conversation.id': text('session'),
    'user.id': text('user_id'),
    'gen_ai.agent.name': text('gen_ai_agent_name'),
    'agent.status': status,
    'error.type': status === 'error' ? text('last_error') : undefined,
    'agent.inferred': true,
    'agent.user_input_len': numberOrNull(row['agent_user_input_len']) ?? undefined,
    'agent.output_len': text('output_len') === undefined ? undefined : Number(text('output_len')),
    duration_ms: Math.max(0, last - (timeOf(row, 'started') ?? last)),
    ...runTotalFields(totalsOf(row), nested.map(totalsOf)),
  };
}

function totalsOf(row: DatabaseRow): TotalsOfRun {
  return {
    turns: countOf(row, 'turns'),
    toolCalls: countOf(row, 'tool_calls'),
    tokensIn: countOf(row, 'tokens_in'),
    tokensOut: countOf(row, 'tokens_out'),
    costNanoUsd: countOf(row, 'cost_nano_usd'),
    unpricedCalls: countOf(row, 'unpriced_calls'),
  };
}

function timeOf(row: DatabaseRow, column: string): number | undefined {
  const value = row[column];
  return value instanceof Date ? value.getTime() : undefined;
}

function countOf(row: DatabaseRow, column: string): number {
  return numberOrNull(row[column]) ?? 0;
}
