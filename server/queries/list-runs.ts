// The list of runs: one summary per run, from its end where it ended, else from its start and what
// it has done so far. A run without an end shows as `running` until it is closed as lost.

import { usdOf } from '../../core/money.ts';
import { EVENT_NAMES, fieldsOf } from '../../core/schema.ts';
import { HOUR_MS } from '../../core/time.ts';
import { eventsSql } from '../../signals/event-tables.ts';
import { instantSql, textSql } from '../../signals/sql-text.ts';
import { textsSql, type Queryable, type Row } from '../store/database.ts';
import { isoOrNull, numberOrNull, textOrNull } from './field-values.ts';

export interface RunSummary {
  readonly 'agent.run_id': string;
  /** A status of the schema, or `running`. */
  readonly 'agent.status': string;
  /** ISO 8601 UTC. */
  readonly started_at: string;
  readonly ended_at: string | null;
  readonly duration_ms: number | null;
  readonly 'agent.turns': number | null;
  readonly 'agent.tool_calls': number | null;
  readonly 'agent.tokens_in': number | null;
  readonly 'agent.tokens_out': number | null;
  readonly 'agent.retries': number | null;
  readonly 'agent.cost_nano_usd': number | null;
  readonly 'agent.cost_usd': number | null;
  readonly 'error.type': string | null;
  readonly 'gen_ai.agent.name': string | null;
  readonly 'agent.version': string | null;
  readonly 'user.id': string | null;
  readonly 'gen_ai.conversation.id': string | null;
  readonly 'agent.task_type': string | null;
  readonly 'service.name': string | null;
  readonly 'agent.parent_run_id': string | null;
  readonly 'agent.tags': readonly string[];
  readonly trace_id: string | null;
}

/** A writing server knows which runs have not ended. */
export interface RunQueryable extends Queryable {
  /** Runs without an end. */
  openRuns?(): Promise<readonly string[]>;
}

export type RunSort = 'newest' | 'slowest' | 'dearest';

export interface RunFilter {
  readonly status?: string | undefined;
  /** Only runs that ended other than ok. */
  readonly failed?: boolean | undefined;
  readonly user?: string | undefined;
  readonly agent?: string | undefined;
  readonly task?: string | undefined;
  readonly session?: string | undefined;
  readonly tag?: string | undefined;
  /** Part of the error type of the run or of any of its steps. */
  readonly error?: string | undefined;
  /** Runs whose summary is stamped after this, Unix milliseconds: the end, or the start of a running one. */
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  readonly parentRun?: string | undefined;
  readonly sort?: RunSort | undefined;
  readonly limit: number;
  readonly offset?: number | undefined;
}

const OPEN_RUNS_LIMIT = 1000;
/** How far before its start an event of a run may stand: clocks differ. */
export const CLOCK_SLACK_MS = HOUR_MS;

const ORDERS: Record<RunSort, string> = {
  newest: 'timestamp DESC',
  slowest: 'duration_ms DESC NULLS LAST, timestamp DESC',
  dearest: 'agent_cost_nano_usd DESC NULLS LAST, timestamp DESC',
};

/** Columns of a summary that a start of a run has as well as an end. */
const SHARED_COLUMNS = `agent_run_id, agent_parent_run_id, gen_ai_agent_name, agent_version, user_id,
  gen_ai_conversation_id, agent_task_type, service_name, trace_id, timestamp, agent_tags`;
/** What only an end has. */
const ENDS = [
  'agent_status',
  'error_type',
  'duration_ms',
  'agent_turns',
  'agent_tool_calls',
  'agent_tokens_in',
  'agent_tokens_out',
  'agent_retries',
  'agent_cost_nano_usd',
];
const END_COLUMNS = [SHARED_COLUMNS, ...ENDS].join(', ');
const NO_END_COLUMNS = ENDS.map((column) => `NULL AS ${column}`).join(', ');

const ERRORS = eventsSql(
  ['agent.run_id', 'error.type'],
  EVENT_NAMES.filter((name) => fieldsOf(name).includes('error.type')),
);
const STEPS = eventsSql([
  'event.name',
  'agent.run_id',
  'timestamp',
  'tallyspan.duplicate',
  'gen_ai.usage.input_tokens',
  'gen_ai.usage.output_tokens',
  'cost_nano_usd',
]);

/**
 * Runs that match, in the order asked for: by default the newest first, by their end or, while they run, their start.
 * A run is one row: its end, or where there is none its start.
 */
export async function listRuns(database: RunQueryable, filter: RunFilter): Promise<RunSummary[]> {
  const where = conditionsOf(filter).join(' AND ');
  const open =
    (filter.status === undefined || filter.status === 'running') && filter.failed !== true
      ? await findOpenRuns(database)
      : [];
  const order = ORDERS[filter.sort ?? 'newest'];
  const { limit, offset = 0 } = filter;
  const parts: string[] = [];
  if (filter.status !== 'running')
    // With an order and a limit of its own, for which DuckDB reads the few columns that decide before the many.
    parts.push(
      `(SELECT 'agent.run' AS event_name, ${END_COLUMNS} FROM agent_run
        WHERE ${where} ORDER BY ${order} LIMIT ${limit + offset})`,
    );
  if (open.length > 0)
    parts.push(
      `(SELECT 'agent.run.started' AS event_name, ${SHARED_COLUMNS}, ${NO_END_COLUMNS} FROM agent_run_started
        WHERE ${where} AND agent_run_id IN ${amongSql(open)})`,
    );
  if (parts.length === 0) return [];
  const rows = await database.all(
    `SELECT * FROM (${parts.join(' UNION ALL ')}) ORDER BY ${order} LIMIT ${limit} OFFSET ${offset}`,
  );
  const ended = new Set(rows.flatMap((row) => (isRunning(row) ? [] : [row['agent_run_id']])));
  // A run that ended since the open ones were looked up would stand there twice.
  const runs = rows.filter((row) => !isRunning(row) || !ended.has(row['agent_run_id']));
  const soFar = await sumsSoFar(database, runs.filter(isRunning));
  return runs.map((row) => summaryOf(asRun(row, soFar.get(String(row['agent_run_id'])))));
}

function isRunning(row: Row): boolean {
  return row['event_name'] === 'agent.run.started';
}

/** A row of the list with the columns that a summary is made of. */
function asRun(row: Row, soFar: Row | undefined): Row {
  const stamp = row['timestamp'] as Date;
  if (isRunning(row)) return { ...row, ...soFar, agent_status: 'running', started: stamp, ended: null };
  const durationMs = numberOrNull(row['duration_ms']) ?? 0;
  return { ...row, started: new Date(stamp.getTime() - durationMs), ended: stamp };
}

/** Runs that have begun and not ended. A writing server knows them; a folder has to be asked. */
async function findOpenRuns(database: RunQueryable): Promise<readonly string[]> {
  const known = await database.openRuns?.();
  if (known !== undefined) return known.slice(-OPEN_RUNS_LIMIT);
  const rows = await database.all(
    `SELECT DISTINCT agent_run_id AS id FROM agent_run_started
     EXCEPT SELECT agent_run_id FROM agent_run
     LIMIT ${OPEN_RUNS_LIMIT}`,
  );
  return rows.map((row) => String(row['id']));
}

function conditionsOf(filter: RunFilter): string[] {
  const conditions = ['true'];
  const add = (text: string | undefined, condition: (sql: string) => string): void => {
    if (text !== undefined) conditions.push(condition(textSql(text)));
  };
  add(filter.status === 'running' ? undefined : filter.status, (sql) => `agent_status = ${sql}`);
  add(filter.user, (sql) => `user_id = ${sql}`);
  add(filter.agent, (sql) => `gen_ai_agent_name = ${sql}`);
  add(filter.task, (sql) => `agent_task_type = ${sql}`);
  add(filter.session, (sql) => `gen_ai_conversation_id = ${sql}`);
  add(filter.parentRun, (sql) => `agent_parent_run_id = ${sql}`);
  add(filter.tag, (sql) => `list_contains(agent_tags, ${sql})`);
  if (filter.failed === true) conditions.push("agent_status <> 'ok'");
  if (filter.since !== undefined) conditions.push(`timestamp > ${instantSql(filter.since)}`);
  if (filter.until !== undefined) conditions.push(`timestamp <= ${instantSql(filter.until)}`);
  add(
    filter.error,
    (sql) =>
      `agent_run_id IN (SELECT agent_run_id FROM ${ERRORS} WHERE contains(lower(error_type), lower(${sql})))`,
  );
  return conditions;
}

function amongSql(texts: readonly string[]): string {
  return textsSql(textSql(JSON.stringify(texts)));
}

/** What runs without an end have done so far, from the rows of their starts. */
export async function sumsSoFar(database: Queryable, starts: readonly Row[]): Promise<Map<string, Row>> {
  if (starts.length === 0) return new Map();
  const first = starts.reduce(
    (least, row) => Math.min(least, (row['timestamp'] as Date).getTime()),
    Infinity,
  );
  const rows = await database.all(
    `SELECT agent_run_id, max(timestamp) AS last,
       count(*) FILTER (event_name = 'agent.model_call') AS agent_turns,
       count(*) FILTER (event_name = 'agent.tool_call') AS agent_tool_calls,
       sum(gen_ai_usage_input_tokens) FILTER (event_name = 'agent.model_call') AS agent_tokens_in,
       sum(gen_ai_usage_output_tokens) FILTER (event_name = 'agent.model_call') AS agent_tokens_out,
       sum(cost_nano_usd) FILTER (event_name = 'agent.model_call') AS agent_cost_nano_usd
     FROM ${STEPS}
     WHERE timestamp >= ${instantSql(first - CLOCK_SLACK_MS)} AND tallyspan_duplicate IS NOT TRUE
       AND agent_run_id IN ${amongSql(starts.map((row) => String(row['agent_run_id'])))}
     GROUP BY agent_run_id`,
  );
  return new Map(rows.map((row) => [String(row['agent_run_id']), row]));
}

export function summaryOf(row: Row): RunSummary {
  const costNanoUsd = numberOrNull(row['agent_cost_nano_usd']);
  return {
    'agent.run_id': String(row['agent_run_id']),
    'agent.status': textOrNull(row['agent_status']) ?? 'error',
    started_at: isoOrNull(row['started']) ?? '',
    ended_at: isoOrNull(row['ended']),
    duration_ms: numberOrNull(row['duration_ms']),
    'agent.turns': numberOrNull(row['agent_turns']),
    'agent.tool_calls': numberOrNull(row['agent_tool_calls']),
    'agent.tokens_in': numberOrNull(row['agent_tokens_in']),
    'agent.tokens_out': numberOrNull(row['agent_tokens_out']),
    'agent.retries': numberOrNull(row['agent_retries']),
    'agent.cost_nano_usd': costNanoUsd,
    'agent.cost_usd': usdOf(costNanoUsd),
    'error.type': textOrNull(row['error_type']),
    'gen_ai.agent.name': textOrNull(row['gen_ai_agent_name']),
    'agent.version': textOrNull(row['agent_version']),
    'user.id': textOrNull(row['user_id']),
    'gen_ai.conversation.id': textOrNull(row['gen_ai_conversation_id']),
    'agent.task_type': textOrNull(row['agent_task_type']),
    'service.name': textOrNull(row['service_name']),
    'agent.parent_run_id': textOrNull(row['agent_parent_run_id']),
    'agent.tags': Array.isArray(row['agent_tags']) ? row['agent_tags'].map(String) : [],
    trace_id: textOrNull(row['trace_id']),
  };
}
