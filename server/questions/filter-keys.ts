// The words that a filter may begin with, and what was meant by one that is none of them.

import { nearestOf } from '../../core/text/nearest.ts';
import { MEASURES, RUN_CHOICES, type Measure, type RunChoiceName } from '../queries/runs/run-filter.ts';
import { RequestError } from './request-error.ts';

/** What stands before a sign: a name, a size, a score, whether calls have prices, or the time. */
export type FilterKey = RunChoiceName | Measure | 'score' | 'unpriced' | 'time';

const KEYS: readonly FilterKey[] = [...RUN_CHOICES, ...MEASURES, 'score', 'unpriced', 'time'];

/** Other names that people write for the same. */
const SYNONYMS: Readonly<Record<string, FilterKey>> = {
  id: 'run',
  parent: 'parentRun',
  conversation: 'session',
  latency: 'duration',
  tokens_in: 'tokens',
  label: 'tag',
};
const FARTHEST = 3;

/** In any case of letters; undefined where it is none. */
export function filterKeyOf(word: string): FilterKey | undefined {
  const name = word.toLowerCase();
  return SYNONYMS[name] ?? KEYS.find((key) => key.toLowerCase() === name);
}

export function isMeasure(key: string): key is Measure {
  return (MEASURES as readonly string[]).includes(key);
}

/** Says that a word is no name of a filter, and which one was probably meant. */
export function unknownName(
  name: string,
  known: readonly string[],
  what: 'filter' | 'parameter',
): RequestError {
  const written = name.replace(/^-/, '');
  const positive = [...new Set(known.map((one) => one.replace(/^-/, '')))];
  const near = nearestOf(written.toLowerCase(), positive, Math.min(FARTHEST, written.length - 1));
  const minus = name === written ? '' : '-';
  const all = positive.length === 0 ? 'there are none' : `there are ${positive.join(', ')}`;
  const hint = near === undefined ? all : `did you mean ${minus}${near}?`;
  return new RequestError(400, `${name} is no ${what}: ${hint}`);
}

const SLIP = 2;

/** The line with each name that is none, and is a slip away from one, as that one; undefined where there is no such name. */
export function meantFilters(line: string): string | undefined {
  const meant = line.replaceAll(/(?<=^-?|\s-?)[A-Za-z]+(?=[:<>=])/g, (name) =>
    filterKeyOf(name) === undefined
      ? (nearestOf(name.toLowerCase(), KEYS, Math.min(SLIP, name.length - 1)) ?? name)
      : name,
  );
  return meant === line ? undefined : meant;
}

export function unknownFilter(name: string): RequestError {
  const { message } = unknownName(name, KEYS, 'filter');
  return new RequestError(400, `${message}; a text with a sign in it is looked for in quotation marks`);
}
