// A filter text says which runs are looked for in one line that a person writes: `user:ana tool:search status:failed
// cost>0.5 duration<10s score:helpful<0.7 timeout`. A word with a colon names a dimension or a score, one with a sign a
// measure; what is left is text.

import { durationMsOf } from '../../core/time/duration.ts';
import { NANO_USD_PER_USD } from '../../core/money.ts';
import { MEASURE_SIGNS, type MeasureSign } from '../queries/runs/measure-sign.ts';
import {
  MEASURES,
  RUN_TEXT_FILTERS,
  type MeasureCondition,
  type Measure,
  type RunTextFilter,
} from '../queries/runs/run-filter.ts';
import { quotedWhereNeeded, unquoted } from './quoted-text.ts';
import { RequestError } from './request-error.ts';
import { readScoreText, scoreConditionText } from './score-text.ts';
import { PRESETS } from './time-presets.ts';

/** Parameters of an address, in the order in which they were written; a measure may stand twice. */
export interface FilterWords {
  readonly params: readonly (readonly [string, string])[];
  /** What is neither a dimension nor a measure. */
  readonly rest: string;
}

/** Other names that people write for the same. */
const SYNONYMS: Readonly<Record<string, string>> = {
  id: 'run',
  conversation: 'session',
  time: 'duration',
  latency: 'duration',
  tokens_in: 'tokens',
  label: 'tag',
};
/** Quotation marks hold blanks together wherever they stand: `score:"was it right"=no`. */
const WORD = /(?:"(?:[^"\\]|\\.)*"|[^\s])+/g;
const TERM = /^([a-z_]+)(:|<=|>=|=|<|>)(.+)$/is;

/** @throws RequestError on a measure that is no number, or a score that cannot be one */
export function readFilterText(text: string): FilterWords {
  const params: [string, string][] = [];
  const rest: string[] = [];
  for (const word of text.match(WORD) ?? []) {
    const term = TERM.exec(word);
    const key = term === null ? undefined : keyOf(term[1] ?? '');
    if (term === null || key === undefined) {
      rest.push(unquoted(word));
      continue;
    }
    const [, name = '', sign = ':', value = ''] = term;
    // As groups write it: `user:ana time:yesterday`; with a length it is how long a run took.
    if (name.toLowerCase() === 'time' && sign === ':' && isNamedTime(value)) {
      params.push(['time', value.toLowerCase()]);
      continue;
    }
    if (key === 'score')
      params.push([key, scoreConditionText(readScoreText(sign === ':' ? value : `${sign}${value}`))]);
    else if (isMeasure(key)) {
      const comparison = `${sign === ':' || sign === '=' ? '=' : sign}${unquoted(value)}`;
      readComparison(key, comparison);
      params.push([key, comparison]);
    } else if (sign === ':' || sign === '=') params.push([key, unquoted(value)]);
    else rest.push(word);
  }
  return { params, rest: rest.join(' ') };
}

/** The filter that a line ends with, to be completed; undefined where it ends with none. */
export function unfinishedFilter(
  text: string,
): { readonly before: string; readonly key: string; readonly value: string } | undefined {
  const [, before = '', word = '', value = ''] =
    /^(.*?)(?:(?<=\s)|^)([a-z_]+):("[^"]*|[^\s"]*)$/is.exec(text) ?? [];
  const key = keyOf(word);
  return key === undefined ? undefined : { before, key, value: value.replace(/^"/, '') };
}

/** The line that says the same; values with blanks are in quotation marks. */
export function filterTextOf(params: readonly (readonly [string, string])[]): string {
  return params
    .map(([key, value]) => {
      if (key === 'score') return `score:${scoreConditionText(readScoreText(value))}`;
      return isMeasure(key) ? `${key}${value}` : `${key}:${quotedWhereNeeded(value)}`;
    })
    .join(' ');
}

/** What a measure is compared with: `>0.5` dollars, `<10s`, `>=5`. @throws RequestError */
export function readComparison(measure: Measure, text: string): MeasureCondition {
  const [, sign = '=', value = ''] = /^(<=|>=|=|<|>)?\s*(.+)$/.exec(text) ?? [];
  const number =
    measure === 'cost'
      ? Number(value.replace(/^\$/, '')) * NANO_USD_PER_USD
      : measure === 'duration'
        ? (durationMsOf(value) ?? Number.NaN)
        : Number(value);
  if (value.trim() === '' || !Number.isFinite(number))
    throw new RequestError(
      400,
      `${measure} is compared with a number, such as ${EXAMPLES[measure]}, not ${text}`,
    );
  return {
    measure,
    sign: (MEASURE_SIGNS as readonly string[]).includes(sign) ? (sign as MeasureSign) : '=',
    value: number,
  };
}

/** Comparisons as an address has them. */
export function comparisonParams(
  comparisons: readonly MeasureCondition[],
): Partial<Record<Measure, string[]>> {
  const params: Partial<Record<Measure, string[]>> = {};
  for (const { measure, sign, value } of comparisons) {
    const text =
      measure === 'cost'
        ? String(value / NANO_USD_PER_USD)
        : measure === 'duration'
          ? `${value / 1000}s`
          : String(value);
    (params[measure] ??= []).push(sign + text);
  }
  return params;
}

const EXAMPLES: Readonly<Record<Measure, string>> = {
  cost: 'cost>0.5',
  duration: 'duration>10s',
  turns: 'turns>=5',
  tools: 'tools>3',
  tokens: 'tokens>100000',
};

function isNamedTime(value: string): boolean {
  return PRESETS.some(([name]) => name === value.toLowerCase());
}

function keyOf(word: string): RunTextFilter | Measure | 'score' | undefined {
  const name = word.toLowerCase();
  const key = SYNONYMS[name] ?? name;
  return key === 'score' || isMeasure(key) || isTextFilter(key) ? key : undefined;
}

function isMeasure(key: string): key is Measure {
  return (MEASURES as readonly string[]).includes(key);
}

function isTextFilter(key: string): key is RunTextFilter {
  return (RUN_TEXT_FILTERS as readonly string[]).includes(key);
}
