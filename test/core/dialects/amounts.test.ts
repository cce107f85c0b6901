// Counts by the words of their names and in every form of a number, each with the amount of its call.

import { describe, expect, it } from '@jest/globals';
import { OPUS, READ, T, WHOLE, WRITTEN, amount, callOf, chat } from './amounts.ts';

describe('names of cache counts', () => {
  it.each([
    'gen_ai.usage.cache_read_input_tokens',
    'gen_ai.usage.cache_read_tokens',
    'gen_ai.usage.cached_tokens',
    'gen_ai.usage.cached_input_tokens',
    'gen_ai.usage.input_cached_tokens',
    'gen_ai.usage.input_tokens_cached',
    'gen_ai.usage.cacheReadInputTokens',
    'gen_ai.usage.cache_read',
    'gen_ai.usage.input_token_details.cache_read',
    'gen_ai.usage.input_tokens_details.cached_tokens',
    'gen_ai.usage.prompt_tokens_details.cached_tokens',
    'gen_ai.usage.details.cached_tokens',
    'llm.usage.cache_read_input_tokens',
    'llm.usage.prompt_tokens_details.cached_tokens',
    'llm.token_count.prompt_details.cache_read',
  ])('%s is what was read', (key) => {
    const call = callOf(chat(OPUS, WHOLE, 90, { [key]: 9000, [WRITTEN]: 700 }));
    expect(call?.cost_nano_usd).toBe(amount('opus', T));
  });

  it.each([
    'gen_ai.usage.cache_write.input_tokens',
    'gen_ai.usage.cache_creation',
    'gen_ai.usage.cache_write',
    'gen_ai.usage.cacheCreationInputTokens',
    'gen_ai.usage.input_tokens.cache_creation',
    'gen_ai.usage.input_token_details.cache_creation',
    'gen_ai.usage.prompt_tokens_details.cache_creation_tokens',
    'gen_ai.usage.details.cache_write_input_tokens',
    'llm.usage.cache_creation_input_tokens',
    'llm.token_count.prompt_details.cache_write',
  ])('%s is what was written', (key) => {
    const call = callOf(chat(OPUS, WHOLE, 90, { [READ]: 9000, [key]: 700 }));
    expect(call?.cost_nano_usd).toBe(amount('opus', T));
  });

  it.each([
    'gen_ai.usage.input_token_details',
    'gen_ai.usage.input_tokens_details',
    'gen_ai.usage.prompt_tokens_details',
    'gen_ai.usage.details',
    'llm.usage.prompt_tokens_details',
  ])('in %s are read as a map and as JSON', (key) => {
    const counts = { cache_read_tokens: 9000, cache_creation_tokens: 700, ephemeral_1h_input_tokens: 700 };
    for (const value of [counts, JSON.stringify(counts)])
      expect(callOf(chat(OPUS, WHOLE, 90, { [key]: value }))?.cost_nano_usd).toBe(
        amount('opus', { ...T, written: 0, hour: 700 }),
      );
  });

  it.each([
    'gen_ai.usage.cost.cache_read',
    'gen_ai.usage.cache_read_cost',
    'gen_ai.usage.uncached_input_tokens',
    'gen_ai.usage.non_cached_tokens',
    'gen_ai.aggregated_usage.cache_read_tokens',
    'gen_ai.request.cached_tokens_limit',
    'app.cache_read',
  ])('%s is none', (key) => {
    const call = callOf(chat(OPUS, WHOLE, 90, { [key]: 9000 }));
    expect(call?.cost_nano_usd).toBe(amount('opus', { uncached: WHOLE, output: 90 }));
  });

  it('a map under gen_ai is its parts', () => {
    const {
      'gen_ai.usage.input_tokens': _input,
      'gen_ai.usage.output_tokens': _output,
      ...rest
    } = chat(OPUS, 0, 0);
    const usage = {
      input_tokens: WHOLE,
      output_tokens: 90,
      cache_read: { input_tokens: 9000 },
      cache_write_tokens: 700,
    };
    for (const more of [{ 'gen_ai.usage': usage }, { gen_ai: { usage } }])
      expect(callOf({ ...rest, ...more })?.cost_nano_usd).toBe(amount('opus', T));
  });
});

describe('numbers', () => {
  it.each([
    ['as texts', '69700', '90', '9000', '700'],
    ['as texts of doubles', '69700.0', ' 90 ', '9000.0', '7e2'],
    ['as doubles', 69_700.2, 89.6, 8999.9, 700.4],
  ])('%s are the same numbers', (_how, input, output, read, written) => {
    const call = callOf(chat(OPUS, input, output, { [READ]: read, [WRITTEN]: written }));
    expect(call?.cost_nano_usd).toBe(amount('opus', T));
  });

  it.each([
    ['an empty text', ''],
    ['minus one', -1],
    ['no', false],
    ['a list', [9000]],
  ])('%s says nothing of the cache, and another name may', (_what, value) => {
    const read = { [READ]: value, 'gen_ai.usage.cache_read_tokens': 9000 };
    for (const more of [{ [READ]: value }, ...(value === '' ? [read] : [])])
      expect(callOf(chat(OPUS, WHOLE, 90, more))?.cost_nano_usd).toBe(
        more === read
          ? amount('opus', { uncached: WHOLE - 9000, read: 9000, output: 90 })
          : amount('opus', { uncached: WHOLE, output: 90 }),
      );
  });

  it.each([true, -5, Number.NaN, '', 'many', [1], { a: 1 }])('an input of %p is none', (input) => {
    const call = callOf(chat(OPUS, input, 90));
    expect([call?.cost_nano_usd, call?.['tallyspan.cost.unpriced_reason']]).toEqual([
      undefined,
      'usage_missing',
    ]);
  });
});
