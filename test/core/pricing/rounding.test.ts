// Rounding: once for the call, the rest to the largest remainders.

import { describe, expect, it } from '@jest/globals';
import {
  addTokens,
  createCharges,
  FACTOR_ONE,
  MULTIPLIER_ONE,
  roundCharges,
  type Charges,
} from '../../../core/pricing/charges.ts';
import { costNanoUsd, rawUsage } from './price-request.ts';

const UNITS_PER_NANO = 1000n * BigInt(FACTOR_ONE) * BigInt(MULTIPLIER_ONE);

const usBatch = (read: number): number =>
  costNanoUsd({
    model: 'claude-haiku-5-5',
    usage: { ...rawUsage({ read }), service_tier: 'batch', inference_geo: 'us' },
  });

const chargeOf = (count: number): Charges => {
  const charges = createCharges();
  addTokens(
    charges,
    { input: count, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: 0 },
    { input: 5, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: 0 },
    FACTOR_ONE,
    MULTIPLIER_ONE,
  );
  return charges;
};

/** Charges in tenths of a nano-dollar. */
const nano = (input: bigint, output: bigint, webSearch: bigint): Charges => ({
  ...createCharges(),
  input: (input * UNITS_PER_NANO) / 10n,
  output: (output * UNITS_PER_NANO) / 10n,
  webSearch: (webSearch * UNITS_PER_NANO) / 10n,
});

describe('rounding', () => {
  it('goes up at one half, once for the call', () => {
    // Haiku 5.5 in a US batch: reads at 10 × 0.55 = 5.5 nano-dollars; 1 → 5.5 → 6, 3 → 16.5 → 17
    expect([usBatch(1), usBatch(2), usBatch(3)]).toEqual([6, 11, 17]);
    // 100 tokens at 5 pico-dollars are one half, 99 are less
    expect(roundCharges(chargeOf(100)).costNanoUsd).toBe(1);
    expect(roundCharges(chargeOf(99)).costNanoUsd).toBe(0);
  });

  it('gives what is left over to the largest remainders, the earlier bucket on a tie', () => {
    // 0.4 + 0.7 + 0.5 = 1.6 → 2: to output and web search
    expect(roundCharges(nano(4n, 7n, 5n))).toMatchObject({
      costNanoUsd: 2,
      buckets: { input: 0, output: 1, webSearch: 1 },
    });
    // 0.5 + 0.5 = 1.0 → 1: to input
    expect(roundCharges(nano(5n, 5n, 0n)).buckets).toMatchObject({ input: 1, output: 0 });
    // 1.4 + 2.3 + 0.7 = 4.4 → 4
    expect(roundCharges(nano(14n, 23n, 7n)).buckets).toMatchObject({ input: 1, output: 2, webSearch: 1 });
  });
});
