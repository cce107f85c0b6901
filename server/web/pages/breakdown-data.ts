// Breakdowns: the same window split by tool, model, user, task or agent, several signals side by side.
// Every number is a signal of the catalogue.

import type { Dimension } from '../../../core/schema.ts';
import type { SignalRequest } from '../../../signals/signal.ts';
import { readGroups, readNumber } from '../../queries/signal-numbers.ts';
import type { Queryable } from '../../store/database.ts';

export type BreakdownUnit = 'cost' | 'ms' | 'ratio' | 'count' | 'chars';

export interface BreakdownColumn {
  readonly title: string;
  readonly signal: string;
  readonly unit: BreakdownUnit;
  /** What the number is, for who hovers over the head. */
  readonly help: string;
}

export interface BreakdownKind {
  readonly path: string;
  readonly title: string;
  readonly dimension: Dimension;
  /** Signal of the cost; the dearest group comes first. */
  readonly cost: string;
  readonly columns: readonly BreakdownColumn[];
  /** Parameter of the list of runs that shows a group; none where runs cannot be filtered so. */
  readonly runsParam?: string;
  readonly remark: string;
  readonly empty: string;
}

const RUN_COLUMNS: readonly BreakdownColumn[] = [
  { title: 'Runs', signal: 'run_count', unit: 'count', help: 'Runs started' },
  { title: 'Success', signal: 'run_success_rate', unit: 'ratio', help: 'Ended ok, of all that ended' },
  { title: 'p50', signal: 'run_latency_p50', unit: 'ms', help: 'Median time of a run' },
  { title: 'p95', signal: 'run_latency_p95', unit: 'ms', help: '95th percentile of the time of a run' },
  { title: 'Turns', signal: 'turns_per_run', unit: 'count', help: 'Mean model calls of a run' },
  { title: 'Cache hits', signal: 'cache_hit_ratio', unit: 'ratio', help: 'Input tokens read from the cache' },
];

export const BREAKDOWNS: readonly BreakdownKind[] = [
  {
    path: '/tools',
    title: 'Tools',
    dimension: 'tool',
    cost: 'tool_cost',
    columns: [
      { title: 'Calls', signal: 'tool_calls', unit: 'count', help: 'Executions' },
      { title: 'Failed', signal: 'tool_failure_rate', unit: 'ratio', help: 'Calls that failed' },
      {
        title: 'Retried',
        signal: 'tool_retry_rate',
        unit: 'ratio',
        help: 'Calls after a failure of the same tool',
      },
      { title: 'p95', signal: 'tool_latency_p95', unit: 'ms', help: '95th percentile of the time of a call' },
      {
        title: 'Result p50',
        signal: 'tool_result_size_p50',
        unit: 'chars',
        help: 'Median size of a result, characters',
      },
      {
        title: 'Result p95',
        signal: 'tool_result_size_p95',
        unit: 'chars',
        help: '95th percentile of the size of a result',
      },
    ],
    remark:
      'The cost is what model calls paid for carrying the calls and results of a tool through the turns (estimated per block, exact in sum). Names in parentheses are the rest of what the calls carried.',
    empty: 'No tool was called in this time.',
  },
  {
    path: '/models',
    title: 'Models',
    dimension: 'model',
    cost: 'cost',
    columns: [
      { title: 'Calls', signal: 'model_calls', unit: 'count', help: 'Model calls' },
      { title: 'Failed', signal: 'model_error_rate', unit: 'ratio', help: 'Calls that ended in an error' },
      {
        title: '429 / 529',
        signal: 'api_error_rate',
        unit: 'ratio',
        help: 'Calls that ended in, or were retried after, 429 or 529',
      },
      {
        title: 'p95',
        signal: 'model_latency_p95',
        unit: 'ms',
        help: '95th percentile of the time of a call',
      },
      {
        title: 'First chunk p95',
        signal: 'ttft_p95',
        unit: 'ms',
        help: '95th percentile of the time to the first chunk',
      },
      {
        title: 'Cache hits',
        signal: 'cache_hit_ratio',
        unit: 'ratio',
        help: 'Input tokens read from the cache',
      },
      {
        title: 'Unpriced',
        signal: 'unpriced_calls',
        unit: 'count',
        help: 'Calls without a known price: in no sum',
      },
    ],
    remark: 'A model without a price has no cost here, which is not 0.',
    empty: 'No model was called in this time.',
  },
  {
    path: '/users',
    title: 'Users',
    dimension: 'user',
    cost: 'cost',
    columns: RUN_COLUMNS,
    runsParam: 'user',
    remark: 'Runs without a user are under “–”.',
    empty: 'No run in this time.',
  },
  {
    path: '/tasks',
    title: 'Tasks',
    dimension: 'task',
    cost: 'cost',
    columns: RUN_COLUMNS,
    runsParam: 'task',
    remark: 'The kind of task is what the caller says it is; runs without one are under “–”.',
    empty: 'No run in this time.',
  },
  {
    path: '/agents',
    title: 'Agents',
    dimension: 'agent',
    cost: 'cost',
    columns: RUN_COLUMNS,
    runsParam: 'agent',
    remark: 'Runs of agents without a name are under “–”.',
    empty: 'No run in this time.',
  },
  {
    path: '/sessions',
    title: 'Sessions',
    dimension: 'session',
    cost: 'cost',
    columns: RUN_COLUMNS.slice(0, 4),
    runsParam: 'session',
    remark: 'A session is one conversation (gen_ai.conversation.id), dearest first.',
    empty: 'No session in this time.',
  },
];

export interface BreakdownRow {
  /** Null where the events carry no name. */
  readonly name: string | null;
  readonly costNanoUsd: number | null;
  /** The same length of time just before. */
  readonly costBeforeNanoUsd: number | null;
  /** Of the cost of all calls. */
  readonly share: number | null;
  /** In the order of the columns. */
  readonly values: readonly (number | null)[];
}

export interface BreakdownData {
  readonly rows: readonly BreakdownRow[];
  readonly groups: number;
  readonly totalNanoUsd: number | null;
}

const ROWS_SHOWN = 200;

export async function readBreakdown(
  database: Queryable,
  kind: BreakdownKind,
  window: SignalRequest,
): Promise<BreakdownData> {
  const request = { ...window, by: kind.dimension };
  const lengthMs = window.to - window.from;
  const before = { ...request, from: window.from - lengthMs, to: window.from };
  const [total, cost, costBefore, ...columns] = await Promise.all([
    readNumber(database, 'cost', window),
    readGroups(database, kind.cost, request),
    readGroups(database, kind.cost, before),
    ...kind.columns.map((column) => readGroups(database, column.signal, request)),
  ]);
  // By cost as the signal orders it, then groups that only other columns have.
  const names = [...new Set([...cost.keys(), ...columns.flatMap((column) => [...column.keys()])])];
  return {
    rows: names.slice(0, ROWS_SHOWN).map((name) => {
      const costNanoUsd = cost.get(name) ?? null;
      return {
        name,
        costNanoUsd,
        costBeforeNanoUsd: costBefore.get(name) ?? null,
        share: costNanoUsd === null || total === null || total === 0 ? null : costNanoUsd / total,
        values: columns.map((column) => column.get(name) ?? null),
      };
    }),
    groups: names.length,
    totalNanoUsd: total,
  };
}
