// A moment: a time in a table, in the zone of the source that it comes from. The table says once which zone that is.

import { localTimeAt } from '../../core/time/time.ts';
import type { Source } from '../../server/source.ts';

/** `17:12` today, else `11-20 17:12`. */
export function formatMoment(iso: string, nowMs: number, timezone: string): string {
  const local = localTimeAt(Date.parse(iso), timezone);
  const isToday = local.startsWith(localTimeAt(nowMs, timezone).slice(0, 10));
  return isToday ? local.slice(11, 16) : `${local.slice(5, 10)} ${local.slice(11, 16)}`;
}

/** The zone of the server's days, UTC where it names none. */
export async function zoneOf(source: Source): Promise<string> {
  const { timezone } = await source.meta();
  return typeof timezone === 'string' ? timezone : 'UTC';
}

/** From one moment to another, in UTC to the minute: `2026-11-29T05:51Z – 2026-11-30T05:51Z`. */
export function utcWindowText({ from, to }: { readonly from: string; readonly to: string }): string {
  return `${from.slice(0, 16)}Z – ${to.slice(0, 16)}Z`;
}
