// Parameters of a usage report. A date without a time is a day of the zone, whole: from its begin, until its end.

import { DAY_MS, isTimeZone, startOfDate } from '../../core/time/time.ts';
import { startOfPeriod } from '../../core/usage-report/periods.ts';
import { USAGE_KINDS, type UsageKind, type UsageRequest } from '../queries/usage/read-usage.ts';
import { instantParam, textParam, type QueryText } from './query-params.ts';
import { RequestError } from './request-error.ts';

/** How far back each kind looks unless asked otherwise: to the begin of the day, week or month there, so that no row is a part of one. */
const DEFAULT_DAYS: Readonly<Record<UsageKind, number>> = {
  daily: 30,
  weekly: 84,
  monthly: 366,
  sessions: 7,
  blocks: 3,
};

/** `timezone` is the server's, unless the question names another. @throws RequestError */
export function parseUsageRequest(query: QueryText, nowMs: number, timezone: string): UsageRequest {
  const kind = textParam(query, 'kind') ?? 'daily';
  if (!USAGE_KINDS.includes(kind as UsageKind))
    throw new RequestError(400, `kind is ${USAGE_KINDS.join(', ')}, not ${kind}`);
  const zone = textParam(query, 'timezone') ?? timezone;
  if (!isTimeZone(zone)) throw new RequestError(400, `${zone} is not a time zone, such as Europe/Berlin`);
  const until = dayParam(query, 'until', nowMs, zone) ?? nowMs;
  const since =
    dayParam(query, 'since', nowMs, zone) ?? defaultSince(kind as UsageKind, Math.min(until, nowMs), zone);
  if (since >= until)
    throw new RequestError(
      400,
      `since (${new Date(since + 1).toISOString()}) is after until (${new Date(until).toISOString()})`,
    );
  return {
    kind: kind as UsageKind,
    since,
    until,
    project: textParam(query, 'project'),
    timezone: zone,
    now: nowMs,
  };
}

function defaultSince(kind: UsageKind, untilMs: number, timezone: string): number {
  const atMs = untilMs - DEFAULT_DAYS[kind] * DAY_MS;
  // The window begins after `since`: the first millisecond of the period belongs to it.
  return kind === 'sessions' || kind === 'blocks' ? atMs : startOfPeriod(atMs, kind, timezone) - 1;
}

function dayParam(
  query: QueryText,
  key: 'since' | 'until',
  nowMs: number,
  timezone: string,
): number | undefined {
  const text = textParam(query, key);
  const day = /^(\d{4})-?(\d\d)-?(\d\d)$/.exec(text ?? '');
  if (day === null) return instantParam(query, key, nowMs);
  const begin = new Date(`${day.slice(1).join('-')}T00:00:00Z`);
  // A day that its month does not have is another day.
  if (Number.isNaN(begin.getTime()) || begin.getUTCDate() !== Number(day[3]))
    throw new RequestError(400, `${key} is no day: ${text ?? ''}`);
  const date = begin.getTime() / DAY_MS + (key === 'until' ? 1 : 0);
  // The window begins after `since`: the first millisecond of the day belongs to it.
  return startOfDate(date, timezone) - 1;
}
