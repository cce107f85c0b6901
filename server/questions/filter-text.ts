// A filter text says which runs are looked for in one line that a person writes: `user:ana user:ben -tool:search
// status:failed cost>0.5 duration<10s score:helpful<0.7 timeout`. A word with a colon names a dimension or a score, one with
// a sign a measure; `-` before a word excludes it; what is left is text.

import { filterKeyOf, isMeasure, unknownFilter } from './filter-keys.ts';
import { readComparison } from './measure-text.ts';
import { EXCLUDES } from './query-params.ts';
import { quotedWhereNeeded, unquoted } from './quoted-text.ts';
import { RequestError } from './request-error.ts';
import { readScoreText, scoreConditionText } from './score-text.ts';
import { PRESETS } from './time-presets.ts';

/** A name of an address and its value; the name of what is excluded begins with `-`. */
export type FilterPair = readonly [string, string];

/** Parameters of an address, in the order in which they were written; a name may stand several times. */
export interface FilterWords {
  readonly params: readonly FilterPair[];
  /** What is no filter: words, and those in quotation marks without them. */
  readonly rest: string;
  /** Words with `-` before them that are no filters. */
  readonly excludedWords: readonly string[];
  /** Of the rest, words that look like filters, and have no known name or no value. */
  readonly unknown: readonly string[];
}

/** Quotation marks hold blanks together wherever they stand: `score:"was it right"=no`. */
const WORD = /(?:"(?:[^"\\]|\\.)*"|[^\s])+/g;
const TERM = /^(-?)([a-z_]+)(:|<=|>=|=|<|>)(.*)$/is;

/**
 * Of a line that may be a search; one that is about runs is read by {@link readRunLine}.
 * @throws RequestError on a measure that is no number, or a score that cannot be one
 */
export function readFilterText(text: string): FilterWords {
  const params: FilterPair[] = [];
  const rest: string[] = [];
  const excludedWords: string[] = [];
  const unknown: string[] = [];
  for (const word of text.match(WORD) ?? []) {
    const term = TERM.exec(word);
    const [, before = '', name = '', sign = ':', value = ''] = term ?? [];
    const key = term === null ? undefined : filterKeyOf(name);
    const isEmpty = unquoted(value) === '';
    if (key !== undefined && !isEmpty) params.push(readTerm({ word, key, before, sign, value }));
    else if (word.length > 1 && word.startsWith(EXCLUDES) && term === null)
      excludedWords.push(unquoted(word.slice(1)));
    else {
      rest.push(unquoted(word));
      // An address of the web is a text.
      if (term !== null && !value.startsWith('//')) unknown.push(word);
    }
  }
  if (params.filter(([key]) => key === 'time').length > 1)
    throw new RequestError(400, 'one time can be asked for: leave one time: away');
  return { params, rest: rest.join(' '), excludedWords, unknown };
}

/**
 * The filters of a line that is about runs: words without a name are looked for in error types.
 * @throws RequestError, also on a name that there is not
 */
export function readRunLine(text: string): readonly FilterPair[] {
  const words = readFilterText(text);
  refuseUnknown(words);
  const { params, rest, excludedWords } = words;
  return [
    ...params,
    ...(rest === '' ? [] : [['error', rest] as const]),
    ...excludedWords.map((word) => [`${EXCLUDES}error`, word] as const),
  ];
}

/** @throws RequestError on words that look like filters and are none */
export function refuseUnknown({ unknown }: FilterWords): void {
  for (const word of unknown) {
    const name = /^-?[a-z_]+/i.exec(word)?.[0] ?? word;
    if (filterKeyOf(name.replace(EXCLUDES, '')) === undefined) throw unknownFilter(name);
    throw new RequestError(400, `${word} names no value: write it as in user:ana, or leave it away`);
  }
}

interface Term {
  readonly word: string;
  readonly key: NonNullable<ReturnType<typeof filterKeyOf>>;
  readonly before: string;
  readonly sign: string;
  readonly value: string;
}

function readTerm({ word, key, before, sign, value }: Term): FilterPair {
  const isEqual = sign === ':' || sign === '=';
  // As groups write it: `user:ana time:yesterday`; with a length it is how long a run took.
  if (key === 'time') {
    if (sign !== ':' || !isNamedTime(value)) return readTerm({ word, key: 'duration', before, sign, value });
    if (before !== '') throw new RequestError(400, `${word}: a time can be asked for, and not excluded`);
    return ['time', value.toLowerCase()];
  }
  if (key === 'score') {
    const condition = readScoreText(sign === ':' ? value : `${sign}${value}`);
    return [before + key, scoreConditionText(condition)];
  }
  if (isMeasure(key)) {
    const comparison = `${isEqual ? '=' : sign}${unquoted(value)}`;
    readComparison(key, comparison);
    return [before + key, comparison];
  }
  if (!isEqual) throw new RequestError(400, `${word}: ${key} is no number, write ${key}:${value}`);
  if (key !== 'unpriced') return [before + key, unquoted(value)];
  const isTrue = /^(true|yes)$/i.test(value);
  if (!isTrue && !/^(false|no)$/i.test(value))
    throw new RequestError(400, `unpriced is true or false, not ${value}`);
  return [isTrue === (before === '') ? key : EXCLUDES + key, 'true'];
}

/** The filter that a line ends with, to be completed; undefined where it ends with none. */
export function unfinishedFilter(
  text: string,
):
  | { readonly before: string; readonly key: string; readonly isExcluded: boolean; readonly value: string }
  | undefined {
  const [, before = '', minus = '', word = '', value = ''] =
    /^(.*?)(?:(?<=\s)|^)(-?)([a-z_]+):("[^"]*|[^\s"]*)$/is.exec(text) ?? [];
  const key = filterKeyOf(word);
  return key === undefined || key === 'time'
    ? undefined
    : { before, key, isExcluded: minus !== '', value: value.replace(/^"/, '') };
}

/** The line that says the same; values with blanks are in quotation marks. */
export function filterTextOf(params: readonly FilterPair[]): string {
  return params
    .map(([name, value]) => {
      const key = name.replace(/^-/, '');
      const before = key === name ? '' : EXCLUDES;
      if (key === 'score') return `${before}score:${scoreConditionText(readScoreText(value))}`;
      return isMeasure(key)
        ? `${before}${key}${/^[<>=]/.test(value) ? '' : '='}${value}`
        : `${before}${key}:${quotedWhereNeeded(value)}`;
    })
    .join(' ');
}

/** Parameters of an address that holds these pairs. */
export function filterParams(asked: readonly FilterPair[]): Record<string, string | string[]> {
  const params: Record<string, string | string[]> = {};
  for (const [name, value] of asked) {
    const before = params[name];
    params[name] = before === undefined ? value : [before, value].flat();
  }
  return params;
}

function isNamedTime(value: string): boolean {
  return PRESETS.some(([name]) => name === value.toLowerCase());
}
