// Every boundary of the table, one second to either side. A row holds from the first moment of its first day, UTC.

import { describe, expect, it } from '@jest/globals';
import { PRICED_MODELS } from '../../../core/prices/table.ts';
import { costNanoUsd, price, rawUsage, reasonOf } from './price-request.ts';

const SECOND_MS = 1000;
const before = (day: string): string => new Date(Date.parse(day) - SECOND_MS).toISOString();
const after = (day: string): string => new Date(Date.parse(day) + SECOND_MS).toISOString();

const LONG = rawUsage({ input: 200_001 });
const FAST = { ...rawUsage({ input: 1000 }), speed: 'fast' };

describe('a change of price', () => {
  it.each([
    // 1,000 × 200, then × 100
    ['claude-sonnet-5-5', '2026-10-07', rawUsage({ read: 1000 }), 200_000, 100_000],
    // 200,001 × 10,000, then × 5,000
    ['claude-opus-4-6', '2026-03-13', LONG, 2_000_010_000, 1_000_005_000],
    // 200,001 × 6,000, then × 3,000
    ['claude-sonnet-4-6', '2026-03-13', LONG, 1_200_006_000, 600_003_000],
    ['claude-sonnet-4-5', '2026-04-30', LONG, 1_200_006_000, 600_003_000],
    ['claude-sonnet-4', '2026-04-30', LONG, 1_200_006_000, 600_003_000],
    // 1,000 × 30,000, then standard 1,000 × 5,000
    ['claude-opus-4-6', '2026-06-27', FAST, 30_000_000, 5_000_000],
    // 1,000 × 1,000, then × 800
    ['claude-3-5-haiku', '2024-12-03', rawUsage({ input: 1000 }), 1_000_000, 800_000],
  ])('%s on %s', (model, day, usage, costBefore, costAfter) => {
    expect(costNanoUsd({ model, usage, at: before(day) })).toBe(costBefore);
    expect(costNanoUsd({ model, usage, at: day })).toBe(costAfter);
    expect(costNanoUsd({ model, usage, at: after(day) })).toBe(costAfter);
  });

  it('did not come to Sonnet 5 on 2026-09-01: the rise was cancelled', () => {
    // 1,000 × 2,000 on either side
    const usage = rawUsage({ input: 1000 });
    expect(costNanoUsd({ model: 'claude-sonnet-5', usage, at: before('2026-09-01') })).toBe(2_000_000);
    expect(costNanoUsd({ model: 'claude-sonnet-5', usage, at: after('2026-09-01') })).toBe(2_000_000);
  });
});

describe('the end of a fast mode', () => {
  it.each([
    // 1,000 × 30,000
    ['claude-opus-4-7', '2026-07-24', 30_000_000],
    // 1,000 × 10,000
    ['claude-opus-4-8', '2026-11-30', 10_000_000],
  ])('%s on %s: a fast call has no price any more, a standard one keeps its own', (model, day, fastCost) => {
    expect(costNanoUsd({ model, usage: FAST, at: before(day) })).toBe(fastCost);
    for (const at of [day, after(day)]) {
      expect(reasonOf({ model, usage: FAST, at })).toBe('fast_not_in_table');
      // 1,000 × 5,000
      expect(costNanoUsd({ model, usage: rawUsage({ input: 1000 }), at })).toBe(5_000_000);
    }
  });
});

describe('a model', () => {
  const firstDays = PRICED_MODELS.map(({ id, rows }) => [id, rows[0]?.validFrom ?? ''] as const);
  it.each(firstDays)('%s has no price before %s', (model, day) => {
    const usage = rawUsage({ input: 1 });
    const cost = price({ model, usage, at: before(day) });
    expect(cost).toMatchObject({ status: 'unpriced', reason: 'unknown_model' });
    expect(cost).toHaveProperty('detail', `${model} has no price row at ${before(day)}`);
    expect(price({ model, usage, at: day }).status).toBe('priced');
    expect(price({ model, usage, at: after(day) }).status).toBe('priced');
  });
});
