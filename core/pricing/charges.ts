// Charges: the exact price of a call before it is rounded, per bucket.
// A rate is an integer of pico-USD per token; a factor is an exact fraction. All sums are whole numbers of one
// unit, small enough for every factor, so nothing is lost until the one rounding to nano-USD at the end.

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

const UNITS_PER_NANO_USD = 1000n * BigInt(FACTOR_ONE) * BigInt(MULTIPLIER_ONE);

const BUCKETS = ['input', 'cacheRead', 'cacheWrite5m', 'cacheWrite1h', 'output', 'webSearch'] as const;

const TOKEN_BUCKETS = ['input', 'cacheRead', 'cacheWrite5m', 'cacheWrite1h', 'output'] as const;

/** Exact charges of a call, one per bucket, in the unit of this module. */
export type Charges = Record<(typeof BUCKETS)[number], bigint>;

export function createCharges(): Charges {
  return { input: 0n, cacheRead: 0n, cacheWrite5m: 0n, cacheWrite1h: 0n, output: 0n, webSearch: 0n };
}

/** Adds the tokens of one step at its rates. `factor` is in twentieths, `multiplier` in millionths. */
export function addTokens(
  charges: Charges,
  tokens: Pick<Usage, keyof RateCard>,
  rates: RateCard,
  factor: number,
  multiplier: number,
): void {
  const scale = BigInt(factor * multiplier);
  for (let index = 0; index < TOKEN_BUCKETS.length; index++) {
    const bucket = TOKEN_BUCKETS[index] as keyof RateCard;
    // Most calls have tokens in two or three buckets.
    if (tokens[bucket] !== 0) charges[bucket] += BigInt(tokens[bucket]) * BigInt(rates[bucket]) * scale;
  }
}

/** Adds web searches at a price in micro-USD each. `multiplier` is in millionths. */
export function addWebSearches(charges: Charges, count: number, microUsd: number, multiplier: number): void {
  if (count === 0) return;
  const picoUsd = BigInt(count) * BigInt(microUsd) * 1_000_000n;
  charges.webSearch += picoUsd * BigInt(FACTOR_ONE * multiplier);
}

/**
 * Rounds once: the total to the nearest nano-USD (half up), then the buckets down, and what is left over goes,
 * one nano-USD each, to the buckets with the largest remainders (the earlier bucket on a tie). So every bucket
 * is within one nano-USD of its exact charge, and they sum to the total.
 */
export function roundCharges(charges: Charges): { costNanoUsd: number; buckets: CostBuckets } {
  let exact = 0n;
  let floors = 0n;
  const rounded = createCharges();
  for (const bucket of BUCKETS) {
    if (charges[bucket] === 0n) continue;
    exact += charges[bucket];
    rounded[bucket] = charges[bucket] / UNITS_PER_NANO_USD;
    floors += rounded[bucket];
  }
  const total = (exact + UNITS_PER_NANO_USD / 2n) / UNITS_PER_NANO_USD;
  let left = Number(total - floors);
  if (left > 0) {
    const remainderOf = (bucket: (typeof BUCKETS)[number]): bigint => charges[bucket] % UNITS_PER_NANO_USD;
    const byRemainder = BUCKETS.toSorted((a, b) => Number(remainderOf(b) - remainderOf(a)));
    for (const bucket of byRemainder) {
      if (left === 0) break;
      rounded[bucket] += 1n;
      left -= 1;
    }
  }
  return {
    costNanoUsd: Number(total),
    buckets: {
      input: Number(rounded.input),
      cacheRead: Number(rounded.cacheRead),
      cacheWrite5m: Number(rounded.cacheWrite5m),
      cacheWrite1h: Number(rounded.cacheWrite1h),
      output: Number(rounded.output),
      webSearch: Number(rounded.webSearch),
    },
  };
}
