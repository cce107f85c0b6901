// A stretch is the time that a page is about: (from, to], in the zone that its days and times are shown in. The address
// holds it: `time` names one that moves with the clock (24h, today, week), `from` and `to` one that stays. Addresses of
// earlier versions named the first `window` or `since`, and the ends of the second `since` and `until`.

import { durationMsOf } from '../../core/time/duration.ts';
import { DAY_MS, dateOf, dayOf, startOfDate } from '../../core/time/time.ts';
import { isCalendarDay } from '../../core/time/utc-instant.ts';
import { presentZoneName } from '../../core/time/zone-names.ts';
import {
  instantParam,
  localInstantParam,
  localInstantText,
  textParam,
  type QueryText,
} from './query-params.ts';
import { RequestError } from './request-error.ts';
import { PRESETS } from './time-presets.ts';

export interface Stretch {
  /** Unix milliseconds; 0 where all time is meant. */
  readonly from: number;
  readonly to: number;
  /** IANA zone of days and times. */
  readonly timezone: string;
  /** What it is called, such as `last 24 hours`; undefined of one that was written by its ends. */
  readonly name: string | undefined;
  /** As an address holds it, for links to other pages about the same time. */
  readonly params: StretchParams;
}

/** Only those that are not what a page has without them. */
export interface StretchParams {
  readonly time?: string;
  /** Local time of the zone, as a form writes it. */
  readonly from?: string;
  readonly to?: string;
  readonly zone?: string;
}

/** For lists, which need no beginning. */
export const ALL_TIME = 'all';

const LONGEST_DAYS = 400;
const MONDAY = 4;
const DAYS_OF_WEEK = 7;

export interface StretchDefaults {
  readonly now: number;
  /** Of the server. */
  readonly timezone: string;
  /** A preset or length of time, or {@link ALL_TIME}. */
  readonly time: string;
}

/** @throws RequestError on what cannot be understood */
export function parseStretch(given: QueryText, defaults: StretchDefaults): Stretch {
  const { now } = defaults;
  const query = withoutUntouched(given);
  const timezone = zoneParam(query, defaults.timezone);
  const zone = timezone === defaults.timezone ? {} : { zone: timezone };
  const since = textParam(query, 'since');
  const isSinceLength = since !== undefined && durationMsOf(since) !== undefined;
  const time = textParam(query, 'time') ?? textParam(query, 'window') ?? (isSinceLength ? since : undefined);
  const fromText = textParam(query, 'from') ?? (isSinceLength ? undefined : since);
  const toText = textParam(query, 'to') ?? textParam(query, 'until');
  if (time === undefined && (fromText !== undefined || toText !== undefined)) {
    const from = fromText === undefined ? 0 : endOf(fromText, 'from', now, timezone).from;
    const to = toText === undefined ? now : endOf(toText, 'to', now, timezone).to;
    checkLength(from, to, fromText === undefined ? ALL_TIME : defaults.time);
    const params = {
      ...(from === 0 ? {} : { from: localInstantText(from, timezone) }),
      ...(toText === undefined ? {} : { to: localInstantText(to, timezone) }),
      ...zone,
    };
    return { from, to, timezone, name: undefined, params };
  }
  const chosen = time ?? defaults.time;
  const { from, to } = presetOf(chosen, now, timezone);
  if (from !== 0) checkLength(from, to, defaults.time);
  const params = { ...(chosen === defaults.time ? {} : { time: chosen }), ...zone };
  return { from, to, timezone, name: presetName(chosen), params };
}

/**
 * The time that `from` and `to` name, as commands and programs write them: a day by itself is that whole day, and `from` alone
 * may be `week` or a length. Undefined where neither is given.
 * @throws RequestError
 */
export function parseNamedStretch(query: QueryText, defaults: StretchDefaults): Stretch | undefined {
  const [from, to, zone] = ['from', 'to', 'zone'].map((key) => textParam(query, key));
  if (from === undefined && to === undefined) return undefined;
  const isWhole = to === undefined && from !== undefined;
  if (isWhole && /^\d{4}-\d\d-\d\d$/.test(from)) return parseStretch({ from, to: from, zone }, defaults);
  const isNamed = isWhole && isPresetOrLength(from);
  return parseStretch(isNamed ? { time: from, zone } : { from, to, zone }, defaults);
}

function isPresetOrLength(text: string): boolean {
  const isPreset = text === ALL_TIME || PRESETS.some(([time]) => time === text);
  return isPreset || durationMsOf(text) !== undefined;
}

/** Unix milliseconds; no `until` is up to now, and goes on. */
interface AskedTime {
  readonly since?: number | undefined;
  readonly until?: number | undefined;
}

/**
 * The time that an address asks for: `time`, or `from` and `to`, in the zone; or instants, `since` and `until`. Nothing where it
 * names none.
 * @throws RequestError also where it names two
 */
export function parseSpan(query: QueryText, defaults: StretchDefaults): AskedTime {
  refuseSeveralTimes(query);
  const { now, timezone } = defaults;
  // Also where no time is asked for that has one.
  zoneParam(query, timezone);
  const stretch = textParam(query, 'time')
    ? parseStretch(pick(query, ['time', 'zone']), defaults)
    : parseNamedStretch(query, defaults);
  if (stretch !== undefined) {
    const { from, to } = stretch;
    if (from === 0 && defaults.time !== ALL_TIME)
      throw new RequestError(400, 'the time has no beginning: name one with from');
    return { ...(from === 0 ? {} : { since: from }), ...(to >= now ? {} : { until: to }) };
  }
  return { since: instantParam(query, 'since', now), until: instantParam(query, 'until', now) };
}

/**
 * A form holds a chosen time and the ends of one's own beside each other; who writes an address means one of them.
 * @throws RequestError
 */
export function refuseSeveralTimes(query: QueryText): void {
  const names = ['time', 'from', 'to', 'since', 'until'].filter((key) => textParam(query, key) !== undefined);
  const kinds = new Set(names.map((name) => (name === 'to' ? 'from' : name === 'until' ? 'since' : name)));
  if (kinds.size > 1) throw new RequestError(400, `give one time: ${names.join(', ')} name more than one`);
}

function pick(query: QueryText, keys: readonly string[]): QueryText {
  return Object.fromEntries(keys.map((key) => [key, query[key]]));
}

/**
 * The form of one's own time has its ends filled in. Who changes only the zone means the same time as before; `was` is what the
 * ends were.
 */
function withoutUntouched(query: QueryText): QueryText {
  const was = textParam(query, 'was');
  if (was === undefined) return query;
  const isUntouched = was === `${textParam(query, 'from') ?? ''}~${textParam(query, 'to') ?? ''}`;
  return isUntouched ? { ...query, from: undefined, to: undefined } : { ...query, time: undefined };
}

/** What a preset or a length of time is called. */
export function presetName(time: string): string {
  if (time === ALL_TIME) return 'all time';
  return PRESETS.find(([value]) => value === time)?.[1] ?? `last ${time}`;
}

/** The same stretch by its ends, so that it stays what it is whenever it is opened. */
export function fixedParams({ from, to, timezone, params }: Stretch): StretchParams {
  return {
    ...(from === 0 ? {} : { from: localSecondsText(from, timezone) }),
    to: localSecondsText(to, timezone),
    zone: params.zone ?? timezone,
  };
}

/** Local time to the second: rounded to the minute, a copied address would show other numbers. */
function localSecondsText(atMs: number, timezone: string): string {
  const text = localInstantText(Math.ceil(atMs / 1000) * 1000, timezone);
  return text.length === 16 ? `${text}:00` : text;
}

/** @throws RequestError */
export function zoneParam(query: QueryText, fallback: string): string {
  const text = textParam(query, 'zone');
  if (text === undefined) return fallback;
  const zone = presentZoneName(text);
  if (zone === undefined) throw new RequestError(400, `${text} is not a time zone, such as Europe/Berlin`);
  return zone;
}

function presetOf(time: string, now: number, timezone: string): { from: number; to: number } {
  if (time === ALL_TIME || time === 'always') return { from: 0, to: now };
  if (time === 'today') return { from: dayOf(now, timezone).from, to: now };
  if (time === 'yesterday') return dayOf(now, timezone, -1);
  if (time === 'week') return { from: startOfWeek(now, timezone), to: now };
  const lengthMs = durationMsOf(time);
  if (lengthMs === undefined || lengthMs <= 0)
    throw new RequestError(400, `time is today, yesterday, week, or a length such as 24h or 7d, not ${time}`);
  return { from: Math.max(0, now - lengthMs), to: now };
}

/** Midnight of Monday in the zone; 1970-01-01 was a Thursday. */
function startOfWeek(now: number, timezone: string): number {
  const date = dateOf(now, timezone);
  const sinceMonday = (((date - MONDAY) % DAYS_OF_WEEK) + DAYS_OF_WEEK) % DAYS_OF_WEEK;
  return startOfDate(date - sinceMonday, timezone);
}

/** An end as written: a named day, a date, a local time, an instant, or a length of time back from now. */
export function endOf(
  text: string,
  key: string,
  now: number,
  timezone: string,
): { from: number; to: number } {
  if (text === 'today') return { ...dayOf(now, timezone), to: now };
  if (text === 'yesterday') return dayOf(now, timezone, -1);
  const date = /^(\d{4}-\d\d-\d\d)$/.exec(text);
  if (date !== null) {
    const at = Date.parse(`${text}T00:00:00Z`);
    if (Number.isNaN(at) || !isCalendarDay(text)) throw new RequestError(400, `${key} is no day: ${text}`);
    return {
      from: startOfDate(at / DAY_MS, timezone),
      to: startOfDate(at / DAY_MS + 1, timezone),
    };
  }
  const lengthMs = durationMsOf(text);
  const isLocal = /T\d\d:\d\d(:\d\d)?$/.test(text);
  const at =
    lengthMs === undefined
      ? isLocal
        ? localInstantParam({ [key]: text }, key, timezone)
        : /^\d{4}-\d\d-\d\dT/.test(text)
          ? Date.parse(text)
          : Number.NaN
      : Math.max(0, now - lengthMs);
  if (at === undefined || Number.isNaN(at))
    throw new RequestError(
      400,
      `${key} is a time such as 2026-11-20T14:30, 2026-11-20, yesterday or 24h, not ${text}`,
    );
  return { from: at, to: at };
}

function checkLength(from: number, to: number, fallback: string): void {
  if (to <= from) throw new RequestError(400, 'the time ends before it begins: see from and to');
  // Lists have no limit; what is summed by day has.
  if (fallback !== ALL_TIME && to - from > LONGEST_DAYS * DAY_MS)
    throw new RequestError(400, `the time is at most ${LONGEST_DAYS}d long: choose a shorter one`);
}
