// Mistakes that others made with Claude prices. Each would show here.

import { describe, expect, it } from '@jest/globals';
import { costNanoUsd, price, rawUsage, reasonOf } from './price-request.ts';

describe('mistakes of others', () => {
  it('cache fields misread: reading cache_read_tokens makes the cache free', () => {
    // Sonnet 4.6: 5×3,000 + 128,955×300 + 1,253×6,000 + 500×15,000 = 53,719,500; without cache 7,515,000
    const usage = rawUsage({ input: 5, read: 128_955, write1h: 1253, output: 500 });
    expect(costNanoUsd({ model: 'claude-sonnet-4-6', usage })).toBe(53_719_500);
  });

  it('cache subtracted from a count that already excludes it: a negative cost', () => {
    // Opus 4.7: 10×5,000 + 50,000×500 + 5,000×6,250 + 1,000×25,000 = 81,300,000; the mistake gives −599,850,000
    const usage = rawUsage({ input: 10, read: 50_000, write5m: 5000, output: 1000 });
    const cost = price({ model: 'claude-opus-4-7', usage });
    expect(cost).toMatchObject({ costNanoUsd: 81_300_000, buckets: { input: 50_000 } });
  });

  it('one rate for both cache writes', () => {
    // Opus 4.7: 1,000×6,250 against 1,000×10,000
    expect(costNanoUsd({ model: 'claude-opus-4-7', usage: rawUsage({ write5m: 1000 }) })).toBe(6_250_000);
    expect(costNanoUsd({ model: 'claude-opus-4-7', usage: rawUsage({ write1h: 1000 }) })).toBe(10_000_000);
  });

  it.each([
    'claude-sonnet-5-9',
    'claude-opus-4-10',
    'claude-opus-4-8-turbo',
    'claude-opus-5-5-preview',
    'claude-opus',
    'claude-haiku-5',
    'claude-3-5-sonnet-v3',
    'my-claude-opus-5-5',
  ])('a sibling priced by prefix: %s', (model) => {
    expect(reasonOf({ model, usage: rawUsage({ input: 1 }) })).toBe('unknown_model');
  });

  it('a sibling that is known is priced as itself', () => {
    // 1,000×100 and 1,000×200 of cache reads
    const usage = rawUsage({ read: 1000 });
    expect(costNanoUsd({ model: 'claude-sonnet-5-5', usage })).toBe(100_000);
    expect(costNanoUsd({ model: 'claude-sonnet-5', usage })).toBe(200_000);
  });

  it('an unknown model priced as zero, or as a default model', () => {
    const cost = price({ model: 'claude-next', usage: rawUsage({ input: 1_000_000 }) });
    expect(cost.status).toBe('unpriced');
    expect(Object.keys(cost)).not.toContain('costNanoUsd');
  });

  it('compaction left out: the top level does not hold it', () => {
    // 100×4,000 + 10,000×4,000
    const usage = {
      ...rawUsage({ input: 100 }),
      iterations: [
        { type: 'compaction', ...rawUsage({ input: 10_000 }) },
        { type: 'message', model: 'claude-opus-5-5', ...rawUsage({ input: 100 }) },
      ],
    };
    expect(costNanoUsd({ model: 'claude-opus-5-5', usage })).toBe(40_400_000);
  });

  it('the price of Haiku 3.5 on Haiku 4.5, and of Opus 4.1 on Opus 4.5 and newer', () => {
    const usage = rawUsage({ input: 1000, output: 1000 });
    // 1,000×1,000 + 1,000×5,000; 1,000×5,000 + 1,000×25,000
    expect(costNanoUsd({ model: 'claude-haiku-4-5', usage })).toBe(6_000_000);
    expect(costNanoUsd({ model: 'claude-opus-4-5', usage })).toBe(30_000_000);
  });

  it('thinking tokens added to the output that holds them', () => {
    // 1,000×20,000
    const usage = { ...rawUsage({ output: 1000 }), output_tokens_details: { thinking_tokens: 900 } };
    expect(costNanoUsd({ model: 'claude-opus-5-5', usage })).toBe(20_000_000);
  });

  it('null counters read as NaN', () => {
    // 10×4,000 + 1×20,000
    const usage = {
      input_tokens: 10,
      output_tokens: 1,
      cache_creation_input_tokens: null,
      cache_read_input_tokens: null,
      cache_creation: null,
      server_tool_use: null,
      service_tier: null,
      inference_geo: null,
      speed: null,
      output_tokens_details: null,
      iterations: null,
      fallback_credit: null,
    };
    expect(price({ model: 'claude-opus-5-5', usage })).toMatchObject({
      status: 'priced',
      costNanoUsd: 60_000,
    });
  });
});
