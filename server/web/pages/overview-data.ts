// The numbers of the overview, all of them signals of the catalogue.

import { DAY_MS, HOUR_MS, dayOf } from '../../../core/time.ts';
import type { SignalPoint } from '../../../signals/result.ts';
import type { SignalRequest } from '../../../signals/signal.ts';
import { listRuns, type RunQueryable, type RunSummary } from '../../queries/list-runs.ts';
import { readGroups, readNumber, readSeries } from '../../queries/signal-numbers.ts';

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
  /** Today against the mean of the 7 days before. */
  readonly costSpike: number | null;
  readonly unpricedToday: number;
  readonly costByHour: readonly SignalPoint[];
  /** Of the last hour. */
  readonly slowest: readonly RunSummary[];
  /** Of the calendar day. */
  readonly dearest: readonly RunSummary[];
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
  const number = (id: string, request: SignalRequest): Promise<number | null> =>
    readNumber(database, id, request);
  const [
    any,
    started,
    ended,
    failed,
    successRate,
    successRateBefore,
    p50,
    p95,
    p95Before,
    costToday,
    costSpike,
    unpricedToday,
    costByHour,
    slowest,
    dearest,
    agents,
  ] = await Promise.all([
    database.all('SELECT 1 FROM events LIMIT 1'),
    number('run_count', window),
    readGroups(database, 'run_ended_count', { ...window, by: 'status' }),
    number('run_failures', window),
    number('run_success_rate', window),
    number('run_success_rate', before),
    number('run_latency_p50', window),
    number('run_latency_p95', window),
    number('run_latency_p95', before),
    number('cost_today', window),
    number('cost_spike', window),
    number('unpriced_calls', day),
    readSeries(database, 'cost', { ...window, from: now - DAY_MS, step: 'hour' }),
    listRuns(database, { agent, since: now - HOUR_MS, sort: 'slowest', limit: ROWS }),
    listRuns(database, { agent, since: today.from, sort: 'dearest', limit: ROWS }),
    readGroups(database, 'run_count', { ...window, where: {}, by: 'agent' }),
  ]);
  return {
    hasData: any.length > 0,
    started: started ?? 0,
    failed: failed ?? 0,
    lost: ended.get('lost') ?? 0,
    successRate,
    successRateBefore,
    p50,
    p95,
    p95Before,
    costToday,
    costSpike,
    unpricedToday: unpricedToday ?? 0,
    costByHour,
    slowest,
    dearest,
    agents: [...agents.keys()].filter((name) => name !== null).toSorted((a, b) => a.localeCompare(b)),
  };
}
