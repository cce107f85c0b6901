// A chart: one signal over a time, in steps, as a whole or stacked by the groups of a dimension. Of many groups the greatest
// stand by themselves; the others are one.

import type { Dimension } from '../../../core/schema.ts';
import { DAY_MS, HOUR_MS, dayOf, type Step } from '../../../core/time/time.ts';
import type { SignalPoint } from '../../../signals/result.ts';
import type { SignalRequest } from '../../../signals/signal.ts';
import type { Queryable } from '../../store/file/database.ts';
import { readTrends } from './read-trends.ts';
import { readGroups, readSeries } from './signal-numbers.ts';

export interface ChartSeries {
  /** Name of the group; null where the events carry none, undefined of a whole or of all other groups. */
  readonly name: string | null | undefined;
  readonly isRest: boolean;
  /** One for each step. */
  readonly values: readonly (number | null)[];
}

export interface ChartData {
  readonly step: Step;
  /** Starts of the steps, Unix milliseconds, ascending. */
  readonly starts: readonly number[];
  /** Where the last step ends, which may be later than now. */
  readonly end: number;
  readonly series: readonly ChartSeries[];
  /** Of all groups together. */
  readonly totals: readonly (number | null)[];
}

export interface ChartQuestion {
  readonly signal: string;
  readonly window: Omit<SignalRequest, 'by'>;
  /** For sums only: what is stacked must sum to the whole. */
  readonly by?: Dimension | undefined;
}

/** Times up to this length are shown by hour, longer ones by day. */
export const HOURS_UP_TO_MS = 2.5 * DAY_MS;
const SERIES_SHOWN = 6;

/** Days are whole, but the present one: a first day of which a part is in the time is left out. */
export async function readChart(
  database: Queryable,
  { signal, window, by }: ChartQuestion,
): Promise<ChartData> {
  const { from, to, timezone } = window;
  const step: Step = to - from <= HOURS_UP_TO_MS ? 'hour' : 'day';
  const request = { ...window, from: wholeFrom(from, step, timezone), step };
  const [points, greatest] = await Promise.all([
    readSeries(database, signal, request),
    by === undefined ? undefined : readGroups(database, signal, { ...window, from: request.from, by }),
  ]);
  const starts = points.map(({ start }) => start);
  const totals = points.map(({ value }) => value);
  const last = starts.at(-1) ?? to;
  const shape = {
    step,
    starts,
    end: step === 'hour' ? last + HOUR_MS : dayOf(last + 1, timezone).to,
    totals,
  };
  if (by === undefined || greatest === undefined)
    return { ...shape, series: [{ name: undefined, isRest: false, values: totals }] };
  const names = [...greatest.keys()].slice(0, SERIES_SHOWN);
  const trends = await readTrends(database, signal, { ...request, by, groups: names });
  const series = names.map((name) => ({ name, isRest: false, values: valuesOf(trends.get(name), starts) }));
  return {
    ...shape,
    series: greatest.size > names.length ? [...series, restOf(totals, series)] : series,
  };
}

/** Where the steps begin: a first day of which a part is in the time would show less than it was. */
export function wholeFrom(from: number, step: Step, timezone: string): number {
  if (step === 'hour') return from;
  const day = dayOf(from + 1, timezone);
  return day.from === from ? from : day.to;
}

function valuesOf(points: readonly SignalPoint[] = [], starts: readonly number[]): (number | null)[] {
  const byStart = new Map(points.map(({ start, value }) => [start, value]));
  return starts.map((start) => byStart.get(start) ?? null);
}

function restOf(totals: readonly (number | null)[], series: readonly ChartSeries[]): ChartSeries {
  const values = totals.map((total, index) => {
    const named = series.reduce((sum, { values: own }) => sum + (own[index] ?? 0), 0);
    return total === null || total - named <= 0 ? null : total - named;
  });
  return { name: undefined, isRest: true, values };
}
