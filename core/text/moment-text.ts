// A moment as people read it in a table: the time today, with the date before today.

import { localTimeAt } from '../time/time.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `atMs` and `now` are Unix milliseconds. */
export function momentText(atMs: number, timezone: string, now: number): string {
  const local = localTimeAt(atMs, timezone);
  const isToday = local.slice(0, 10) === localTimeAt(now, timezone).slice(0, 10);
  return isToday ? local.slice(11, 19) : dateAndTime(local);
}

/** In a sentence: `at 14:02`, or `on 29 Nov at 07:11` before today. */
export function whenText(atMs: number, timezone: string, now: number): string {
  const local = localTimeAt(atMs, timezone);
  const isToday = local.slice(0, 10) === localTimeAt(now, timezone).slice(0, 10);
  const time = `at ${local.slice(11, 16)}`;
  return isToday ? time : `on ${dateAndTime(local).slice(0, -6)} ${time}`;
}

/** From one moment to another, each with its date, as in `27 Nov 06:12 – 28 Nov 06:12`; Unix milliseconds. */
export function stretchText(fromMs: number, toMs: number, timezone: string): string {
  return `${dateAndTime(localTimeAt(fromMs, timezone))} – ${dateAndTime(localTimeAt(toMs, timezone))}`;
}

function dateAndTime(local: string): string {
  return `${Number(local.slice(8, 10))} ${MONTHS[Number(local.slice(5, 7)) - 1]} ${local.slice(11, 16)}`;
}
