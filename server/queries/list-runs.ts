// The list of runs: one summary per run, from its end where it ended, else from its start and what
// it has done so far. A run without an end shows as `running` until it is closed as lost.

import type { DuckDBValue } from '@duckdb/node-api';
import { usdOf } from '../../core/money.ts';
import type { Queryable, Row } from '../store/database.ts';
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
  /** Runs without an end, perhaps with some that have ended meanwhile. */
  openRuns?(): readonly string[];
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

const ORDERS: Record<RunSort, string> = {
  newest: 'timestamp DESC',
  slowest: 'duration_ms DESC NULLS LAST, timestamp DESC',
  dearest: 'agent_cost_nano_usd DESC NULLS LAST, timestamp DESC',
};

/** Columns of a summary. A run is one row: its end, or where there is none its start. */
const COLUMNS = `agent_run_id, agent_parent_run_id, gen_ai_agent_name, agent_version, user_id, gen_ai_conversation_id,
  agent_task_type, service_name, trace_id, event_name, agent_status, error_type, timestamp, duration_ms, agent_turns,
  agent_tool_calls, agent_tokens_in, agent_tokens_out, agent_retries, agent_cost_nano_usd, agent_tags`;

/** Runs that match, in the order asked for: by default the newest first, by their end or, while they run, their start. */
export async function listRuns(database: RunQueryable, filter: RunFilter): Promise<RunSummary[]> {
  const { conditions, values } = conditionsOf(filter);
  const open = filter.status === undefined || filter.status === 'running' ? await findOpenRuns(database) : [];
  const isOpen =
    open.length === 0 || filter.failed === true
      ? 'false'
      : `event_name = 'agent.run.started' AND agent_run_id IN (${open.map(() => '?').join(', ')})`;
  const openValues = isOpen === 'false' ? [] : open;
  const isEnded = filter.status === 'running' ? 'false' : "event_name = 'agent.run'";
  const where = [`(${isEnded} OR (${isOpen}))`, ...conditions].join(' AND ');
  const order = ORDERS[filter.sort ?? 'newest'];
  const rows = await database.all(
    // First which rows, by the few columns that decide; then the many columns of these.
    `SELECT ${COLUMNS} FROM events
     WHERE rowid IN (SELECT rowid FROM events WHERE ${where} ORDER BY ${order} LIMIT ? OFFSET ?) ORDER BY ${order}`,
    [...openValues, ...values, filter.limit, filter.offset ?? 0],
  );
  const running = rows.filter((row) => row['event_name'] === 'agent.run.started');
  const soFar = await sumsSoFar(
    database,
    running.map((row) => String(row['agent_run_id'])),
  );
  return rows.map((row) => summaryOf(asRun(row, soFar.get(String(row['agent_run_id'])))));
}

/** A row of the list with the columns that a summary is made of. */
function asRun(row: Row, soFar: Row | undefined): Row {
  const stamp = row['timestamp'] as Date;
  if (row['event_name'] === 'agent.run.started')
    return { ...row, ...soFar, agent_status: 'running', started: stamp, ended: null };
  const durationMs = numberOrNull(row['duration_ms']) ?? 0;
  return { ...row, started: new Date(stamp.getTime() - durationMs), ended: stamp };
}

/** Runs that have begun and not ended. A writing server knows them; a folder has to be asked. */
async function findOpenRuns(database: RunQueryable): Promise<readonly string[]> {
  const known = database.openRuns?.();
  if (known?.length === 0) return [];
  const among =
    known === undefined ? '' : `AND agent_run_id IN (SELECT unnest(from_json($1, '["VARCHAR"]')))`;
  const rows = await database.all(
    `SELECT DISTINCT agent_run_id AS id FROM events WHERE event_name = 'agent.run.started' ${among}
     EXCEPT SELECT agent_run_id FROM events WHERE event_name = 'agent.run' ${among}
     LIMIT ${OPEN_RUNS_LIMIT}`,
    known === undefined ? [] : [JSON.stringify(known)],
  );
  return rows.map((row) => String(row['id']));
}

function conditionsOf(filter: RunFilter): { conditions: string[]; values: DuckDBValue[] } {
  const conditions: string[] = [];
  const values: DuckDBValue[] = [];
  const equals = (column: string, value: string | undefined): void => {
    if (value === undefined) return;
    conditions.push(`${column} = ?`);
    values.push(value);
  };
  equals('agent_status', filter.status === 'running' ? undefined : filter.status);
  equals('user_id', filter.user);
  equals('gen_ai_agent_name', filter.agent);
  equals('agent_task_type', filter.task);
  equals('gen_ai_conversation_id', filter.session);
  equals('agent_parent_run_id', filter.parentRun);
  if (filter.tag !== undefined) {
    conditions.push('list_contains(agent_tags, ?)');
    values.push(filter.tag);
  }
  if (filter.failed === true) conditions.push("agent_status <> 'ok'");
  if (filter.since !== undefined) {
    conditions.push('timestamp > make_timestamptz(?::BIGINT * 1000)');
    values.push(Math.floor(filter.since));
  }
  if (filter.until !== undefined) {
    conditions.push('timestamp <= make_timestamptz(?::BIGINT * 1000)');
    values.push(Math.floor(filter.until));
  }
  if (filter.error !== undefined) {
    conditions.push(
      'agent_run_id IN (SELECT agent_run_id FROM events WHERE contains(lower(error_type), lower(?)))',
    );
    values.push(filter.error);
  }
  return { conditions, values };
}

/** What runs without an end have done so far. */
export async function sumsSoFar(database: Queryable, runs: readonly string[]): Promise<Map<string, Row>> {
  if (runs.length === 0) return new Map();
  const rows = await database.all(
    `SELECT agent_run_id, max(timestamp) AS last,
       count(*) FILTER (event_name = 'agent.model_call') AS agent_turns,
       count(*) FILTER (event_name = 'agent.tool_call') AS agent_tool_calls,
       sum(gen_ai_usage_input_tokens) FILTER (event_name = 'agent.model_call') AS agent_tokens_in,
       sum(gen_ai_usage_output_tokens) FILTER (event_name = 'agent.model_call') AS agent_tokens_out,
       sum(cost_nano_usd) FILTER (event_name = 'agent.model_call') AS agent_cost_nano_usd
     FROM events WHERE agent_run_id IN (${runs.map(() => '?').join(', ')}) AND tallyspan_duplicate IS NOT TRUE
     GROUP BY agent_run_id`,
    [...runs],
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
