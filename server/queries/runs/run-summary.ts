// A run summary is a run in one line: from its end where it ended, else from its start and what it has done so far.

import { usdOf } from '../../../core/money.ts';
import { isCostUnknown } from '../../../core/pricing/unknown-cost.ts';
import { HOUR_MS } from '../../../core/time/time.ts';
import { eventsSql } from '../../../signals/event-tables.ts';
import { instantSql, IS_ONE_CALL_SQL, textSql } from '../../../signals/sql-text.ts';
import { textsSql, type Queryable, type DatabaseRow } from '../../store/file/database.ts';
import { isoOrNull, numberOrNull, textOrNull } from '../field-values.ts';
import { listValuePart } from '../list-value.ts';

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
  /** Runs nested in it, on all levels; of one that goes on 0, as its start has them. */
  readonly nested_runs: number;
  /** What the run and its nested runs cost. */
  readonly cost_with_nested_nano_usd: number | null;
  readonly cost_with_nested_usd: number | null;
  /** Part of its own cost that nobody pays, as it was made under a plan of Claude; absent where there is none. */
  readonly list_value_nano_usd?: number;
  /** Model calls without a price: what the cost leaves out. */
  readonly unpriced_calls: number;
  /** Model calls whose cost is an estimate, in part or as a whole. */
  readonly estimated_calls: number;
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

/** How far before its start an event of a run may stand: clocks differ. */
export const CLOCK_SLACK_MS = HOUR_MS;

const STEPS = eventsSql([
  'event.name',
  'agent.run_id',
  'timestamp',
  'tallyspan.duplicate',
  'tallyspan.source',
  'gen_ai.usage.input_tokens',
  'gen_ai.usage.output_tokens',
  'cost_nano_usd',
]);

/** Of the events of a run without an end: what its calls and tools come to, under the names that an end has for it. */
export const SUMS_SO_FAR_SQL = `count(*) FILTER (event_name = 'agent.model_call' AND ${IS_ONE_CALL_SQL}) AS agent_turns,
  count(*) FILTER (event_name = 'agent.tool_call') AS agent_tool_calls,
  sum(gen_ai_usage_input_tokens) FILTER (event_name = 'agent.model_call') AS agent_tokens_in,
  sum(gen_ai_usage_output_tokens) FILTER (event_name = 'agent.model_call') AS agent_tokens_out,
  sum(cost_nano_usd) FILTER (event_name = 'agent.model_call') AS agent_cost_nano_usd`;

/** What runs without an end have done so far, by their ids; `sinceMs` is when the first of them began. */
export async function sumsSoFar(
  database: Queryable,
  runs: readonly string[],
  sinceMs: number,
): Promise<ReadonlyMap<string, DatabaseRow>> {
  if (runs.length === 0) return new Map();
  const rows = await database.all(
    `SELECT agent_run_id, max(timestamp) AS last,
       ${SUMS_SO_FAR_SQL}
     FROM ${STEPS}
     WHERE ${ofRunsSql(runs, sinceMs)}
     GROUP BY agent_run_id`,
  );
  return byRun(rows);
}

/** How sure the costs of runs are, by their ids; a run whose calls are all priced has no row. */
export async function readCostDoubts(
  database: Queryable,
  runs: readonly string[],
  sinceMs: number,
): Promise<ReadonlyMap<string, DatabaseRow>> {
  if (runs.length === 0) return new Map();
  const rows = await database.all(
    `SELECT agent_run_id, count(*) FILTER (tallyspan_cost_status = 'unpriced') AS unpriced_calls,
       count(*) FILTER (tallyspan_cost_status <> 'unpriced') AS estimated_calls
     FROM agent_model_call
     WHERE tallyspan_cost_status <> 'priced' AND ${ofRunsSql(runs, sinceMs)}
     GROUP BY agent_run_id`,
  );
  return byRun(rows);
}

function ofRunsSql(runs: readonly string[], sinceMs: number): string {
  return `timestamp >= ${instantSql(sinceMs - CLOCK_SLACK_MS)} AND tallyspan_duplicate IS NOT TRUE
    AND agent_run_id IN ${textsSql(textSql(JSON.stringify(runs)))}`;
}

function byRun(rows: readonly DatabaseRow[]): ReadonlyMap<string, DatabaseRow> {
  return new Map(rows.map((row) => [String(row['agent_run_id']), row]));
}

/** What the run itself cost; null where nothing of it is priced, which the end of a run reports as 0. */
function ownCostNanoUsd(row: DatabaseRow): number | null {
  const costNanoUsd = numberOrNull(row['agent_cost_nano_usd']);
  const unpricedCalls = numberOrNull(row['unpriced_calls']) ?? 0;
  return costNanoUsd === null || isCostUnknown({ costNanoUsd, unpricedCalls }) ? null : costNanoUsd;
}

/** What a run and its nested runs cost, as its end has it; null where neither is priced. */
export function recordedCostNanoUsd(row: DatabaseRow): number | null {
  const own = ownCostNanoUsd(row);
  const nested = numberOrNull(row['agent_nested_cost_nano_usd']);
  return nested === null || nested === 0 ? own : (own ?? 0) + nested;
}

/** `started` and `ended` of the row are times; everything else is a column of its events. */
export function summaryOf(row: DatabaseRow): RunSummary {
  const costNanoUsd = ownCostNanoUsd(row);
  const withNested = recordedCostNanoUsd(row);
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
    nested_runs: numberOrNull(row['agent_nested_runs']) ?? 0,
    cost_with_nested_nano_usd: withNested,
    cost_with_nested_usd: usdOf(withNested),
    ...listValuePart(numberOrNull(row['list_value_nano_usd']) ?? undefined),
    unpriced_calls: numberOrNull(row['unpriced_calls']) ?? 0,
    estimated_calls: numberOrNull(row['estimated_calls']) ?? 0,
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
