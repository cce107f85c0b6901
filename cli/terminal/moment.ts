// A moment: a time in a table, in the zone of the source that it comes from. The table says once which zone that is.

import { localTimeAt } from '../../core/time/time.ts';
import type { Source } from '../../server/source.ts';

/** `17:12` today, else `11-20 17:12`, with its year where that is another. */
export function formatMoment(iso: string, nowMs: number, timezone: string): string {
  const [local, now] = [localTimeAt(Date.parse(iso), timezone), localTimeAt(nowMs, timezone)];
  if (local.slice(0, 10) === now.slice(0, 10)) return local.slice(11, 16);
  return dateAndTime(local, now);
}

function dateAndTime(local: string, now: string): string {
  const isThisYear = local.slice(0, 4) === now.slice(0, 4);
  return `${local.slice(isThisYear ? 5 : 0, 10)} ${local.slice(11, 16)}`;
}

/** The zone of the server's days, UTC where it names none. */
export async function zoneOf(source: Source): Promise<string> {
  const { timezone } = await source.meta();
  return typeof timezone === 'string' ? timezone : 'UTC';
}

/** What it takes to write a moment. */
export interface TerminalClock {
  readonly nowMs: number;
  /** Of the source. */
  readonly timezone: string;
}

interface Span {
  readonly from: string;
  readonly to: string;
}

/** From one moment to another, each with its date: `11-29 05:51 – 11-30 05:51`. */
export function formatSpan({ from, to }: Span, { nowMs, timezone }: TerminalClock): string {
  const now = localTimeAt(nowMs, timezone);
  return [from, to].map((iso) => dateAndTime(localTimeAt(Date.parse(iso), timezone), now)).join(' – ');
}

/** The same with their zone: `11-29 05:51 – 11-30 05:51, times in UTC`. */
export function formatWindow(span: Span, clock: TerminalClock): string {
  return `${formatSpan(span, clock)}, times in ${clock.timezone}`;
}
