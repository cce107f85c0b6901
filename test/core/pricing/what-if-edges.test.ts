// What-if at the edges of lifetimes: which tokens move to which bucket, and what is counted.

import { describe, expect, it } from '@jest/globals';
import { priceWhatIf, type WhatIfChange, type WhatIfResult } from '../../../core/pricing/what-if.ts';
import { MODEL, pricedCall, type PricedCall } from './priced-calls.ts';

const FIVE_MINUTES = 300_000;
const HOUR = 3_600_000;

const whatIf = (change: WhatIfChange, ...calls: PricedCall[]): WhatIfResult =>
  priceWhatIf(calls.map(pricedCall), change);

/** Tokens that are uncached, read, written for five minutes and for an hour, after the change. */
function bucketsOf(change: WhatIfChange, ...calls: PricedCall[]): number[] {
  const { input, cacheRead, cacheWrite5m, cacheWrite1h } = whatIf(change, ...calls).whatIfUsage;
  return [input, cacheRead, cacheWrite5m, cacheWrite1h];
}

const hashes = (...messages: string[]) => ({ 'tallyspan.prefix.messages': messages });

const next = (atMs: number, more: Partial<PricedCall> = {}): PricedCall => ({
  step: 2,
  atMs,
  input: 2_500,
  ...more,
});
const read = (one: PricedCall['fields'], other: PricedCall['fields'], input = 2_500): number | undefined =>
  bucketsOf(
    { cache: '5m' },
    { input: 2_000, fields: one ?? {} },
    next(5_000, { input, fields: other ?? {} }),
  )[1];
const again = (atMs: number): PricedCall => ({ step: 2, atMs, written5m: 2_500 });
const reading = (atMs: number): PricedCall => ({ step: 2, atMs, read: 2_000 });

describe('what is counted', () => {
  it('is every token of every call, before and after', () => {
    const calls = [
      { input: 1, read: 20, written5m: 300, written1h: 4_000 },
      { step: 2, atMs: 5_000, input: 5, fields: { web_searches: 2, tokens_thinking: 6 } },
    ];
    const usage = {
      input: 6,
      cacheRead: 20,
      cacheWrite5m: 300,
      cacheWrite1h: 4_000,
      output: 200,
      thinking: 6,
      webSearches: 2,
    };
    expect(whatIf({}, ...calls)).toMatchObject({
      calls: 2,
      changedCalls: 0,
      unpricedCalls: 0,
      actualUsage: usage,
      whatIfUsage: usage,
    });
    expect(whatIf({ cache: 'off' }, ...calls)).toMatchObject({
      changedCalls: 1,
      actualUsage: usage,
      whatIfUsage: { ...usage, input: 4_326, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0 },
    });
  });

  it('is the actual cost and the actual tokens where a call has no price', () => {
    const unheard = { input: 10, written5m: 5_000, fields: { 'gen_ai.response.model': 'claude-unheard-of' } };
    const result = whatIf({ cache: '1h' }, unheard, { input: 10, atMs: 5_000, written5m: 6_000 });
    expect(result).toMatchObject({ calls: 2, changedCalls: 2, unpricedCalls: 1 });
    expect(result.whatIfUsage).toMatchObject({ cacheWrite5m: 5_000, cacheWrite1h: 6_000 });
    const plain = whatIf({ cache: '1h' }, { input: 10, atMs: 5_000, written5m: 6_000 });
    expect(result.differenceNanoUsd).toBe(plain.differenceNanoUsd);
    expect(plain.differenceNanoUsd).toBeGreaterThan(0);
  });

  it('is no change for the model, tier and cache that are in force', () => {
    const call = { input: 10, written5m: 50 };
    const batch = { ...call, fields: { service_tier: 'batch' as const } };
    expect(whatIf({ model: MODEL, cache: '5m', isBatch: false }, call).changedCalls).toBe(0);
    expect(whatIf({ isBatch: true }, batch).changedCalls).toBe(0);
    expect(whatIf({ isBatch: true }, call).changedCalls).toBe(1);
    expect(whatIf({ model: 'claude-sonnet-5-5' }, call).changedCalls).toBe(1);
    const both = whatIf({ model: 'claude-sonnet-5-5', isBatch: true }, call).whatIfNanoUsd;
    const model = whatIf({ model: 'claude-sonnet-5-5' }, call).whatIfNanoUsd;
    expect(Math.abs(both * 2 - model)).toBeLessThanOrEqual(1);
  });
});

describe('caching where there was none', () => {
  const first = { input: 2_000 };

  it('writes what is new and reads what was sent before, within the life of the cache', () => {
    expect(bucketsOf({ cache: '5m' }, first)).toEqual([0, 0, 2_000, 0]);
    expect(bucketsOf({ cache: '1h' }, first)).toEqual([0, 0, 0, 2_000]);
    expect(bucketsOf({ cache: '5m' }, first, next(FIVE_MINUTES))).toEqual([0, 2_000, 2_500, 0]);
    expect(bucketsOf({ cache: '5m' }, first, next(FIVE_MINUTES + 1))).toEqual([0, 0, 4_500, 0]);
    expect(bucketsOf({ cache: '1h' }, first, next(HOUR))).toEqual([0, 2_000, 0, 2_500]);
    expect(bucketsOf({ cache: '1h' }, first, next(HOUR + 1))).toEqual([0, 0, 0, 4_500]);
  });

  it('needs a prompt of 1,024 tokens', () => {
    expect(bucketsOf({ cache: '5m' }, { input: 1_023 })).toEqual([1_023, 0, 0, 0]);
    expect(bucketsOf({ cache: '5m' }, { input: 1_024 })).toEqual([0, 0, 1_024, 0]);
  });

  it('reads only what the call repeats: its tools, its system prompt, all messages, or more tokens', () => {
    expect(read({}, {}, 2_000)).toBe(2_000);
    expect(read({}, {}, 1_999)).toBe(0);
    expect(read({ 'tallyspan.prefix.tools': 'a' }, { 'tallyspan.prefix.tools': 'b' })).toBe(0);
    expect(read({ 'tallyspan.prefix.system': 'a' }, { 'tallyspan.prefix.system': 'b' })).toBe(0);
    expect(read(hashes('a'), hashes('a', 'b'))).toBe(2_000);
    expect(read(hashes('a', 'x'), hashes('a', 'b'))).toBe(0);
    expect(read(hashes('a'), {})).toBe(2_000);
    expect(read(hashes('a'), hashes('a', 'b'), 1_500)).toBe(1_500);
    const other = { ...hashes('a'), 'gen_ai.response.model': 'claude-sonnet-5-5' };
    expect(read(other, hashes('a', 'b'))).toBe(0);
  });

  it('reads nothing of another conversation', () => {
    const elsewhere = next(5_000, { fields: { 'agent.run_id': 'other' } });
    expect(bucketsOf({ cache: '5m' }, first, elsewhere)).toEqual([0, 0, 4_500, 0]);
  });
});

describe('an hour instead of five minutes', () => {
  const first = { written5m: 2_000 };

  it('writes for an hour what was written, and reads what had expired within it', () => {
    expect(bucketsOf({ cache: '1h' }, first)).toEqual([0, 0, 0, 2_000]);
    expect(bucketsOf({ cache: '1h' }, first, again(FIVE_MINUTES))).toEqual([0, 0, 0, 4_500]);
    expect(bucketsOf({ cache: '1h' }, first, again(FIVE_MINUTES + 1))).toEqual([0, 2_000, 0, 2_500]);
    expect(bucketsOf({ cache: '1h' }, first, again(HOUR))).toEqual([0, 2_000, 0, 2_500]);
    expect(bucketsOf({ cache: '1h' }, first, again(HOUR + 1))).toEqual([0, 0, 0, 4_500]);
  });

  it('reads no more than was written again, nor what was read anyway', () => {
    const late = { step: 2, atMs: FIVE_MINUTES + 1 };
    const within = [{ ...late, read: 1_500, written5m: 800 }] as const;
    expect(bucketsOf({ cache: '1h' }, first, ...within)).toEqual([0, 2_000, 0, 2_300]);
    expect(bucketsOf({ cache: '1h' }, first, { ...late, input: 2_000, written5m: 100 })).toEqual([
      2_000, 100, 0, 2_000,
    ]);
    expect(bucketsOf({ cache: '1h' }, first, { ...late, read: 3_000, written5m: 100 })).toEqual([
      0, 3_000, 0, 2_100,
    ]);
  });

  it('reads nothing that the call does not repeat', () => {
    const changed = {
      step: 2,
      atMs: FIVE_MINUTES + 1,
      written5m: 2_500,
      fields: { 'tallyspan.prefix.tools': 'b' },
    };
    expect(bucketsOf({ cache: '1h' }, first, changed)).toEqual([0, 0, 0, 4_500]);
  });

  it('leaves alone what is written for an hour already', () => {
    expect(whatIf({ cache: '1h' }, { written1h: 500 }).changedCalls).toBe(0);
    expect(bucketsOf({ cache: '1h' }, { written5m: 10, written1h: 500 })).toEqual([0, 0, 0, 510]);
  });
});

describe('five minutes instead of an hour', () => {
  const first = { written1h: 2_000 };

  it('writes again what was read after a longer gap', () => {
    expect(bucketsOf({ cache: '5m' }, first, reading(FIVE_MINUTES))).toEqual([0, 2_000, 2_000, 0]);
    expect(bucketsOf({ cache: '5m' }, first, reading(FIVE_MINUTES + 1))).toEqual([0, 0, 4_000, 0]);
    const writing = { ...reading(FIVE_MINUTES + 1), written1h: 30 };
    expect(bucketsOf({ cache: '5m' }, first, writing)).toEqual([0, 0, 4_030, 0]);
  });

  it('leaves alone what lives five minutes already', () => {
    const calls = [{ written5m: 2_000 }, { step: 2, atMs: FIVE_MINUTES + 1, read: 2_000 }];
    expect(whatIf({ cache: '5m' }, ...calls).changedCalls).toBe(0);
    const unread = { step: 2, atMs: FIVE_MINUTES + 1, written5m: 2_000 };
    expect(whatIf({ cache: '5m' }, first, unread).changedCalls).toBe(1);
  });
});
