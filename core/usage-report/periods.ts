// Periods of reports: days, weeks from Monday (ISO 8601) and months of the calendar of a zone.

import { DAY_MS, localTimeAt, startOfDate } from '../time/time.ts';
import { groupUsage, type UsageGroup, type UsageRow } from './usage-row.ts';

export const PERIODS = ['daily', 'weekly', 'monthly'] as const;
export type UsagePeriod = (typeof PERIODS)[number];

/** Name of the period that an instant is in: its first day as YYYY-MM-DD, of a month YYYY-MM. */
export function periodOf(atMs: number, period: UsagePeriod, timezone: string): string {
  const day = localTimeAt(atMs, timezone).slice(0, 10);
  if (period === 'daily') return day;
  if (period === 'monthly') return day.slice(0, 7);
  const date = new Date(`${day}T00:00:00Z`);
  const sinceMonday = (date.getUTCDay() + 6) % 7;
  date.setUTCDate(date.getUTCDate() - sinceMonday);
  return date.toISOString().slice(0, 10);
}

/** First instant of the period that an instant is in. */
export function startOfPeriod(atMs: number, period: UsagePeriod, timezone: string): number {
  const name = periodOf(atMs, period, timezone);
  const firstDay = period === 'monthly' ? `${name}-01` : name;
  return startOfDate(Date.parse(`${firstDay}T00:00:00Z`) / DAY_MS, timezone);
}

/** The rows by period, in order. Periods without a row are left out. */
export function usageByPeriod(
  rows: readonly UsageRow[],
  period: UsagePeriod,
  timezone: string,
): ReadonlyMap<string, UsageGroup> {
  const names = new Map<number, string>();
  const groups = groupUsage(rows, ({ atMs }) => {
    let name = names.get(atMs);
    if (name === undefined) names.set(atMs, (name = periodOf(atMs, period, timezone)));
    return name;
  });
  return new Map([...groups].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
