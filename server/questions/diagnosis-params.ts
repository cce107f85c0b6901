// Query parameters of a diagnosis and of a what-if: two stretches of time, or one and a change.

import { durationMsOf } from '../../core/time/duration.ts';
import { DAY_MS, dayOf } from '../../core/time/time.ts';
import type { CacheSetting } from '../../core/pricing/what-if.ts';
import type { DiagnosisQuestion } from '../queries/diagnosis/read-diagnosis.ts';
import { CACHE_SETTINGS, type WhatIfQuestion } from '../queries/diagnosis/read-what-if.ts';
import { flagParam, instantParam, textParam, whereParam, type QueryText } from './query-params.ts';
import { RequestError } from './request-error.ts';

/**
 * `from` and `to` are times, `today` or `yesterday` (calendar days of the zone); without them the last 24 hours.
 * `against` is a length that ends where the window begins (`7d`), or two times with `..` between them;
 * without it a stretch as long as the window.
 * @throws RequestError
 */
export function parseDiagnosisQuestion(query: QueryText, nowMs: number, timezone: string): DiagnosisQuestion {
  const { from, to } = parseWindow(query, nowMs, timezone, DAY_MS);
  return {
    from,
    to,
    ...parseAgainst(query, nowMs, from, to),
    where: whereParam(query, DIAGNOSIS_NARROWINGS),
  };
}

/** What a diagnosis can be narrowed to, as in addresses. */
export const DIAGNOSIS_NARROWINGS = [
  'agent',
  'user',
  'version',
  'task',
  'project',
  'session',
  'model',
  'tool',
] as const;

/** @throws RequestError */
export function parseWhatIfQuestion(query: QueryText, nowMs: number, timezone: string): WhatIfQuestion {
  const { from, to } = parseWindow(query, nowMs, timezone, 7 * DAY_MS);
  const model = textParam(query, 'model');
  const cache = textParam(query, 'cache');
  const batch = flagParam(query, 'batch');
  if (cache !== undefined && !CACHE_SETTINGS.includes(cache as CacheSetting))
    throw new RequestError(400, `cache is ${CACHE_SETTINGS.join(', ')}, not ${cache}`);
  if (model === undefined && cache === undefined && batch === undefined)
    throw new RequestError(400, 'say what to change: a model, cache or batch');
  return {
    from,
    to,
    model,
    cache: cache as CacheSetting | undefined,
    isBatch: batch === true ? true : undefined,
    agent: textParam(query, 'agent'),
  };
}

function parseWindow(
  query: QueryText,
  nowMs: number,
  timezone: string,
  defaultMs: number,
): { from: number; to: number } {
  const day = namedDay(textParam(query, 'from'), nowMs, timezone);
  const lastDay = namedDay(textParam(query, 'to'), nowMs, timezone);
  const from = day?.from ?? instantParam(query, 'from', nowMs) ?? nowMs - defaultMs;
  // A day by itself is that whole day, as far as it has passed.
  const end =
    lastDay?.to ?? (lastDay === undefined ? instantParam(query, 'to', nowMs) : undefined) ?? day?.to ?? nowMs;
  const to = Math.min(end, nowMs);
  if (to <= from) throw new RequestError(400, 'the time ends before it begins: see from and to');
  return { from, to };
}

function namedDay(
  text: string | undefined,
  nowMs: number,
  timezone: string,
): { from: number; to: number } | undefined {
  if (text === 'today') return dayOf(nowMs, timezone);
  return text === 'yesterday' ? dayOf(nowMs, timezone, -1) : undefined;
}

function parseAgainst(
  query: QueryText,
  nowMs: number,
  from: number,
  to: number,
): { againstFrom: number; againstTo: number } {
  const text = textParam(query, 'against');
  if (text === undefined) return { againstFrom: from - (to - from), againstTo: from };
  const lengthMs = durationMsOf(text);
  if (lengthMs !== undefined && lengthMs > 0)
    return { againstFrom: Math.max(0, from - lengthMs), againstTo: from };
  const [start, end, more] = text.split('..');
  if (start === undefined || end === undefined || more !== undefined)
    throw new RequestError(
      400,
      `against is a length such as 7d, or two times with .. between them, not ${text}`,
    );
  const againstFrom = instantParam({ against: start }, 'against', nowMs);
  const againstTo = instantParam({ against: end }, 'against', nowMs);
  if (againstFrom === undefined || againstTo === undefined || againstTo <= againstFrom)
    throw new RequestError(400, `against ends before it begins: ${text}`);
  return { againstFrom, againstTo };
}
