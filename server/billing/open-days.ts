// Open days: those of which the stored bill may not be the last word, because they were fetched too early or never. Each day
// is looked at by itself: an interruption or a shorter question leaves days out that lie before the newest ones.

import { DAY_MS } from '../../core/time/time.ts';
import { dayText, type BillingDays } from '../queries/billing/read-billing.ts';

/** When each day with rows was fetched last, Unix milliseconds, by YYYY-MM-DD; a day without rows is asked for again. */
export type FetchTimes = Readonly<Record<string, number>>;

/** A day is corrected for so long after its end. */
const CORRECTED_DAYS = 5;

function isOpen(times: FetchTimes, day: number): boolean {
  return (times[dayText(day)] ?? 0) < (day + 1 + CORRECTED_DAYS) * DAY_MS;
}

/** The first open day from this one on; `toDay`, which is the day after the last, without any. */
export function nextOpenDay(times: FetchTimes, fromDay: number, toDay: number): number {
  let day = fromDay;
  while (day < toDay && !isOpen(times, day)) day++;
  return Math.min(day, toDay);
}

/** When the open days were all fetched, Unix milliseconds; undefined where none is known to have been. */
export function openDaysFetchedAtMs(times: FetchTimes, { fromDay, toDay }: BillingDays): number | undefined {
  const fetched: number[] = [];
  for (let day = fromDay; day < toDay; day++) {
    const at = times[dayText(day)];
    if (at !== undefined && isOpen(times, day)) fetched.push(at);
  }
  return fetched.length === 0 ? undefined : Math.min(...fetched);
}
