// Breakdowns: the same window split by tool, model, user, task or agent, several signals side by side.
// Every number is a signal of the catalogue.

import { PSEUDO_TOOL_NAMES } from '../../../../core/attribution/owner-names.ts';
import type { Step } from '../../../../core/time/time.ts';
import { groupName, type SignalPoint } from '../../../../signals/result.ts';
import type { SignalRequest } from '../../../../signals/signal.ts';
import { readListValue, readListValueBy } from '../../../queries/list-value.ts';
import { readForGroups } from '../../../queries/signals/expected-groups.ts';
import { readTrends } from '../../../queries/signals/read-trends.ts';
import { HOURS_UP_TO_MS, wholeFrom } from '../../../queries/signals/read-chart.ts';
import { readNumbers } from '../../../queries/signals/signal-numbers.ts';
import {
  readSignalTable,
  tableCursor,
  type TableCursor,
  type TableOrder,
} from '../../../queries/signals/signal-table.ts';
import type { Queryable } from '../../../store/file/database.ts';
import type { ThingDimension } from '../../../thing-path.ts';

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
  readonly dimension: ThingDimension;
  /** Signal of the cost; the most expensive group comes first. */
  readonly cost: string;
  readonly columns: readonly BreakdownColumn[];
  /** Signals whose course is drawn in each row; none where there are too many rows for it. */
  readonly trends: readonly BreakdownColumn[];
  /** One of them, for people. */
  readonly noun: string;
  /** What is counted beside the cost in the line above the list. */
  readonly counted: 'run_count' | 'model_calls' | 'tool_calls';
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
    noun: 'tool',
    counted: 'tool_calls',
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
    noun: 'model',
    counted: 'model_calls',
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
    noun: 'user',
    counted: 'run_count',
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
    noun: 'task',
    counted: 'run_count',
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
    noun: 'agent',
    counted: 'run_count',
    remark: 'Runs of agents without a name are under “–”.',
    empty: 'No run in this time.',
  },
  {
    path: '/versions',
    title: 'Versions',
    dimension: 'version',
    cost: 'cost',
    columns: RUN_COLUMNS,
    trends: RUN_TRENDS,
    noun: 'version',
    counted: 'run_count',
    remark:
      'The version of the agent as the caller names it (agent.version); runs without one are under “–”.',
    empty: 'No run in this time.',
  },
  {
    path: '/projects',
    title: 'Projects',
    dimension: 'project',
    cost: 'cost',
    columns: RUN_COLUMNS,
    trends: RUN_TRENDS,
    noun: 'project',
    counted: 'run_count',
    remark: 'The folder that the agent worked in; runs without one are under “–”.',
    empty: 'No run in this time.',
  },
  {
    path: '/sessions',
    title: 'Sessions',
    dimension: 'session',
    cost: 'cost',
    columns: RUN_COLUMNS.slice(0, 4),
    trends: [],
    noun: 'session',
    counted: 'run_count',
    remark: 'A session is one conversation (gen_ai.conversation.id), most expensive first.',
    empty: 'No session in this time.',
  },
];

export interface BreakdownRow {
  /** Null where the events carry no name. */
  readonly name: string | null;
  readonly costNanoUsd: number | null;
  readonly listValueNanoUsd: number;
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
  /** Of them, those of the kind that the page is about: parts of the prompt are no tools. */
  readonly things: number;
  /** Rows before these. */
  readonly position: number;
  readonly next: TableCursor | undefined;
  readonly previous: TableCursor | undefined;
  readonly totalNanoUsd: number | null;
  readonly listValueNanoUsd: number;
  /** Runs or calls of the time. */
  readonly counted: number | null;
  /** Of the total, what no row says, where all rows are here and should sum to it. */
  readonly unattributedNanoUsd: number;
  /** Length of a step of the trends. */
  readonly step: Step;
}

/** What the table is ordered by: `cost`, `before`, `name`, or the signal of a column. */
export interface BreakdownOrder {
  readonly by: string;
  readonly isAscending: boolean;
}

export interface BreakdownQuestion {
  readonly window: SignalRequest & { readonly now: number };
  readonly order: BreakdownOrder;
  readonly limit: number;
  readonly cursor?: TableCursor | undefined;
  readonly offset?: number | undefined;
}

export const ROWS_SHOWN = 50;

export async function readBreakdown(
  database: Queryable,
  kind: BreakdownKind,
  { window, order, limit, cursor, offset = 0 }: BreakdownQuestion,
): Promise<BreakdownData> {
  const lengthMs = window.to - window.from;
  const before = { ...window, from: window.from - lengthMs, to: window.from };
  const step: Step = lengthMs <= HOURS_UP_TO_MS ? 'hour' : 'day';
  const columns = [
    { signal: kind.cost, request: window },
    ...kind.columns.map(({ signal }) => ({ signal, request: window })),
    { signal: kind.cost, request: before, isExtra: true },
  ];
  const tableOrder = orderOf(kind, order, columns.length - 1);
  const isBackward = cursor?.isBackward === true;
  const reading = readSignalTable(database, kind.dimension, columns, {
    limit: limit + 1,
    order: tableOrder,
    cursor,
    uncounted: PSEUDO_TOOL_NAMES,
    offset,
  }).then((table) => ({ ...table, ...shownOf(table.rows, limit, isBackward) }));
  const shown = reading.then(({ rows, groups }) => (groups > limit ? rows.map((row) => row.name) : 'all'));
  const question = JSON.stringify([kind.path, lengthMs, window.where, order, cursor, offset, limit]);
  const [totals, listValue, listValues, table, trends] = await Promise.all([
    readNumbers(database, ['cost', kind.counted], window),
    readListValue(database, window),
    kind.cost === 'cost' ? readListValueBy(database, [kind.dimension], window) : undefined,
    reading,
    readForGroups(database, question, shown, (groups) =>
      Promise.all(
        kind.trends.map(({ signal }) =>
          readTrends(database, signal, {
            ...window,
            from: wholeFrom(window.from, step, window.timezone),
            by: kind.dimension,
            step,
            groups,
          }),
        ),
      ),
    ),
  ]);
  const total = totals.cost;
  const position = isBackward
    ? Math.max(0, cursor.position - table.rows.length)
    : (cursor?.position ?? offset);
  const [first, last] = [table.rows[0], table.rows.at(-1)];
  const hasNext = isBackward || table.hasMore;
  const hasPrevious = isBackward ? table.hasMore : position > 0;
  return {
    rows: table.rows.map(({ name, values }) => {
      const costNanoUsd = values[0] ?? null;
      return {
        name,
        costNanoUsd,
        listValueNanoUsd: listValues?.get(groupName({ [kind.dimension]: name })) ?? 0,
        costBeforeNanoUsd: values.at(-1) ?? null,
        share: costNanoUsd === null || total === null || total === 0 ? null : costNanoUsd / total,
        values: values.slice(1, -1),
        trends: trends.map((trend) => trend.get(name)),
      };
    }),
    groups: table.groups,
    things: table.counted,
    position,
    next:
      hasNext && last !== undefined
        ? tableCursor(last, tableOrder, position + table.rows.length, false)
        : undefined,
    previous: hasPrevious && first !== undefined ? tableCursor(first, tableOrder, position, true) : undefined,
    totalNanoUsd: total,
    listValueNanoUsd: listValue,
    counted: totals[kind.counted],
    unattributedNanoUsd:
      table.groups > limit
        ? 0
        : Math.max(0, (total ?? 0) - table.rows.reduce((sum, { values }) => sum + (values[0] ?? 0), 0)),
    step,
  };
}

/** One more than is shown was read: backward it is the first. */
function shownOf<Row>(
  rows: readonly Row[],
  limit: number,
  isBackward: boolean,
): { rows: readonly Row[]; hasMore: boolean } {
  const hasMore = rows.length > limit;
  return { rows: !hasMore ? rows : isBackward ? rows.slice(1) : rows.slice(0, limit), hasMore };
}

function orderOf(kind: BreakdownKind, { by, isAscending }: BreakdownOrder, beforeIndex: number): TableOrder {
  if (by === 'name') return { by: 'name', isAscending };
  if (by === 'before') return { by: beforeIndex, isAscending };
  return { by: kind.columns.findIndex(({ signal }) => signal === by) + 1, isAscending };
}

/** Ids and titles of the columns that can be left out, in their order. */
export function optionalColumns(kind: BreakdownKind): readonly (readonly [string, string])[] {
  return [
    ['share', 'Share'],
    ['before', 'Before'],
    ...kind.trends.map((trend) => [`${trend.signal}_over_time`, `${trend.title} over time`] as const),
    ...kind.columns.map((column) => [column.signal, column.title] as const),
  ];
}
