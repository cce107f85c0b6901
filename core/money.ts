// Money is counted in whole nano-USD, so that sums are exact; USD is for people and for fields that say so.

export const NANO_USD_PER_USD = 1_000_000_000;

/** Nano-USD as USD; null stays null. */
export function usdOf(nanoUsd: number): number;
export function usdOf(nanoUsd: number | null): number | null;
export function usdOf(nanoUsd: number | null): number | null {
  return nanoUsd === null ? null : nanoUsd / NANO_USD_PER_USD;
}

/** USD as nano-USD, rounded. */
export function nanoUsdOf(usd: number): number {
  return Math.round(usd * NANO_USD_PER_USD);
}
