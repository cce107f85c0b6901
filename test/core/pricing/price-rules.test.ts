// Each pricing rule on a call whose cost was worked out by hand. $1 per million tokens is 1,000 nano-USD a token.

import { describe, expect, it } from '@jest/globals';
import { costNanoUsd, price, rawUsage, TURN } from './price-request.ts';

describe('every model is charged at its own five rates', () => {
  it.each([
    // 10×8,000 + 50,000×200 + 5,000×10,000 + 1,000×16,000 + 1,000×40,000
    ['claude-fable-5-2', 116_080_000],
    // 10×10,000 + 50,000×250 + 5,000×12,500 + 1,000×20,000 + 1,000×50,000
    ['claude-fable-5-1', 145_100_000],
    ['claude-mythos-5-1', 145_100_000],
    // read 1,000 instead of 250: + 50,000×750
    ['claude-fable-5', 182_600_000],
    ['claude-mythos-5', 182_600_000],
    // 10×4,000 + 50,000×200 + 5,000×5,000 + 1,000×8,000 + 1,000×20,000
    ['claude-opus-5-5', 63_040_000],
    // 10×5,000 + 50,000×500 + 5,000×6,250 + 1,000×10,000 + 1,000×25,000
    ['claude-opus-5', 91_300_000],
    ['claude-opus-4-8', 91_300_000],
    ['claude-opus-4-7', 91_300_000],
    ['claude-opus-4-6', 91_300_000],
    ['claude-opus-4-5', 91_300_000],
    // 10×15,000 + 50,000×1,500 + 5,000×18,750 + 1,000×30,000 + 1,000×75,000
    ['claude-opus-4-1', 273_900_000],
    ['claude-opus-4-20250514', 273_900_000],
    ['claude-3-opus-20240229', 273_900_000],
    // 10×2,000 + 50,000×100 + 5,000×2,500 + 1,000×4,000 + 1,000×10,000
    ['claude-sonnet-5-5', 31_520_000],
    // read 200 instead of 100: + 50,000×100
    ['claude-sonnet-5', 36_520_000],
    // 10×3,000 + 50,000×300 + 5,000×3,750 + 1,000×6,000 + 1,000×15,000
    ['claude-sonnet-4-6', 54_780_000],
    ['claude-sonnet-4-5', 54_780_000],
    ['claude-sonnet-4-20250514', 54_780_000],
    ['claude-3-7-sonnet-20250219', 54_780_000],
    ['claude-3-5-sonnet-20241022', 54_780_000],
    // 10×100 + 50,000×10 + 5,000×125 + 1,000×200 + 1,000×500 (prompt 56,010)
    ['claude-haiku-5-5', 1_826_000],
    // 10×1,000 + 50,000×100 + 5,000×1,250 + 1,000×2,000 + 1,000×5,000
    ['claude-haiku-4-5', 18_260_000],
    // 10×800 + 50,000×80 + 5,000×1,000 + 1,000×1,600 + 1,000×4,000
    ['claude-3-5-haiku-20241022', 14_608_000],
    // 10×250 + 50,000×30 + 5,000×300 + 1,000×500 + 1,000×1,250
    ['claude-3-haiku-20240307', 4_752_500],
  ])('%s', (model, expected) => {
    const cost = price({ model, usage: TURN });
    expect(cost).toMatchObject({ status: 'priced', costNanoUsd: expected });
  });
});

describe('batch', () => {
  it('halves every token bucket, cache included', () => {
    // Opus 5.5, 63,040,000 / 2
    expect(costNanoUsd({ model: 'claude-opus-5-5', usage: { ...TURN, service_tier: 'batch' } })).toBe(
      31_520_000,
    );
  });
  it('stacks with data residency: × 0.5 × 1.1', () => {
    // 63,040,000 × 0.55
    const usage = { ...TURN, service_tier: 'batch', inference_geo: 'us' };
    expect(costNanoUsd({ model: 'claude-opus-5-5', usage })).toBe(34_672_000);
  });
  it('leaves web searches at their price', () => {
    // 1,000 output × 20,000 / 2 + 3 × 10,000,000
    const usage = {
      ...rawUsage({ output: 1000 }),
      service_tier: 'batch',
      server_tool_use: { web_search_requests: 3 },
    };
    expect(costNanoUsd({ model: 'claude-opus-5-5', usage })).toBe(40_000_000);
  });
});

describe('a long prompt moves the whole request, output too', () => {
  it.each([
    // 100,000×100 + 1,000×500: exactly the threshold is not over it
    [{ input: 100_000, output: 1000 }, 10_500_000],
    // 100,001×500 + 1,000×2,500
    [{ input: 100_001, output: 1000 }, 52_500_500],
    // 1×500 + 50,000×50 + 25,000×625 + 25,000×1,000 + 1,000×2,500: reads and writes count
    [{ input: 1, read: 50_000, write5m: 25_000, write1h: 25_000, output: 1000 }, 45_625_500],
    // output does not count: 10×100 + 200,000×500
    [{ input: 10, output: 200_000 }, 100_001_000],
  ])('Haiku 5.5, %j', (counts, expected) => {
    expect(price({ model: 'claude-haiku-5-5', usage: rawUsage(counts) })).toMatchObject({
      status: 'priced',
      costNanoUsd: expected,
    });
  });
  it('with batch, residency and regions on top', () => {
    // 52,500,500 × 0.5, × 1.1, × 1.1
    const usage = rawUsage({ input: 100_001, output: 1000 });
    expect(costNanoUsd({ model: 'claude-haiku-5-5', usage: { ...usage, service_tier: 'batch' } })).toBe(
      26_250_250,
    );
    expect(costNanoUsd({ model: 'claude-haiku-5-5', usage: { ...usage, inference_geo: 'us' } })).toBe(
      57_750_550,
    );
    expect(costNanoUsd({ model: 'us.anthropic.claude-haiku-5-5', usage })).toBe(57_750_550);
  });
  it.each([
    // 200,001 × 6,000 + 1,000 × 22,500
    ['claude-sonnet-4-6', '2026-03-01', 1_222_506_000],
    ['claude-sonnet-4-5', '2026-04-01', 1_222_506_000],
    ['claude-sonnet-4', '2025-12-01', 1_222_506_000],
    // 200,001 × 10,000 + 1,000 × 37,500
    ['claude-opus-4-6', '2026-03-01', 2_037_510_000],
    // flat today: 200,001 × 3,000 + 1,000 × 15,000
    ['claude-sonnet-4-6', '2026-11-01', 615_003_000],
  ])('%s over 200,000 tokens on %s', (model, at, expected) => {
    expect(costNanoUsd({ model, at, usage: rawUsage({ input: 200_001, output: 1000 }) })).toBe(expected);
  });
  it('doubled the cache rates too', () => {
    // Sonnet 4.5: 200,000×600 + 1,000×7,500 + 1,000×12,000
    const usage = rawUsage({ read: 200_000, write5m: 1000, write1h: 1000 });
    expect(costNanoUsd({ model: 'claude-sonnet-4-5', at: '2026-01-01', usage })).toBe(139_500_000);
    // Opus 4.6: 200,000×1,000 + 1,000×12,500 + 1,000×20,000
    expect(costNanoUsd({ model: 'claude-opus-4-6', at: '2026-03-01', usage })).toBe(232_500_000);
  });
  it('all models from 4.6 on but Haiku 5.5 are flat to a million tokens', () => {
    // 900,000 × 4,000
    expect(costNanoUsd({ model: 'claude-opus-5-5', usage: rawUsage({ input: 900_000 }) })).toBe(
      3_600_000_000,
    );
  });
});

describe('server tools', () => {
  it('a web search costs one cent whatever else applies', () => {
    // 7 × 10,000,000, residency and all
    const usage = { ...rawUsage({}), inference_geo: 'us', server_tool_use: { web_search_requests: 7 } };
    const cost = price({ model: 'claude-opus-5-5', usage });
    expect(cost).toMatchObject({ costNanoUsd: 70_000_000, buckets: { webSearch: 70_000_000, input: 0 } });
  });
  it('a web fetch is free', () => {
    const usage = {
      ...rawUsage({ input: 1 }),
      server_tool_use: { web_search_requests: 0, web_fetch_requests: 9 },
    };
    expect(costNanoUsd({ model: 'claude-opus-5-5', usage })).toBe(4000);
  });
  it('code execution makes the cost partial: no response tells the container hours', () => {
    expect(price({ model: 'claude-opus-5-5', usage: TURN, hasCodeExecution: true })).toMatchObject({
      status: 'partial',
      reason: 'code_execution',
      costNanoUsd: 63_040_000,
    });
    const usage = { ...TURN, server_tool_use: { code_execution_requests: 1 } };
    expect(price({ model: 'claude-opus-5-5', usage }).status).toBe('partial');
  });
});

describe('a refusal', () => {
  const refusal = { model: 'claude-fable-5-1', stopReason: 'refusal' } as const;
  const usage = rawUsage({ input: 412, output: 1 });
  it('before any output costs nothing although usage shows tokens', () => {
    expect(price({ ...refusal, usage, hasOutput: false })).toMatchObject({
      status: 'priced',
      costNanoUsd: 0,
      reason: 'refusal_not_billed',
    });
    expect(costNanoUsd({ ...refusal, usage: rawUsage({ input: 412 }) })).toBe(0);
    // The content is not known, but one token is what an empty refusal counts.
    expect(costNanoUsd({ ...refusal, usage })).toBe(0);
  });
  it('with a count but no content is one before any output', () => {
    expect(costNanoUsd({ ...refusal, usage: rawUsage({ input: 412, output: 40 }), hasOutput: false })).toBe(
      0,
    );
  });
  it('in mid-stream costs its input and the output so far', () => {
    // 412×10,000 + 40×50,000
    const cut = rawUsage({ input: 412, output: 40 });
    expect(costNanoUsd({ ...refusal, usage: cut, hasOutput: true })).toBe(6_120_000);
    expect(costNanoUsd({ ...refusal, usage: cut })).toBe(6_120_000);
    // 412×10,000 + 1×50,000: one token, but there is content
    expect(costNanoUsd({ ...refusal, usage, hasOutput: true })).toBe(4_170_000);
  });
  it('is the only stop that is free', () => {
    // 412×10,000 + 1×50,000
    expect(costNanoUsd({ ...refusal, stopReason: 'end_turn', usage, hasOutput: false })).toBe(4_170_000);
  });
  it('after a compaction leaves the compaction to pay, as an estimate', () => {
    // compaction 1,000×10,000 + 100×50,000; the refused attempt is free
    const iterations = [
      { type: 'compaction', ...rawUsage({ input: 1000, output: 100 }) },
      { type: 'message', model: 'claude-fable-5-1', ...rawUsage({ input: 412, output: 1 }) },
    ];
    const cost = price({ ...refusal, usage: { ...usage, iterations }, hasOutput: false });
    expect(cost).toMatchObject({
      status: 'estimated',
      reason: 'refusal_after_other_steps',
      costNanoUsd: 15_000_000,
    });
  });
});

describe('an estimate', () => {
  it('is what an aborted stream costs', () => {
    expect(price({ model: 'claude-opus-5-5', usage: TURN, isComplete: false })).toMatchObject({
      status: 'estimated',
      reason: 'aborted',
      costNanoUsd: 63_040_000,
    });
    expect(price({ model: 'claude-opus-5-5', usage: TURN, isComplete: true }).status).toBe('priced');
  });
  it('is what cache writes without a lifetime cost: five minutes', () => {
    // 5,000 × 5,000
    const usage = { input_tokens: 0, output_tokens: 0, cache_creation_input_tokens: 5000 };
    expect(price({ model: 'claude-opus-5-5', usage })).toMatchObject({
      status: 'estimated',
      reason: 'cache_lifetime_unknown',
      costNanoUsd: 25_000_000,
      buckets: { cacheWrite5m: 25_000_000, cacheWrite1h: 0 },
    });
  });
  it('is what the writes beyond the split cost', () => {
    // (1,000 + 500) × 5,000 + 2,000 × 8,000
    const usage = {
      ...rawUsage({ write5m: 1000, write1h: 2000 }),
      cache_creation_input_tokens: 3500,
    };
    expect(price({ model: 'claude-opus-5-5', usage })).toMatchObject({
      status: 'estimated',
      costNanoUsd: 23_500_000,
    });
  });
  it('gives way to partial, which is the larger doubt', () => {
    expect(
      price({ model: 'claude-opus-5-5', usage: TURN, isComplete: false, hasCodeExecution: true }),
    ).toMatchObject({
      status: 'partial',
    });
  });
});
