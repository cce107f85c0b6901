// The list of runs: one summary per run, from its end where it ended, else from its start and what
// it has done so far. A run without an end shows as `running` until it is closed as lost.

import type { DuckDBValue } from '@duckdb/node-api';
import type { Queryable, Row } from '../store/database.ts';
import { isoOrNull, numberOrNull, textOrNull, usdOf } from './field-values.ts';

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
  readonly trace_id: string | null;
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
  /** Part of the error type. */
  readonly error?: string | undefined;
  /** Runs whose summary is stamped after this, Unix milliseconds: the end, or the start of a running one. */
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  readonly parentRun?: string | undefined;
  readonly sort?: RunSort | undefined;
  readonly limit: number;
  readonly offset?: number | undefined;
}

const ORDERS: Record<RunSort, string> = {
  newest: 'started DESC',
  slowest: 'duration_ms DESC NULLS LAST, started DESC',
  dearest: 'agent_cost_nano_usd DESC NULLS LAST, started DESC',
};

const IDENTITY = `agent_run_id, agent_parent_run_id, gen_ai_agent_name, agent_version, user_id, gen_ai_conversation_id,
  agent_task_type, service_name, trace_id`;

/** Runs that match, in the order asked for (newest first by default). */
export async function listRuns(database: Queryable, filter: RunFilter): Promise<RunSummary[]> {
  const { conditions, values } = conditionsOf(filter);
  const stamps: string[] = [];
  const stampValues: DuckDBValue[] = [];
  if (filter.since !== undefined) {
    stamps.push('timestamp > make_timestamptz(?::BIGINT * 1000)');
    stampValues.push(Math.floor(filter.since));
  }
  if (filter.until !== undefined) {
    stamps.push('timestamp <= make_timestamptz(?::BIGINT * 1000)');
    stampValues.push(Math.floor(filter.until));
  }
  const stamped = stamps.map((stamp) => ` AND ${stamp}`).join('');
  const matching = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
  const rows = await database.all(
    `WITH ended AS (
       SELECT ${IDENTITY}, agent_status, error_type, timestamp AS ended, duration_ms, agent_turns, agent_tool_calls,
         agent_tokens_in, agent_tokens_out, agent_retries, agent_cost_nano_usd,
         timestamp - to_milliseconds(coalesce(duration_ms, 0)) AS started
       FROM events WHERE event_name = 'agent.run'${stamped}
     ), open AS (
       SELECT ${IDENTITY}, 'running' AS agent_status, NULL AS error_type, NULL AS ended, NULL AS duration_ms,
         NULL AS agent_turns, NULL AS agent_tool_calls, NULL AS agent_tokens_in, NULL AS agent_tokens_out,
         NULL AS agent_retries, NULL AS agent_cost_nano_usd, timestamp AS started
       FROM events AS begun WHERE event_name = 'agent.run.started'${stamped}
         AND NOT EXISTS (SELECT 1 FROM events AS done
           WHERE done.event_name = 'agent.run' AND done.agent_run_id = begun.agent_run_id)
     )
     SELECT * FROM (SELECT * FROM ended UNION ALL SELECT * FROM open) ${matching}
     ORDER BY ${ORDERS[filter.sort ?? 'newest']} LIMIT ? OFFSET ?`,
    [...stampValues, ...stampValues, ...values, filter.limit, filter.offset ?? 0],
  );
  const open = rows.filter((row) => row['agent_status'] === 'running');
  const soFar = await sumsSoFar(
    database,
    open.map((row) => String(row['agent_run_id'])),
  );
  return rows.map((row) => summaryOf({ ...row, ...soFar.get(String(row['agent_run_id'])) }));
}

function conditionsOf(filter: RunFilter): { conditions: string[]; values: DuckDBValue[] } {
  const conditions: string[] = [];
  const values: DuckDBValue[] = [];
  const equals = (column: string, value: string | undefined): void => {
    if (value === undefined) return;
    conditions.push(`${column} = ?`);
    values.push(value);
  };
  equals('agent_status', filter.status);
  equals('user_id', filter.user);
  equals('gen_ai_agent_name', filter.agent);
  equals('agent_task_type', filter.task);
  equals('gen_ai_conversation_id', filter.session);
  equals('agent_parent_run_id', filter.parentRun);
  if (filter.failed === true) conditions.push("agent_status NOT IN ('ok', 'running')");
  if (filter.error !== undefined) {
    conditions.push('contains(lower(error_type), lower(?))');
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
    trace_id: textOrNull(row['trace_id']),
  };
}
