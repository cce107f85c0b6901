// Query parameters as the functions behind want them; what cannot be understood is said, not guessed.

import { durationMsOf } from '../../core/time/duration.ts';
import { isEventName } from '../../core/event.ts';
import { DIMENSIONS, type Dimension, type EventName } from '../../core/schema.ts';
import { offsetAt } from '../../core/time/time.ts';
import { utcInstantOf } from '../../core/time/utc-instant.ts';
import { listChoices } from '../../signals/choice.ts';
import { parseRequest, type ParsedRequest } from '../../signals/request.ts';
import { EXPORT_FORMATS, type ExportFormat, type ExportRequest } from '../queries/export/export-events.ts';
import type { Where } from '../queries/read-events.ts';
import { RequestError } from './request-error.ts';

/** The query string, parsed: a key given twice is an array. */
export type QueryText = Readonly<Record<string, string | string[] | undefined>>;

const EVENT_EXAMPLE = 'agent.run,agent.model_call';

/** The last value of a parameter; an empty one is none. */
export function textParam(query: QueryText, key: string): string | undefined {
  const value = query[key];
  const last = Array.isArray(value) ? value.at(-1) : value;
  return last === '' ? undefined : last;
}

/** All values of a parameter, each once; empty ones are none. */
export function textParams(query: QueryText, key: string): readonly string[] {
  const value = query[key];
  return [...new Set(Array.isArray(value) ? value : [value ?? ''])].filter((text) => text !== '');
}

/** How many rows are left out. @throws RequestError */
export function offsetParam(query: QueryText): number {
  return countParam(query, 'offset', { most: 1_000_000, fallback: 0 });
}

/** @throws RequestError */
export function flagParam(query: QueryText, key: string): boolean | undefined {
  const text = textParam(query, key);
  if (text !== undefined && text !== 'true' && text !== 'false')
    throw new RequestError(400, `${key} is true or false, not ${text}`);
  return text === undefined ? undefined : text === 'true';
}

/** @throws RequestError */
export function countParam(
  query: QueryText,
  key: string,
  {
    least = 0,
    most,
    fallback,
  }: { readonly least?: number; readonly most: number; readonly fallback: number },
): number {
  const text = textParam(query, key);
  if (text === undefined) return fallback;
  const count = Number(text);
  if (!Number.isInteger(count) || count < least || count > most)
    throw new RequestError(400, `${key} is a whole number from ${least} to ${most}, not ${text}`);
  return count;
}

/** An ISO time, UTC where it names no zone, or a time back from now such as `24h`, as Unix milliseconds. @throws RequestError */
export function instantParam(query: QueryText, key: string, nowMs: number): number | undefined {
  const text = textParam(query, key);
  if (text === undefined) return undefined;
  const backMs = durationMsOf(text);
  // Nothing is older than the first second of Unix; further back no time can be written.
  if (backMs !== undefined) return Math.max(0, nowMs - backMs);
  const instant = utcInstantOf(text);
  if (instant === undefined)
    throw new RequestError(400, `${key} is a time such as 24h, 7d or 2026-11-20T00:00:00Z, not ${text}`);
  return instant;
}

/** A local time as a form's field writes it, `2026-11-20T14:30`, as Unix milliseconds. @throws RequestError */
export function localInstantParam(query: QueryText, key: string, timezone: string): number | undefined {
  const text = textParam(query, key);
  if (text === undefined) return undefined;
  const asUtc = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$/.test(text) ? Date.parse(`${text}Z`) : Number.NaN;
  if (Number.isNaN(asUtc))
    throw new RequestError(400, `${key} is a local time such as 2026-11-20T14:30, not ${text}`);
  return asUtc - offsetAt(asUtc - offsetAt(asUtc, timezone), timezone);
}

/** An instant as a form's field wants it: local time of the zone to the minute, or to the second where it has one. */
export function localInstantText(atMs: number | undefined, timezone: string): string {
  if (atMs === undefined) return '';
  const text = new Date(atMs + offsetAt(atMs, timezone)).toISOString();
  return text.slice(0, text.slice(17, 19) === '00' ? 16 : 19);
}

/** Stands before the name of what is excluded. */
export const EXCLUDES = '-';

/** Values of dimensions: any of several, and those that are excluded; undefined where nothing is narrowed. */
export function whereParam(query: QueryText, dimensions: readonly Dimension[]): Where | undefined {
  const where = dimensions.flatMap((dimension) => {
    const [any, none] = [textParams(query, dimension), textParams(query, EXCLUDES + dimension)];
    return any.length + none.length === 0 ? [] : [[dimension, { any, none }] as const];
  });
  return where.length === 0 ? undefined : Object.fromEntries(where);
}

/** Parameters that narrow to the same. */
export function whereParams(where: Where | undefined): Readonly<Record<string, string[]>> {
  return Object.fromEntries(
    listChoices(where).flatMap(({ dimension, any, none }) => [
      [dimension, [...any]],
      [EXCLUDES + dimension, [...none]],
    ]),
  );
}

/** Parameters of a signal: `window`, `from`, `to`, `by`, and a value for any dimension as filter. @throws SignalError */
export function parseSignalRequest(
  id: string,
  query: QueryText,
  nowMs: number,
  timezone: string,
): ParsedRequest {
  return parseRequest(
    {
      id,
      window: textParam(query, 'window'),
      from: textParam(query, 'from'),
      to: textParam(query, 'to'),
      by: textParam(query, 'by'),
      where: whereParam(query, DIMENSIONS),
    },
    nowMs,
    timezone,
  );
}

/** @throws RequestError */
export function parseExportRequest(query: QueryText, nowMs: number): ExportRequest {
  const format = textParam(query, 'format') ?? 'jsonl';
  if (!EXPORT_FORMATS.includes(format as ExportFormat))
    throw new RequestError(400, `format is ${EXPORT_FORMATS.join(', ')}, not ${format}`);
  return {
    format: format as ExportFormat,
    names: eventNamesParam(query),
    since: instantParam(query, 'since', nowMs),
    until: instantParam(query, 'until', nowMs),
  };
}

function eventNamesParam(query: QueryText): EventName[] | undefined {
  return textParam(query, 'events')
    ?.split(',')
    .map((name) => {
      if (!isEventName(name))
        throw new RequestError(400, `events names events, as in ${EVENT_EXAMPLE}; ${name} is none`);
      return name;
    });
}
