// A moment as people read it in a table: the time today, with the date before today.

import { localTimeAt } from '../../core/time.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `atMs` and `now` are Unix milliseconds. */
export function momentText(atMs: number, timezone: string, now: number): string {
  const local = localTimeAt(atMs, timezone);
  const date = local.slice(0, 10);
  if (date === localTimeAt(now, timezone).slice(0, 10)) return local.slice(11, 19);
  return `${Number(date.slice(8))} ${MONTHS[Number(date.slice(5, 7)) - 1]} ${local.slice(11, 16)}`;
}
