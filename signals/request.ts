// Requests as people write them: a signal id, a window, a dimension.

import { DIMENSIONS, type Dimension } from '../core/schema.ts';
import { durationMsOf } from '../core/time/duration.ts';
import { DAY_MS, dayOf, isTimeZone } from '../core/time/time.ts';
import { utcInstantOf } from '../core/time/utc-instant.ts';
import { signalOf } from './catalogue/index.ts';
import type { Choice } from './choice.ts';
import { dimensionsOf, SignalError, type Signal, type SignalRequest } from './signal.ts';
import { defaultLengthMs } from './spans.ts';

/** What was written; every part but the id may be left out. */
export interface RequestText {
  readonly id: string;
  /** `90s`, `15m`, `24h`, `7d`, `2w`, or `day`: the calendar day. */
  readonly window?: string | undefined;
  /** ISO 8601, or Unix milliseconds. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** A dimension, or several with commas between. */
  readonly by?: string | undefined;
  /** Values of dimensions that the events must have. */
  readonly where?: Readonly<Record<string, Choice | undefined>> | undefined;
}

export interface ParsedRequest {
  readonly signal: Signal;
  readonly request: SignalRequest;
}

const MAX_LENGTH_MS = 3660 * DAY_MS;
const EARLIEST_MS = Date.parse('0001-01-01T00:00:00Z');
const LATEST_MS = Date.parse('9999-12-31T23:59:59Z');

/**
 * Reads a request. The window ends at `to`, by default now; its start is `from`, or its length says, or the
 * signal's own default. Throws a SignalError that says what is wrong.
 */
export function parseRequest(text: RequestText, now: number, timezone: string): ParsedRequest {
  if (!isTimeZone(timezone)) throw new SignalError(`there is no time zone ${timezone}`);
  const signal = signalOf(text.id);
  const to = text.to === undefined ? now : parseInstant(text.to);
  if (text.from !== undefined && text.window !== undefined) {
    throw new SignalError('give either a window or from, not both');
  }
  const from = text.from === undefined ? startOf(text.window, to, timezone, signal) : parseInstant(text.from);
  if (from >= to) throw new SignalError('the window ends before it starts');
  const by = text.by === undefined || text.by === '' ? undefined : text.by.split(',').map(parseDimension);
  const where = Object.fromEntries(
    Object.entries(text.where ?? {})
      .filter((entry): entry is [string, Choice] => entry[1] !== undefined && entry[1] !== '')
      .map(([dimension, value]) => [parseDimension(dimension), value]),
  );
  const request: SignalRequest = { from, to, by, where, timezone, now };
  dimensionsOf(signal, request);
  return { signal, request };
}

/** `24h` and the like in milliseconds. Throws a SignalError on anything else. */
export function parseLength(text: string): number {
  const lengthMs = durationMsOf(text) ?? Number.NaN;
  if (!(lengthMs > 0 && lengthMs <= MAX_LENGTH_MS)) {
    throw new SignalError(`"${text}" is no window; write 1h, 24h, 7d or day`);
  }
  return lengthMs;
}

function startOf(window: string | undefined, to: number, timezone: string, signal: Signal): number {
  if (window === undefined || window === '') return to - defaultLengthMs(signal.window);
  return window === 'day' ? dayOf(to, timezone).from : to - parseLength(window);
}

function parseInstant(text: string): number {
  const instant = /^\d{11,14}$/.test(text) ? Number(text) : (utcInstantOf(text) ?? Number.NaN);
  // Years of four digits: further out a window would begin or end where there are no dates.
  if (!(instant >= EARLIEST_MS && instant <= LATEST_MS))
    throw new SignalError(`"${text}" is no time; write it as 2026-11-21T09:00:00Z`);
  return instant;
}

function parseDimension(text: string): Dimension {
  const dimension = DIMENSIONS.find((one) => one === text.trim());
  if (!dimension)
    throw new SignalError(`there is no dimension "${text}"; there are ${DIMENSIONS.join(', ')}`);
  return dimension;
}
