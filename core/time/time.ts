// Time: instants are integer Unix milliseconds; an interval is (from, to], so that neighbouring
// intervals share no instant. A day is a calendar day in a zone: the interval between two midnights,
// 23, 24 or 25 hours long. The instant of midnight itself belongs to the day that ends.

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

/** The instants after `from` up to and with `to`, Unix milliseconds. */
export interface Interval {
  readonly from: number;
  readonly to: number;
}

/** Length of the steps of a time series. Hours start on the full hour of the zone, days at its midnight. */
export type Step = 'hour' | 'day';

/** Whether the interval holds the instant. */
export function isWithin(interval: Interval, atMs: number): boolean {
  return atMs > interval.from && atMs <= interval.to;
}

/** Whether the runtime knows the IANA time zone. */
export function isTimeZone(timeZone: string): boolean {
  if (timeZone === 'UTC') return true;
  try {
    formatOf(timeZone);
    return true;
  } catch {
    return false;
  }
}

/** Days since 1970-01-01 of the local date at the instant. The instant of midnight counts to the new date. */
export function localDateAt(atMs: number, timeZone: string): number {
  return Math.floor((atMs + offsetAt(atMs, timeZone)) / DAY_MS);
}

/** What the clocks of the zone show at the instant, as ISO 8601 without a zone: `2026-11-28T17:12:05.000`. */
export function localTimeAt(atMs: number, timeZone: string): string {
  return new Date(atMs + offsetAt(atMs, timeZone)).toISOString().slice(0, -1);
}

/**
 * Local time minus UTC at the instant, in milliseconds. Only other zones than UTC need the runtime's tables, which take
 * 7 MB of memory once they are used. Throws a RangeError on an unknown zone.
 */
export function offsetAt(atMs: number, timeZone: string): number {
  if (timeZone === 'UTC') return 0;
  const parts: Record<string, number> = {};
  for (const { type, value } of formatOf(timeZone).formatToParts(atMs)) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  const local = Date.UTC(year, month - 1, day, hour, minute, second);
  return local - Math.floor(atMs / 1000) * 1000;
}

/** First instant of a local date (days since 1970-01-01): midnight, or where the clock skips it the instant after the gap. */
export function startOfDate(date: number, timeZone: string): number {
  if (timeZone === 'UTC') return date * DAY_MS;
  const key = `${timeZone} ${date}`;
  const known = startByDate.get(key);
  if (known !== undefined) return known;
  const start = findStartOfDate(date, timeZone);
  if (startByDate.size >= STARTS_HELD) startByDate.clear();
  startByDate.set(key, start);
  return start;
}

/** Local date that owns the instant when the instant of midnight belongs to the day that ends. */
export function dateOf(atMs: number, timeZone: string): number {
  return localDateAt(atMs - 1, timeZone);
}

/** The whole calendar day that holds the instant, moved by `days`. */
export function dayOf(atMs: number, timeZone: string, days = 0): Interval {
  const date = dateOf(atMs, timeZone) + days;
  return { from: startOfDate(date, timeZone), to: startOfDate(date + 1, timeZone) };
}

/** Starts of the steps that cover the interval, ascending; the last step ends at or after `to`. */
export function stepStarts({ from, to }: Interval, step: Step, timeZone: string): number[] {
  const starts: number[] = [];
  if (to <= from) return starts;
  if (step === 'hour') {
    for (let start = startOfHour(from + 1, timeZone); start < to; start += HOUR_MS) starts.push(start);
    return starts;
  }
  const last = dateOf(to, timeZone);
  for (let date = dateOf(from + 1, timeZone); date <= last; date++) starts.push(startOfDate(date, timeZone));
  return starts;
}

/** Start of the hour that holds the instant; a full hour in the zone, also where its offset has half hours. */
export function startOfHour(atMs: number, timeZone: string): number {
  const phase = offsetAt(atMs, timeZone) % HOUR_MS;
  return Math.floor((atMs - 1 + phase) / HOUR_MS) * HOUR_MS - phase;
}

/** A stretch of time in which the zone's offset does not change; the last one has no end. */
export interface OffsetStretch {
  readonly offsetMs: number;
  /** First instant with another offset; `undefined` when there is none in the interval. */
  readonly until: number | undefined;
}

/** The offsets of the zone over an interval, in order: one stretch, and one more for each clock change within. */
export function offsetStretches({ from, to }: Interval, timeZone: string): OffsetStretch[] {
  const stretches: OffsetStretch[] = [];
  let offsetMs = offsetAt(from, timeZone);
  for (let start = from; start < to; start += DAY_MS) {
    const end = Math.min(start + DAY_MS, to);
    const next = offsetAt(end, timeZone);
    if (next === offsetMs) continue;
    let before = start;
    let after = end;
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2);
      if (offsetAt(middle, timeZone) === offsetMs) before = middle;
      else after = middle;
    }
    stretches.push({ offsetMs, until: after });
    offsetMs = next;
  }
  stretches.push({ offsetMs, until: undefined });
  return stretches;
}

const STARTS_HELD = 10_000;
const startByDate = new Map<string, number>();
const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(timeZone, format);
  }
  return format;
}

function findStartOfDate(date: number, timeZone: string): number {
  const utcMidnight = date * DAY_MS;
  const guess = utcMidnight - offsetAt(utcMidnight - offsetAt(utcMidnight, timeZone), timeZone);
  if (localDateAt(guess, timeZone) === date && localDateAt(guess - 1, timeZone) < date) return guess;
  // The clock changes near this midnight: search the first instant whose date is not before it.
  let before = utcMidnight - 2 * DAY_MS;
  let within = utcMidnight + 2 * DAY_MS;
  while (within - before > 1) {
    const middle = Math.floor((before + within) / 2);
    if (localDateAt(middle, timeZone) >= date) within = middle;
    else before = middle;
  }
  return within;
}
