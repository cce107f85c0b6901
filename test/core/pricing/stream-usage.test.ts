// The usages of a stream fold into one: cumulative counts replace each other and are never added.

import { describe, expect, it } from '@jest/globals';
import { mergeStreamUsage } from '../../../core/pricing/stream-usage.ts';
import { costNanoUsd, price } from './price-request.ts';

const START = {
  input_tokens: 25,
  output_tokens: 1,
  cache_read_input_tokens: 100,
  cache_creation_input_tokens: 30,
  cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 },
  service_tier: 'batch',
  inference_geo: 'us',
  speed: 'standard',
};

describe('the merge of a stream', () => {
  it('replaces the output of the start, and of each delta by the next', () => {
    expect(mergeStreamUsage([START, { output_tokens: 40 }, { output_tokens: 90 }])).toEqual({
      ...START,
      output_tokens: 90,
    });
  });

  it('keeps what only the start knows', () => {
    const delta = {
      output_tokens: 5,
      input_tokens: null,
      cache_creation_input_tokens: null,
      cache_creation: undefined,
    };
    expect(mergeStreamUsage([START, delta])).toEqual({ ...START, output_tokens: 5 });
  });

  it('takes an input that was revised upward, as server tools do', () => {
    const merged = mergeStreamUsage([START, { input_tokens: 10_682, output_tokens: 510 }]);
    expect(merged).toMatchObject({ input_tokens: 10_682, output_tokens: 510 });
  });

  it('keeps a split that the revised writes exceed; the rest is a five-minute write and an estimate', () => {
    // Opus 5.5: (10 + 70)×5,000 + 20×8,000
    const usage = mergeStreamUsage([
      {
        ...START,
        input_tokens: 0,
        output_tokens: 0,
        cache_read_input_tokens: 0,
        service_tier: null,
        inference_geo: null,
      },
      { cache_creation_input_tokens: 100 },
    ]);
    expect(price({ model: 'claude-opus-5-5', usage })).toMatchObject({
      status: 'estimated',
      costNanoUsd: 560_000,
    });
  });

  it('drops a split that the revised writes contradict', () => {
    const merged = mergeStreamUsage([START, { cache_creation_input_tokens: 29 }]);
    expect(merged).not.toHaveProperty('cache_creation');
    expect(mergeStreamUsage([START, { cache_creation_input_tokens: 30 }])).toHaveProperty('cache_creation');
  });

  it('prefers the iterations of a delta', () => {
    const iterations = [{ type: 'message', model: 'claude-opus-5-5', input_tokens: 7, output_tokens: 3 }];
    const merged = mergeStreamUsage([
      { ...START, service_tier: null, inference_geo: null },
      { output_tokens: 3, iterations },
    ]);
    // 7×4,000 + 3×20,000
    expect(costNanoUsd({ model: 'claude-opus-5-5', usage: merged })).toBe(88_000);
  });

  it('is the delta alone when the start was missed, and nothing when nothing came', () => {
    expect(mergeStreamUsage([undefined, { input_tokens: 1, output_tokens: 2 }])).toEqual({
      input_tokens: 1,
      output_tokens: 2,
    });
    expect(mergeStreamUsage([null, undefined, 'x'])).toBeUndefined();
    expect(mergeStreamUsage([])).toBeUndefined();
  });

  it('changes none of the objects it reads', () => {
    const start = Object.freeze({ ...START });
    mergeStreamUsage([start, { cache_creation_input_tokens: 1 }]);
    expect(start).toEqual(START);
  });

  it('leaves odd splits for the reader to judge', () => {
    expect(mergeStreamUsage([{ cache_creation: 'x', cache_creation_input_tokens: 1 }])).toEqual({
      cache_creation: 'x',
      cache_creation_input_tokens: 1,
    });
    expect(
      mergeStreamUsage([{ cache_creation: { a: 'y', b: 1 }, cache_creation_input_tokens: 1 }]),
    ).toHaveProperty('cache_creation');
    expect(mergeStreamUsage([{ cache_creation: { a: 1 } }])).toEqual({ cache_creation: { a: 1 } });
  });
});
