// Query parameters of a diagnosis and of a what-if: two stretches of time, or one and a change.

import { durationMsOf } from '../../core/time/duration.ts';
import { whyWithoutPrice } from '../../core/prices/model-without-price.ts';
import type { CacheSetting } from '../../core/pricing/what-if.ts';
import type { DiagnosisQuestion } from '../queries/diagnosis/read-diagnosis.ts';
import { CACHE_SETTINGS, type WhatIfQuestion } from '../queries/diagnosis/read-what-if.ts';
import { flagParam, textParam, whereParam, type QueryText } from './query-params.ts';
import { RequestError } from './request-error.ts';
import { ALL_TIME, endOf, parseNamedStretch } from './stretch.ts';

/**
 * `from` and `to` are times as everywhere, in the zone; without them the last 24 hours.
 * `against` is a length that ends where the window begins (`7d`), or two times with `..` between them;
 * without it a stretch as long as the window.
 * @throws RequestError
 */
export function parseDiagnosisQuestion(query: QueryText, nowMs: number, timezone: string): DiagnosisQuestion {
  const window = parseWindow(query, nowMs, timezone, '24h');
  return {
    ...window,
    ...parseAgainst(query, nowMs, timezone, window),
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
  const { from, to } = parseWindow(query, nowMs, timezone, '7d');
  const model = textParam(query, 'model');
  const cache = textParam(query, 'cache');
  const batch = flagParam(query, 'batch');
  if (cache !== undefined && !CACHE_SETTINGS.includes(cache as CacheSetting))
    throw new RequestError(400, `cache is ${CACHE_SETTINGS.join(', ')}, not ${cache}`);
  const why = model === undefined ? undefined : whyWithoutPrice(model);
  if (why !== undefined) throw new RequestError(400, why);
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

/** In the words of every time: a day by itself is that whole day, as far as it has passed. */
function parseWindow(
  query: QueryText,
  nowMs: number,
  timezone: string,
  defaultTime: string,
): { from: number; to: number } {
  const ends = { from: textParam(query, 'from') ?? defaultTime, to: textParam(query, 'to') };
  const asked = parseNamedStretch(ends, { now: nowMs, timezone, time: ALL_TIME });
  if (asked === undefined || asked.from === 0)
    throw new RequestError(400, 'the time has no beginning: name one with from');
  const to = Math.min(asked.to, nowMs);
  if (to <= asked.from) throw new RequestError(400, 'the time ends before it begins: see from and to');
  return { from: asked.from, to };
}

function parseAgainst(
  query: QueryText,
  nowMs: number,
  timezone: string,
  { from, to }: { readonly from: number; readonly to: number },
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
  const againstFrom = endOf(start, 'against', nowMs, timezone).from;
  const againstTo = endOf(end, 'against', nowMs, timezone).to;
  if (againstTo <= againstFrom) throw new RequestError(400, `against ends before it begins: ${text}`);
  return { againstFrom, againstTo };
}
