// A run filter as an address has it. A name that stands several times means any of its values; with `-` before it, its
// values are excluded: `user=ana&user=ben&-tool=search`. `filter-text.ts` has the same in one line.

import { TEXT_LIMITS } from '../../core/field-limits.ts';
import { cutTextToBytes } from '../../core/text/cut-text.ts';
import {
  MEASURES,
  RUN_CHOICES,
  RUN_STATUSES,
  RUNS_LIMIT,
  RUN_STATUS_WORDS,
  valuesOf,
  type MeasureCondition,
  type RunAsked,
  type RunChoiceName,
  type RunFilter,
} from '../queries/runs/run-filter.ts';
import {
  RUN_SORTS,
  cursorText,
  readCursor,
  type RunCursor,
  type RunSort,
} from '../queries/runs/run-order.ts';
import { filterParams, readRunLine } from './filter-text.ts';
import { comparisonParams, readComparison } from './measure-text.ts';
import {
  EXCLUDES,
  countParam,
  flagParam,
  instantParam,
  offsetParam,
  textParam,
  textParams,
  type QueryText,
} from './query-params.ts';
import { RequestError } from './request-error.ts';
import { readScoreText, scoreConditionText } from './score-text.ts';
import { ALL_TIME, parseSpan } from './stretch.ts';

/** Names of all parameters that ask something of a run, but its time. */
export const RUN_FILTER_NAMES = [...RUN_CHOICES, 'unpriced', ...MEASURES, 'score'] as const;

const LIMIT_DEFAULT = 50;

/** Addresses of the first version named the order by cost otherwise. */
function presentSort(sort: string | undefined): string | undefined {
  return sort === 'dearest' ? 'most-expensive' : sort;
}

/** @throws RequestError */
export function parseRunFilter(query: QueryText, nowMs: number): RunFilter {
  const sort = presentSort(textParam(query, 'sort'));
  if (sort !== undefined && !RUN_SORTS.includes(sort as RunSort))
    throw new RequestError(400, `sort is ${RUN_SORTS.join(', ')}, not ${sort}`);
  const excluded = askedParams(query, EXCLUDES);
  return {
    ...askedParams(query, ''),
    ...(Object.keys(excluded).length === 0 ? {} : { excluded }),
    failed: flagParam(query, 'failed'),
    since: instantParam(query, 'since', nowMs),
    until: instantParam(query, 'until', nowMs),
    sort: sort as RunSort | undefined,
    isReversed: isReversed(query),
    cursor: cursorParam(query),
    limit: countParam(query, 'limit', { most: RUNS_LIMIT, fallback: LIMIT_DEFAULT }),
    offset: offsetParam(query),
  };
}

/**
 * Of programs, which name a time as commands do as well, and may send the line of the page as `filter`. `timezone` is the
 * server's.
 * @throws RequestError
 */
export function parseRunsQuestion(given: QueryText, nowMs: number, timezone: string): RunFilter {
  const query = withLines(given);
  const span = parseSpan(query, { now: nowMs, timezone, time: ALL_TIME });
  return { ...parseRunFilter(query, nowMs), ...span };
}

/** With the filters of `filter` beside the others, and without it. @throws RequestError */
export function withLines({ filter, ...query }: QueryText): QueryText {
  const pairs = textParams({ filter }, 'filter').flatMap(readRunLine);
  const names = new Set(pairs.map(([name]) => name));
  const before = [...names].flatMap((name) => textParams(query, name).map((value) => [name, value] as const));
  return { ...query, ...filterParams([...before, ...pairs]) };
}

/** The parameters that ask for the same. */
export function runFilterParams(
  filter: Omit<RunFilter, 'limit'>,
): Readonly<Record<string, string | readonly string[] | undefined>> {
  const { excluded = {}, failed, since, until, sort, isReversed: isBack, cursor } = filter;
  return {
    ...askedTexts(filter, ''),
    ...askedTexts(excluded, EXCLUDES),
    failed: failed === undefined ? undefined : String(failed),
    since: since === undefined ? undefined : new Date(since).toISOString(),
    until: until === undefined ? undefined : new Date(until).toISOString(),
    sort,
    order: isBack === true ? 'reversed' : undefined,
    at: cursor === undefined ? undefined : cursorText(cursor),
    offset: filter.offset === undefined ? undefined : String(filter.offset),
  };
}

/** What stands behind the names with this before them; only what is asked. @throws RequestError */
function askedParams(query: QueryText, before: '' | typeof EXCLUDES): RunAsked {
  const asked: Partial<Record<RunChoiceName, readonly string[]>> = {};
  for (const name of RUN_CHOICES) {
    const values = textParams(query, before + name);
    if (values.length > 0) asked[name] = values.map((value) => readChoice(name, value));
  }
  const comparisons = comparisonsParam(query, before);
  const scores = textParams(query, `${before}score`).map(readScoreText);
  const unpriced = flagParam(query, `${before}unpriced`);
  return {
    ...asked,
    ...(comparisons.length === 0 ? {} : { comparisons }),
    ...(scores.length === 0 ? {} : { scores }),
    ...(unpriced === undefined ? {} : { unpriced }),
  };
}

function askedTexts(
  asked: RunAsked,
  before: '' | typeof EXCLUDES,
): Readonly<Record<string, string | readonly string[] | undefined>> {
  const texts: Record<string, string | readonly string[] | undefined> = {};
  for (const name of RUN_CHOICES) if (asked[name] !== undefined) texts[before + name] = valuesOf(asked[name]);
  for (const [measure, values] of Object.entries(comparisonParams(asked.comparisons ?? [])))
    texts[before + measure] = values;
  if (asked.scores !== undefined) texts[`${before}score`] = asked.scores.map(scoreConditionText);
  if (asked.unpriced !== undefined) texts[`${before}unpriced`] = String(asked.unpriced);
  return texts;
}

/** Texts that are whole as they are written; of names the store has no more than a part where they are long. */
const AS_WRITTEN = new Set<RunChoiceName>(['run', 'parentRun', 'error']);

/** @throws RequestError */
function readChoice(name: RunChoiceName, value: string): string {
  if (name === 'status') return readStatus(value);
  return AS_WRITTEN.has(name) ? value : cutTextToBytes(value, TEXT_LIMITS.name);
}

/** `failed` is any status but ok; what people read as abandoned is stored as `lost`. @throws RequestError */
function readStatus(text: string): string {
  const stored = text === 'abandoned' ? 'lost' : text;
  if (stored !== 'failed' && !(RUN_STATUSES as readonly string[]).includes(stored))
    throw new RequestError(400, `status is ${RUN_STATUS_WORDS.join(', ')}, not ${stored}`);
  return stored;
}

/** Sizes that runs are asked for: `cost=>0.5`. @throws RequestError */
function comparisonsParam(query: QueryText, before: '' | typeof EXCLUDES): readonly MeasureCondition[] {
  return MEASURES.flatMap((measure) =>
    textParams(query, before + measure).map((text) => readComparison(measure, text)),
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
