// The numbers of the overview, all of them signals of the catalogue.

import { DAY_MS, HOUR_MS, dayOf, startOfHour } from '../../../../core/time.ts';
import { compareText } from '../../../../core/text-order.ts';
import { eventsSql } from '../../../../signals/event-tables.ts';
import type { SignalPoint } from '../../../../signals/result.ts';
import type { SignalRequest } from '../../../../signals/signal.ts';
import { listRuns, type RunQueryable } from '../../../queries/runs/list-runs.ts';
import type { RunSummary } from '../../../queries/runs/run-summary.ts';
import { readGroups, readNumber, readNumbers, readSeries } from '../../../queries/signals/signal-numbers.ts';

export interface OverviewQuestion {
  /** Unix milliseconds. */
  readonly now: number;
  readonly timezone: string;
  /** Length of the window of the cards. */
  readonly windowMs: number;
  readonly agent: string | undefined;
}

export interface OverviewData {
  /** Whether anything was ever stored. */
  readonly hasData: boolean;
  readonly started: number;
  /** The same window a week before. */
  readonly startedBefore: number;
  /** Runs that ended, one way or another. */
  readonly ended: number;
  readonly failed: number;
  readonly lost: number;
  readonly successRate: number | null;
  /** The same window a week before. */
  readonly successRateBefore: number | null;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p95Before: number | null;
  /** Nano-USD. */
  readonly costToday: number | null;
  /** The same part of the same day a week before. */
  readonly costBefore: number | null;
  /** When today began, Unix milliseconds. */
  readonly todayFrom: number;
  /** Today against the mean of the 7 days before. */
  readonly costSpike: number | null;
  readonly unpricedToday: number;
  /** Of the hour that is and the 23 before it. */
  readonly costByHour: readonly SignalPoint[];
  /** Of those that went on in the last hour. */
  readonly slowest: readonly RunSummary[];
  /** Of the calendar day. */
  readonly mostExpensive: readonly RunSummary[];
  readonly agents: readonly string[];
}

const ROWS = 20;
const WEEK_MS = 7 * DAY_MS;

export async function readOverview(
  database: RunQueryable,
  question: OverviewQuestion,
): Promise<OverviewData> {
  const { now, timezone, windowMs, agent } = question;
  const where = agent === undefined ? {} : { agent };
  const window: SignalRequest = { from: now - windowMs, to: now, timezone, now, where };
  const before: SignalRequest = { ...window, from: window.from - WEEK_MS, to: now - WEEK_MS };
  const today = dayOf(now, timezone);
  const day: SignalRequest = { ...window, from: today.from };
  const dayBefore: SignalRequest = { ...before, from: dayOf(now - WEEK_MS, timezone).from };
  const [
    numbers,
    numbersBefore,
    numbersToday,
    costBefore,
    ended,
    costByHour,
    slowest,
    mostExpensive,
    agents,
  ] = await Promise.all([
    readNumbers(
      database,
      ['run_count', 'run_failures', 'run_success_rate', 'run_latency_p50', 'run_latency_p95'],
      window,
    ),
    readNumbers(database, ['run_count', 'run_success_rate', 'run_latency_p95'], before),
    readNumbers(database, ['cost_today', 'cost_spike', 'unpriced_calls'], day),
    readNumber(database, 'cost', dayBefore),
    readGroups(database, 'run_ended_count', { ...window, by: 'status' }),
    readSeries(database, 'cost', {
      ...window,
      from: startOfHour(now, timezone) - 23 * HOUR_MS,
      step: 'hour',
    }),
    listRuns(database, { agent, since: now - HOUR_MS, sort: 'slowest', limit: ROWS }),
    listRuns(database, { agent, since: today.from, sort: 'most-expensive', limit: ROWS }),
    readGroups(database, 'run_count', { ...window, where: {}, by: 'agent' }),
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
    costToday: numbersToday.cost_today,
    costBefore,
    todayFrom: today.from,
    costSpike: numbersToday.cost_spike,
    unpricedToday: numbersToday.unpriced_calls ?? 0,
    costByHour,
    slowest,
    mostExpensive,
    agents: [...agents.keys()].filter((name) => name !== null).toSorted(compareText),
  };
}

async function hasAny(database: RunQueryable): Promise<boolean> {
  const rows = await database.all(`SELECT 1 FROM ${eventsSql(['timestamp'])} LIMIT 1`);
  return rows.length > 0;
}
