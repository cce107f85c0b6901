// Charges: the exact price of a call before it is rounded, per bucket.
// A rate is an integer of pico-USD per token; a factor is an exact fraction. All sums are whole numbers of one
// unit, small enough for every factor, so nothing is lost until the one rounding to nano-USD at the end. Without a
// contract multiplier they nearly always fit a number, which is much quicker than a big one.

import type { RateCard } from '../prices/price-row.ts';
import type { Usage } from './usage.ts';

/** Cost per bucket, nano-USD. The buckets sum to the cost of the call exactly. */
export interface CostBuckets {
  readonly input: number;
  readonly cacheRead: number;
  readonly cacheWrite5m: number;
  readonly cacheWrite1h: number;
  readonly output: number;
  readonly webSearch: number;
}

/** Factors are counted in twentieths: batch is 10, a surcharge of 10 % is 22, both together are 11. */
export const FACTOR_ONE = 20;
/** A contract multiplier is counted in millionths. */
export const MULTIPLIER_ONE = 1_000_000;

/** Units of a number, and of a big number: those are a millionth of them. */
const UNITS_PER_NANO_USD = 1000 * FACTOR_ONE;
const SMALL_UNITS_PER_NANO_USD = UNITS_PER_NANO_USD * MULTIPLIER_ONE;

const BUCKETS = ['input', 'cacheRead', 'cacheWrite5m', 'cacheWrite1h', 'output', 'webSearch'] as const;

const TOKEN_BUCKETS = ['input', 'cacheRead', 'cacheWrite5m', 'cacheWrite1h', 'output'] as const;

/** Exact charges of a call, one per bucket: twentieths of a pico-USD as a number, or millionths of them as a big one. */
export type Charges = Record<(typeof BUCKETS)[number], number | bigint>;

export function createCharges(): Charges {
  return { input: 0, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: 0, webSearch: 0 };
}

/** Adds the tokens of one step at its rates. `factor` is in twentieths, `multiplier` in millionths. */
export function addTokens(
  charges: Charges,
  tokens: Pick<Usage, keyof RateCard>,
  rates: RateCard,
  factor: number,
  multiplier: number,
): void {
  for (let index = 0; index < TOKEN_BUCKETS.length; index++) {
    const bucket = TOKEN_BUCKETS[index] as keyof RateCard;
    // Most calls have tokens in two or three buckets.
    if (tokens[bucket] !== 0) add(charges, bucket, tokens[bucket], rates[bucket], factor, multiplier);
  }
}

/** Adds web searches at a price in micro-USD each. `multiplier` is in millionths. */
export function addWebSearches(charges: Charges, count: number, microUsd: number, multiplier: number): void {
  if (count !== 0) add(charges, 'webSearch', count, microUsd * 1_000_000, FACTOR_ONE, multiplier);
}

function add(
  charges: Charges,
  bucket: keyof Charges,
  count: number,
  picoUsd: number,
  factor: number,
  multiplier: number,
): void {
  const before = charges[bucket];
  if (multiplier === MULTIPLIER_ONE && typeof before === 'number') {
    const sum = before + count * picoUsd * factor;
    if (Number.isSafeInteger(sum)) {
      charges[bucket] = sum;
      return;
    }
  }
  const exact = typeof before === 'bigint' ? before : BigInt(before) * BigInt(MULTIPLIER_ONE);
  charges[bucket] = exact + BigInt(count) * BigInt(picoUsd) * BigInt(factor * multiplier);
}

/**
 * Rounds once: the total to the nearest nano-USD (half up), then the buckets down, and what is left over goes,
 * one nano-USD each, to the buckets with the largest remainders (the earlier bucket on a tie). So every bucket
 * is within one nano-USD of its exact charge, and they sum to the total.
 */
export function roundCharges(charges: Charges): { costNanoUsd: number; buckets: CostBuckets } {
  const buckets = { input: 0, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: 0, webSearch: 0 };
  const remainders: number[] = [];
  let costNanoUsd = 0;
  let rest = 0;
  for (let index = 0; index < BUCKETS.length; index++) {
    const bucket = BUCKETS[index] as keyof Charges;
    const charge = charges[bucket];
    const remainder =
      typeof charge === 'number'
        ? (charge % UNITS_PER_NANO_USD) * MULTIPLIER_ONE
        : Number(charge % BigInt(SMALL_UNITS_PER_NANO_USD));
    buckets[bucket] =
      typeof charge === 'number'
        ? (charge - (charge % UNITS_PER_NANO_USD)) / UNITS_PER_NANO_USD
        : Number(charge / BigInt(SMALL_UNITS_PER_NANO_USD));
    costNanoUsd += buckets[bucket];
    remainders.push(remainder);
    rest += remainder;
  }
  for (let left = Math.floor(rest / SMALL_UNITS_PER_NANO_USD + 0.5); left > 0; left--) {
    const largest = remainders.indexOf(Math.max(...remainders));
    remainders[largest] = -1;
    buckets[BUCKETS[largest] as keyof Charges] += 1;
    costNanoUsd += 1;
  }
  return { costNanoUsd, buckets };
}
