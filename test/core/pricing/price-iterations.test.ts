// The sum rule: with iterations, a call costs the sum of its entries, each at its own model, and nothing twice.

import { describe, expect, it } from '@jest/globals';
import { costNanoUsd, price, rawUsage } from './price-request.ts';

const message = (model: string | null, counts: Parameters<typeof rawUsage>[0]): object => ({
  type: 'message',
  model,
  ...rawUsage(counts),
});

const priceSteps = (model: string, iterations: readonly object[]): ReturnType<typeof price> =>
  price({ model, usage: { ...rawUsage({}), iterations } });

describe('iterations', () => {
  it('are summed instead of the top level, never added to it', () => {
    // two turns of a server tool loop on Opus 5.5: (100 + 300)×4,000 + (50 + 60)×20,000
    const usage = {
      ...rawUsage({ input: 400, output: 110 }),
      iterations: [
        message('claude-opus-5-5', { input: 100, output: 50 }),
        message('claude-opus-5-5', { input: 300, output: 60 }),
      ],
    };
    expect(price({ model: 'claude-opus-5-5', usage })).toMatchObject({
      status: 'priced',
      costNanoUsd: 3_800_000,
    });
  });

  it('that are absent leave a call at the model that answered, whatever was asked for', () => {
    // 400×4,000
    const call = {
      model: 'claude-opus-5-5',
      requestedModel: 'claude-fable-5-1',
      usage: rawUsage({ input: 400 }),
    };
    expect(costNanoUsd(call)).toBe(1_600_000);
  });

  it('that are empty or null leave the top level to count', () => {
    // 400×4,000 + 110×20,000
    for (const iterations of [[], null, undefined]) {
      const usage = { ...rawUsage({ input: 400, output: 110 }), iterations };
      expect(costNanoUsd({ model: 'claude-opus-5-5', usage })).toBe(3_800_000);
    }
  });

  it('hold the compaction, which the top level leaves out, at the requested model', () => {
    // answer 1,000×4,000 + 200×20,000 = 8,000,000; compaction 150,000×4,000 + 2,000×20,000 = 640,000,000
    const usage = {
      ...rawUsage({ input: 1000, output: 200 }),
      iterations: [
        { type: 'compaction', ...rawUsage({ input: 150_000, output: 2000 }) },
        message('claude-opus-5-5', { input: 1000, output: 200 }),
      ],
    };
    expect(costNanoUsd({ model: 'claude-opus-5-5', usage })).toBe(648_000_000);
  });

  it('charge a compaction at the requested model even when another one answered', () => {
    // compaction on Fable 5.1: 1,000×10,000; answer on Opus 5.5: 100×4,000 + 10×20,000
    const usage = {
      ...rawUsage({ input: 100, output: 10 }),
      iterations: [
        { type: 'compaction', ...rawUsage({ input: 1000 }) },
        { type: 'fallback_message', model: 'claude-opus-5-5', ...rawUsage({ input: 100, output: 10 }) },
      ],
    };
    const call = { model: 'claude-opus-5-5', requestedModel: 'claude-fable-5-1', usage };
    expect(costNanoUsd(call)).toBe(10_600_000);
  });

  it('charge an advisor at its own model', () => {
    // Sonnet 5.5: 1,000×2,000 + 100×10,000 = 3,000,000; advisor Opus 5.5: 5,000×4,000 + 300×20,000 = 26,000,000
    const usage = {
      ...rawUsage({ input: 1000, output: 100 }),
      iterations: [
        message('claude-sonnet-5-5', { input: 1000, output: 100 }),
        { type: 'advisor_message', model: 'claude-opus-5-5', ...rawUsage({ input: 5000, output: 300 }) },
      ],
    };
    const cost = price({ model: 'claude-sonnet-5-5', usage });
    expect(cost).toMatchObject({
      status: 'priced',
      costNanoUsd: 29_000_000,
      row: 'anthropic/claude-sonnet-5-5@2026-10-07 anthropic/claude-opus-5-5@2026-09-22',
    });
  });

  it('have a cache split of their own', () => {
    // 1,000×5,000 (5m) + 1,000×8,000 (1h) on Opus 5.5
    const usage = {
      ...rawUsage({ write5m: 2000 }),
      iterations: [
        message('claude-opus-5-5', { write5m: 1000 }),
        message('claude-opus-5-5', { write1h: 1000 }),
      ],
    };
    expect(price({ model: 'claude-opus-5-5', usage })).toMatchObject({
      costNanoUsd: 13_000_000,
      buckets: { cacheWrite5m: 5_000_000, cacheWrite1h: 8_000_000 },
    });
  });

  it.each([0, 1])('skip an attempt that was declined before output (%i tokens)', (output) => {
    // only Opus 5.5: 412×4,000 + 80×20,000
    const usage = {
      ...rawUsage({ input: 412, output: 80 }),
      iterations: [
        message('claude-fable-5-1', { input: 412, output }),
        { type: 'fallback_message', model: 'claude-opus-5-5', ...rawUsage({ input: 412, output: 80 }) },
      ],
    };
    expect(costNanoUsd({ model: 'claude-opus-5-5', requestedModel: 'claude-fable-5-1', usage })).toBe(
      3_248_000,
    );
  });

  it('charge an attempt that was declined in mid-stream', () => {
    // a real record: Fable 5: 2×10,000 + 72,769×1,000 + 10,421×12,500 + 578×50,000 = 231,951,500
    // Opus 4.8: 2×5,000 + 79,214×500 + 13,658×25,000 = 381,067,000
    const usage = {
      ...rawUsage({ input: 2, read: 79_214, output: 13_658 }),
      iterations: [
        message('claude-fable-5', { input: 2, read: 72_769, write5m: 10_421, output: 578 }),
        {
          type: 'fallback_message',
          model: 'claude-opus-4-8',
          ...rawUsage({ input: 2, read: 79_214, output: 13_658 }),
        },
      ],
    };
    expect(costNanoUsd({ model: 'claude-opus-4-8', usage })).toBe(613_018_500);
  });

  it('skip each declined hop of a chain', () => {
    // Sonnet 5.5 alone: 100×2,000 + 10×10,000
    const usage = {
      ...rawUsage({ input: 100, output: 10 }),
      iterations: [
        message('claude-fable-5-1', { input: 100 }),
        { type: 'fallback_message', model: 'claude-opus-5-5', ...rawUsage({ input: 100 }) },
        { type: 'fallback_message', model: 'claude-sonnet-5-5', ...rawUsage({ input: 100, output: 10 }) },
      ],
    };
    expect(costNanoUsd({ model: 'claude-sonnet-5-5', usage })).toBe(300_000);
  });

  it('do not skip the fallback that answered, however little it said', () => {
    // 100×4,000 + 1×20,000
    const iterations = [
      message('claude-fable-5-1', { input: 100 }),
      { type: 'fallback_message', model: 'claude-opus-5-5', ...rawUsage({ input: 100, output: 1 }) },
    ];
    expect(priceSteps('claude-opus-5-5', iterations)).toMatchObject({ costNanoUsd: 420_000 });
  });

  it('do not skip a step without output that no fallback follows', () => {
    // 100×4,000
    const usage = { ...rawUsage({}), iterations: [message('claude-opus-5-5', { input: 100 })] };
    expect(costNanoUsd({ model: 'claude-opus-5-5', usage })).toBe(400_000);
  });

  it('fall back to the requested model where an entry names none', () => {
    // 100×10,000 on Fable 5.1
    const usage = { ...rawUsage({}), iterations: [message(null, { input: 100 })] };
    expect(costNanoUsd({ model: 'claude-opus-5-5', requestedModel: 'claude-fable-5-1', usage })).toBe(
      1_000_000,
    );
    expect(costNanoUsd({ model: 'claude-opus-5-5', usage })).toBe(400_000);
  });

  it('are judged one by one for a long prompt, as an estimate when the loop as a whole would be long', () => {
    // 60,000×100 + 50,000×100
    const usage = {
      ...rawUsage({ input: 110_000 }),
      iterations: [
        message('claude-haiku-5-5', { input: 60_000 }),
        message('claude-haiku-5-5', { input: 50_000 }),
      ],
    };
    expect(price({ model: 'claude-haiku-5-5', usage })).toMatchObject({
      status: 'estimated',
      reason: 'prompt_length_per_step',
      costNanoUsd: 11_000_000,
    });
  });

  it('make no estimate of a loop that is exactly as long as the threshold, or on two models', () => {
    // 50,000×100 twice; 60,000×100 + 60,000×2,000
    const exact = [
      message('claude-haiku-5-5', { input: 50_000 }),
      message('claude-haiku-5-5', { input: 50_000 }),
    ];
    const mixed = [
      message('claude-haiku-5-5', { input: 60_000 }),
      message('claude-sonnet-5-5', { input: 60_000 }),
    ];
    expect(priceSteps('claude-haiku-5-5', exact)).toMatchObject({
      status: 'priced',
      costNanoUsd: 10_000_000,
    });
    expect(priceSteps('claude-haiku-5-5', mixed)).toMatchObject({
      status: 'priced',
      costNanoUsd: 126_000_000,
    });
  });

  it('make no estimate of an advisor and a loop that are long only together', () => {
    // 60,000×100 twice
    const iterations = [
      { type: 'advisor_message', model: 'claude-haiku-5-5', ...rawUsage({ input: 60_000 }) },
      message('claude-haiku-5-5', { input: 60_000 }),
    ];
    const cost = price({ model: 'claude-haiku-5-5', usage: { ...rawUsage({}), iterations } });
    expect(cost).toMatchObject({ status: 'priced', costNanoUsd: 12_000_000 });
  });

  it('are an estimate when one of them has no cache lifetime, or a kind that is unknown', () => {
    const sound = message('claude-opus-5-5', { write5m: 10 });
    const bare = { type: 'message', input_tokens: 0, output_tokens: 0, cache_creation_input_tokens: 10 };
    expect(priceSteps('claude-opus-5-5', [sound, bare])).toMatchObject({
      status: 'estimated',
      reason: 'cache_lifetime_unknown',
    });
    expect(priceSteps('claude-opus-5-5', [sound, { ...sound, type: 'planner' }])).toMatchObject({
      reason: 'step_kind_unknown',
    });
  });

  it('do not add a compaction to the prompt of the answer', () => {
    // 60,000×100 twice
    const usage = {
      ...rawUsage({ input: 60_000 }),
      iterations: [
        { type: 'compaction', ...rawUsage({ input: 60_000 }) },
        message('claude-haiku-5-5', { input: 60_000 }),
      ],
    };
    expect(price({ model: 'claude-haiku-5-5', usage })).toMatchObject({
      status: 'priced',
      costNanoUsd: 12_000_000,
    });
  });

  it('share the tier and residency of the call and count its web searches once', () => {
    // (100×4,000 + 100×4,000) × 0.5 × 1.1 + 2×10,000,000
    const usage = {
      ...rawUsage({ input: 200 }),
      service_tier: 'batch',
      inference_geo: 'us',
      server_tool_use: { web_search_requests: 2 },
      iterations: [message('claude-opus-5-5', { input: 100 }), message('claude-opus-5-5', { input: 100 })],
    };
    expect(costNanoUsd({ model: 'claude-opus-5-5', usage })).toBe(20_440_000);
  });

  it('run at the regional price of the call they belong to', () => {
    // 100×4,000×1.1
    const usage = { ...rawUsage({}), iterations: [message('claude-opus-5-5', { input: 100 })] };
    expect(costNanoUsd({ model: 'us.anthropic.claude-opus-5-5', usage })).toBe(440_000);
  });

  it('leave the whole call unpriced when one entry has no price', () => {
    const usage = {
      ...rawUsage({ input: 100 }),
      iterations: [
        message('claude-opus-5-5', { input: 100 }),
        { type: 'advisor_message', model: 'claude-opus-9', ...rawUsage({ input: 1 }) },
      ],
    };
    expect(price({ model: 'claude-opus-5-5', usage })).toMatchObject({
      status: 'unpriced',
      reason: 'unknown_model',
    });
  });

  it('of an unknown kind are charged, as an estimate', () => {
    const usage = { ...rawUsage({}), iterations: [{ type: 'planner', ...rawUsage({ input: 100 }) }] };
    expect(price({ model: 'claude-opus-5-5', usage })).toMatchObject({
      status: 'estimated',
      reason: 'step_kind_unknown',
      costNanoUsd: 400_000,
    });
  });
});

const fastCall = (steps: readonly object[]): ReturnType<typeof price> =>
  price({
    model: 'claude-opus-5-5',
    usage: { ...rawUsage({ input: 1 }), speed: 'fast', iterations: steps },
  });

describe('speed of a step', () => {
  it('is that of the call on the model that served it, compaction included', () => {
    // 100×8,000 + 50×8,000
    const steps = [
      { type: 'compaction', ...rawUsage({ input: 50 }) },
      message('claude-opus-5-5', { input: 100 }),
    ];
    expect(fastCall(steps)).toMatchObject({ status: 'priced', costNanoUsd: 1_200_000 });
  });

  it('is standard on another model that has no fast mode', () => {
    // 100×8,000 + 100×2,000
    const steps = [
      message('claude-opus-5-5', { input: 100 }),
      { type: 'advisor_message', model: 'claude-sonnet-5-5', ...rawUsage({ input: 100 }) },
    ];
    expect(fastCall(steps)).toMatchObject({ status: 'priced', costNanoUsd: 1_000_000 });
  });

  it('is an estimate on another model that has one', () => {
    // 100×8,000 + 100×8,000: Fable 5.2 at standard
    const steps = [
      message('claude-opus-5-5', { input: 100 }),
      { type: 'advisor_message', model: 'claude-fable-5-2', ...rawUsage({ input: 100 }) },
    ];
    expect(fastCall(steps)).toMatchObject({
      status: 'estimated',
      reason: 'step_speed_unknown',
      costNanoUsd: 1_600_000,
    });
  });

  it('is what the entry says where it says it', () => {
    // 100×4,000, then 100×16,000
    const steps = [
      { ...message('claude-opus-5-5', { input: 100 }), speed: 'standard' },
      { type: 'advisor_message', model: 'claude-fable-5-2', speed: 'fast', ...rawUsage({ input: 100 }) },
    ];
    expect(fastCall(steps)).toMatchObject({ status: 'priced', costNanoUsd: 2_000_000 });
  });
});
