// Query parameters as the functions behind want them; what cannot be understood is said, not guessed.

import { TEXT_LIMITS } from '../../core/field-limits.ts';
import { cutTextToBytes } from '../../core/text/cut-text.ts';
import { durationMsOf } from '../../core/time/duration.ts';
import { isEventName } from '../../core/event.ts';
import { DIMENSIONS, type EventName } from '../../core/schema.ts';
import { DAY_MS, offsetAt } from '../../core/time/time.ts';
import { parseRequest, type ParsedRequest } from '../../signals/request.ts';
import { EXPORT_FORMATS, type ExportFormat, type ExportRequest } from '../queries/export/export-events.ts';
import { COST_WAYS, type CostBy, type CostRequest } from '../queries/signals/read-cost.ts';
import {
  MEASURES,
  RUNS_LIMIT,
  RUN_STATUSES,
  type MeasureCondition,
  type RunFilter,
} from '../queries/runs/run-filter.ts';
import { RUN_SORTS, readCursor, type RunCursor, type RunSort } from '../queries/runs/run-order.ts';
import { readComparison } from './filter-text.ts';
import { RequestError } from './request-error.ts';
import { readScoreText } from './score-text.ts';

/** The query string, parsed: a key given twice is an array. */
export type QueryText = Readonly<Record<string, string | string[] | undefined>>;

const EVENT_EXAMPLE = 'agent.run,agent.model_call';
const LIMIT_DEFAULT = 50;

/** Addresses of the first version named the order by cost otherwise. */
function presentSort(sort: string | undefined): string | undefined {
  return sort === 'dearest' ? 'most-expensive' : sort;
}

/** The last value of a parameter; an empty one is none. */
export function textParam(query: QueryText, key: string): string | undefined {
  const value = query[key];
  const last = Array.isArray(value) ? value.at(-1) : value;
  return last === '' ? undefined : last;
}

/** @throws RequestError */
export function parseRunFilter(query: QueryText, nowMs: number): RunFilter {
  const sort = presentSort(textParam(query, 'sort'));
  if (sort !== undefined && !RUN_SORTS.includes(sort as RunSort))
    throw new RequestError(400, `sort is ${RUN_SORTS.join(', ')}, not ${sort}`);
  return {
    ...statusParam(query),
    user: nameParam(query, 'user'),
    agent: nameParam(query, 'agent'),
    version: nameParam(query, 'version'),
    prompt: nameParam(query, 'prompt'),
    task: nameParam(query, 'task'),
    project: nameParam(query, 'project'),
    run: textParam(query, 'run'),
    comparisons: comparisonsParam(query),
    scores: textParams(query, 'score').map(readScoreText),
    session: nameParam(query, 'session'),
    tag: nameParam(query, 'tag'),
    model: nameParam(query, 'model'),
    tool: nameParam(query, 'tool'),
    unpriced: flagParam(query, 'unpriced'),
    error: textParam(query, 'error'),
    parentRun: textParam(query, 'parentRun'),
    since: instantParam(query, 'since', nowMs),
    until: instantParam(query, 'until', nowMs),
    sort: sort as RunSort | undefined,
    isReversed: isReversed(query),
    cursor: cursorParam(query),
    limit: countParam(query, 'limit', { most: RUNS_LIMIT, fallback: LIMIT_DEFAULT }),
    offset: offsetParam(query),
  };
}

/** A name as the store has it: cut where it is longer than any. */
function nameParam(query: QueryText, key: string): string | undefined {
  const name = textParam(query, key);
  return name === undefined ? undefined : cutTextToBytes(name, TEXT_LIMITS.name);
}

/** `failed` is any status but ok; what people read as abandoned is stored as `lost`. @throws RequestError */
function statusParam(query: QueryText): Pick<RunFilter, 'status' | 'failed'> {
  const status = textParam(query, 'status');
  if (status === 'failed') return { failed: true };
  const stored = status === 'abandoned' ? 'lost' : status;
  if (stored !== undefined && !(RUN_STATUSES as readonly string[]).includes(stored))
    throw new RequestError(400, `status is failed, abandoned, ${RUN_STATUSES.join(', ')}, not ${stored}`);
  return { status: stored, failed: flagParam(query, 'failed') };
}

/** All values of a parameter; empty ones are none. */
export function textParams(query: QueryText, key: string): readonly string[] {
  const value = query[key];
  return (Array.isArray(value) ? value : [value ?? '']).filter((text) => text !== '');
}

/** Sizes that runs are asked for: `cost=>0.5`, which may stand twice. @throws RequestError */
function comparisonsParam(query: QueryText): readonly MeasureCondition[] {
  return MEASURES.flatMap((measure) =>
    textParams(query, measure).map((text) => readComparison(measure, text)),
  );
}

/** Where a list goes on. @throws RequestError */
function cursorParam(query: QueryText): RunCursor | undefined {
  const text = textParam(query, 'at');
  if (text === undefined) return undefined;
  const cursor = readCursor(text);
  if (cursor === undefined)
    throw new RequestError(400, 'this address was cut or changed: go back to the first page of the list');
  return cursor;
}

/** @throws RequestError */
function isReversed(query: QueryText): boolean {
  const order = textParam(query, 'order');
  if (order !== undefined && order !== 'reversed')
    throw new RequestError(400, `order is reversed, or left out, not ${order}`);
  return order === 'reversed';
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

/** An ISO time, or a time back from now such as `24h`, as Unix milliseconds. @throws RequestError */
export function instantParam(query: QueryText, key: string, nowMs: number): number | undefined {
  const text = textParam(query, key);
  if (text === undefined) return undefined;
  const backMs = durationMsOf(text);
  // Nothing is older than the first second of Unix; further back no time can be written.
  if (backMs !== undefined) return Math.max(0, nowMs - backMs);
  const instant = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(instant))
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

/** What a report of spend can be narrowed to. */
export const COST_NARROWINGS = ['user', 'agent', 'version', 'model', 'task', 'project', 'session'] as const;

/** @throws RequestError */
export function parseCostRequest(query: QueryText, nowMs: number, timezone: string): CostRequest {
  const by = textParam(query, 'by') ?? 'day';
  if (!COST_WAYS.includes(by as CostBy))
    throw new RequestError(400, `by is ${COST_WAYS.join(', ')}, not ${by}`);
  return {
    by: by as CostBy,
    since: instantParam(query, 'since', nowMs) ?? nowMs - 7 * DAY_MS,
    until: instantParam(query, 'until', nowMs) ?? nowMs,
    timezone,
    where: Object.fromEntries(
      COST_NARROWINGS.flatMap((dimension) => {
        const value = textParam(query, dimension);
        return value === undefined ? [] : [[dimension, value]];
      }),
    ),
  };
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
      where: Object.fromEntries(DIMENSIONS.map((dimension) => [dimension, textParam(query, dimension)])),
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
