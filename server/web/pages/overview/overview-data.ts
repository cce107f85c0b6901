// The numbers of the overview, all of them signals of the catalogue, and all of the time that was chosen.

import { DAY_MS, dayOf } from '../../../../core/time/time.ts';
import { compareText } from '../../../../core/text/text-order.ts';
import { eventsSql } from '../../../../signals/event-tables.ts';
import type { SignalRequest } from '../../../../signals/signal.ts';
import { readListValue } from '../../../queries/list-value.ts';
import { listRuns, type RunQueryable } from '../../../queries/runs/list-runs.ts';
import type { RunSummary } from '../../../queries/runs/run-summary.ts';
import { readChart, type ChartData } from '../../../queries/signals/read-chart.ts';
import { readGroups, readNumber, readNumbers } from '../../../queries/signals/signal-numbers.ts';
import type { Stretch } from '../../../questions/stretch.ts';

/** What the chart of cost can be stacked by. */
export const STACKS = ['model', 'agent', 'version', 'user', 'task'] as const;
export type StackedBy = (typeof STACKS)[number];

export interface OverviewQuestion {
  /** Unix milliseconds. */
  readonly now: number;
  readonly stretch: Stretch;
  readonly agent: string | undefined;
  readonly stackedBy: StackedBy | undefined;
}

export interface OverviewData {
  /** Whether anything was ever stored. */
  readonly hasData: boolean;
  readonly started: number;
  readonly startedBefore: number;
  /** Runs that ended, one way or another. */
  readonly ended: number;
  readonly failed: number;
  readonly lost: number;
  readonly successRate: number | null;
  readonly successRateBefore: number | null;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p95Before: number | null;
  /** Nano-USD. */
  readonly cost: number | null;
  readonly costBefore: number | null;
  /** Part of the cost that nobody pays. */
  readonly listValue: number;
  /** Weeks between the time and what it is compared with. */
  readonly weeksBefore: number;
  /** Today against the mean of the 7 days before, where the time ends now. */
  readonly costSpike: number | null;
  readonly unpriced: number;
  readonly chart: ChartData;
  readonly slowest: readonly RunSummary[];
  readonly mostExpensive: readonly RunSummary[];
  readonly agents: readonly string[];
}

const ROWS = 20;
const WEEK_MS = 7 * DAY_MS;

export async function readOverview(
  database: RunQueryable,
  question: OverviewQuestion,
): Promise<OverviewData> {
  const { now, stretch, agent, stackedBy } = question;
  const { from, to, timezone } = stretch;
  const where = agent === undefined ? {} : { agent };
  const window: SignalRequest = { from, to, timezone, now, where };
  // So many weeks before that the two do not overlap: days of the week are alike.
  const weeksBefore = Math.max(1, Math.ceil((to - from) / WEEK_MS));
  const backMs = weeksBefore * WEEK_MS;
  const before: SignalRequest = { ...window, from: from - backMs, to: to - backMs };
  const listed = { agent, since: from, until: to, limit: ROWS };
  const [numbers, numbersBefore, spike, ended, chart, slowest, mostExpensive, agents, listValue] =
    await Promise.all([
      readNumbers(
        database,
        [
          'run_count',
          'run_failures',
          'run_success_rate',
          'run_latency_p50',
          'run_latency_p95',
          'cost',
          'unpriced_calls',
        ],
        window,
      ),
      readNumbers(database, ['run_count', 'run_success_rate', 'run_latency_p95', 'cost'], before),
      to < now ? null : readNumber(database, 'cost_spike', { ...window, from: dayOf(now, timezone).from }),
      readGroups(database, 'run_ended_count', { ...window, by: 'status' }),
      readChart(database, { signal: 'cost', window, by: stackedBy }),
      listRuns(database, { ...listed, sort: 'slowest' }),
      listRuns(database, { ...listed, sort: 'most-expensive' }),
      readGroups(database, 'run_count', { ...window, where: {}, by: 'agent' }),
      readListValue(database, window),
    ]);
  return {
    hasData: (numbers.run_count ?? 0) > 0 || (await hasAny(database)),
    started: numbers.run_count ?? 0,
    startedBefore: numbersBefore.run_count ?? 0,
    ended: [...ended.values()].reduce((sum, count) => sum + count, 0),
    failed: numbers.run_failures ?? 0,
    lost: ended.get('lost') ?? 0,
    successRate: numbers.run_success_rate,
    successRateBefore: numbersBefore.run_success_rate,
    p50: numbers.run_latency_p50,
    p95: numbers.run_latency_p95,
    p95Before: numbersBefore.run_latency_p95,
    cost: numbers.cost,
    costBefore: numbersBefore.cost,
    listValue,
    weeksBefore,
    costSpike: spike,
    unpriced: numbers.unpriced_calls ?? 0,
    chart,
    slowest,
    mostExpensive,
    agents: [...agents.keys()].filter((name) => name !== null).toSorted(compareText),
  };
}

async function hasAny(database: RunQueryable): Promise<boolean> {
  const rows = await database.all(`SELECT 1 FROM ${eventsSql(['timestamp'])} LIMIT 1`);
  return rows.length > 0;
}
