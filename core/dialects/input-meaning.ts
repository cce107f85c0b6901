// What an input count means, shown by the numbers beside it: an emitter may say one thing in its documents and send another.

import { TOTAL_KEYS, UNCACHED_KEYS, type InputMeaning } from './dialect.ts';
import { plainNumber } from './plain-values.ts';

export interface SentCounts {
  readonly input: number;
  /** Read from the cache and written to it. */
  readonly cached: number;
  readonly output: number;
}

/** The meaning that the numbers leave as the only one; `undefined` where they fit both. */
export function meaningByNumbers(
  attributes: Readonly<Record<string, unknown>>,
  { input, cached, output }: SentCounts,
): InputMeaning | undefined {
  if (cached === 0) return undefined;
  if (input < cached) return 'exclusive';
  const uncached = firstCount(attributes, UNCACHED_KEYS);
  if (uncached !== undefined) {
    if (uncached + cached === input) return 'inclusive';
    if (uncached === input) return 'exclusive';
  }
  // A total of all tokens, the cached ones counted apart from the input.
  const total = firstCount(attributes, TOTAL_KEYS);
  return total !== undefined && total === input + cached + output ? 'exclusive' : undefined;
}

function firstCount(
  attributes: Readonly<Record<string, unknown>>,
  keys: readonly string[],
): number | undefined {
  for (const key of keys) {
    const count = plainNumber(attributes[key] ?? Number.NaN);
    if (Number.isSafeInteger(count)) return count;
  }
  return undefined;
}
