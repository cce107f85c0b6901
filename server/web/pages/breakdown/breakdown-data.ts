// Breakdowns: the same window split by tool, model, user, task or agent, several signals side by side.
// Every number is a signal of the catalogue.

import type { Dimension } from '../../../../core/schema.ts';
import { DAY_MS, type Step } from '../../../../core/time.ts';
import type { SignalPoint } from '../../../../signals/result.ts';
import type { SignalRequest } from '../../../../signals/signal.ts';
import { readForGroups } from '../../../queries/signals/expected-groups.ts';
import { readTrends } from '../../../queries/signals/read-trends.ts';
import { readNumber } from '../../../queries/signals/signal-numbers.ts';
import { readSignalTable } from '../../../queries/signals/signal-table.ts';
import type { Queryable } from '../../../store/file/database.ts';

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
  /** Signal of the cost; the most expensive group comes first. */
  readonly cost: string;
  readonly columns: readonly BreakdownColumn[];
  /** Signals whose course is drawn in each row; none where there are too many rows for it. */
  readonly trends: readonly BreakdownColumn[];
  /** Parameter of the list of runs that shows a group. */
  readonly runsParam: string;
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
  {
    title: 'Tool retries',
    signal: 'tool_retry_rate',
    unit: 'ratio',
    help: 'Tool calls after a failure of the same tool',
  },
  {
    title: '429 / 529',
    signal: 'api_error_rate',
    unit: 'ratio',
    help: 'Model calls that ended in, or were retried after, 429 or 529',
  },
];

const COST_TREND: BreakdownColumn = { title: 'Cost', signal: 'cost', unit: 'cost', help: 'Cost' };
const RUN_TRENDS: readonly BreakdownColumn[] = [
  COST_TREND,
  { title: 'Failed', signal: 'run_failure_rate', unit: 'ratio', help: 'Runs that did not end ok' },
];

export const BREAKDOWNS: readonly BreakdownKind[] = [
  {
    path: '/tools',
    title: 'Tools',
    dimension: 'tool',
    cost: 'tool_cost',
    runsParam: 'tool',
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
    trends: [
      {
        title: 'Cost',
        signal: 'tool_cost',
        unit: 'cost',
        help: 'Context cost: what keeping its calls and results in the context cost',
      },
      { title: 'Failed', signal: 'tool_failure_rate', unit: 'ratio', help: 'Calls that failed' },
    ],
    remark:
      'Context cost is what keeping the calls and results of a tool in the context cost through the turns (estimated per block, exact in sum).',
    empty: 'No tool was called in this time.',
  },
  {
    path: '/models',
    title: 'Models',
    dimension: 'model',
    cost: 'cost',
    runsParam: 'model',
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
    trends: [
      COST_TREND,
      { title: 'Failed', signal: 'model_error_rate', unit: 'ratio', help: 'Calls that ended in an error' },
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
    trends: RUN_TRENDS,
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
    trends: RUN_TRENDS,
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
    trends: RUN_TRENDS,
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
    trends: [],
    runsParam: 'session',
    remark: 'A session is one conversation (gen_ai.conversation.id), most expensive first.',
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
  /** In the order of the trends. */
  readonly trends: readonly (readonly SignalPoint[] | undefined)[];
}

export interface BreakdownData {
  readonly rows: readonly BreakdownRow[];
  /** All that there are. */
  readonly groups: number;
  /** Rows before these. */
  readonly offset: number;
  readonly totalNanoUsd: number | null;
  /** Of the total, what no row says, where all rows are here and should sum to it. */
  readonly unattributedNanoUsd: number;
  /** Length of a step of the trends. */
  readonly step: Step;
}

export const ROWS_SHOWN = 50;
/** Windows up to this length have trends by hour, longer ones by day. */
const HOURS_UP_TO_MS = 2 * DAY_MS;

export async function readBreakdown(
  database: Queryable,
  kind: BreakdownKind,
  window: SignalRequest,
  offset = 0,
): Promise<BreakdownData> {
  const lengthMs = window.to - window.from;
  const before = { ...window, from: window.from - lengthMs, to: window.from };
  const step: Step = lengthMs <= HOURS_UP_TO_MS ? 'hour' : 'day';
  const reading = readSignalTable(
    database,
    kind.dimension,
    [
      { signal: kind.cost, request: window },
      ...kind.columns.map(({ signal }) => ({ signal, request: window })),
      { signal: kind.cost, request: before, isExtra: true },
    ],
    ROWS_SHOWN,
    offset,
  );
  const shown = reading.then(({ rows, groups }) =>
    groups > ROWS_SHOWN ? rows.map((row) => row.name) : 'all',
  );
  const [total, table, trends] = await Promise.all([
    readNumber(database, 'cost', window),
    reading,
    readForGroups(database, JSON.stringify([kind.path, lengthMs, window.where, offset]), shown, (groups) =>
      Promise.all(
        kind.trends.map(({ signal }) =>
          readTrends(database, signal, { ...window, by: kind.dimension, step, groups }),
        ),
      ),
    ),
  ]);
  return {
    rows: table.rows.map(({ name, values }) => {
      const costNanoUsd = values[0] ?? null;
      return {
        name,
        costNanoUsd,
        costBeforeNanoUsd: values.at(-1) ?? null,
        share: costNanoUsd === null || total === null || total === 0 ? null : costNanoUsd / total,
        values: values.slice(1, -1),
        trends: trends.map((trend) => trend.get(name)),
      };
    }),
    groups: table.groups,
    offset,
    totalNanoUsd: total,
    unattributedNanoUsd:
      table.groups > ROWS_SHOWN
        ? 0
        : Math.max(0, (total ?? 0) - table.rows.reduce((sum, { values }) => sum + (values[0] ?? 0), 0)),
    step,
  };
}
