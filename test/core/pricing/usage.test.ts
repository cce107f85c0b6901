// Usage comes out as disjoint buckets, or as an error that names the counters that contradict each other.

import { describe, expect, it } from '@jest/globals';
import { inputTotal, readUsage, type UsageReading } from '../../../core/pricing/usage.ts';

function read(raw: unknown): UsageReading {
  const reading = readUsage(raw);
  if ('error' in reading) throw new Error(reading.message);
  return reading;
}

const PLAIN = { input_tokens: 10, output_tokens: 20 };

describe('reading a usage', () => {
  it('tells the buckets apart', () => {
    const { usage } = read({
      ...PLAIN,
      cache_read_input_tokens: 30,
      cache_creation_input_tokens: 90,
      cache_creation: { ephemeral_5m_input_tokens: 40, ephemeral_1h_input_tokens: 50 },
      output_tokens_details: { thinking_tokens: 15 },
      server_tool_use: { web_search_requests: 2, web_fetch_requests: 3 },
    });
    expect(usage).toEqual({
      input: 10,
      cacheRead: 30,
      cacheWrite5m: 40,
      cacheWrite1h: 50,
      output: 20,
      thinking: 15,
      webSearches: 2,
    });
    expect(inputTotal(usage)).toBe(130);
  });

  it('takes absent and null cache counters as none', () => {
    const nulls = {
      ...PLAIN,
      cache_read_input_tokens: null,
      cache_creation_input_tokens: null,
      cache_creation: null,
    };
    expect(read(nulls).usage).toEqual(read(PLAIN).usage);
    expect(inputTotal(read(PLAIN).usage)).toBe(10);
  });

  it('reads the writes from the split where there is no total', () => {
    const { usage, parts } = read({
      ...PLAIN,
      cache_creation: { ephemeral_5m_input_tokens: 4, ephemeral_1h_input_tokens: 5 },
    });
    expect([usage.cacheWrite5m, usage.cacheWrite1h]).toEqual([4, 5]);
    expect(parts[0]?.isCacheSplitKnown).toBe(true);
  });

  it('takes writes without a lifetime as five-minute ones, and says so', () => {
    const { usage, parts } = read({
      ...PLAIN,
      cache_creation_input_tokens: 100,
      cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 30 },
    });
    expect([usage.cacheWrite5m, usage.cacheWrite1h]).toEqual([70, 30]);
    expect(parts[0]?.isCacheSplitKnown).toBe(false);
  });

  it('keeps tier, speed and residency as served', () => {
    const served = read({ ...PLAIN, service_tier: 'batch', speed: 'fast', inference_geo: 'us' });
    expect(served).toMatchObject({ serviceTier: 'batch', speed: 'fast', inferenceGeo: 'us' });
    expect(read(PLAIN)).toMatchObject({ serviceTier: undefined, speed: undefined, inferenceGeo: undefined });
  });

  it('sums the iterations, and clips thinking to the output they hold', () => {
    const { usage, parts } = read({
      input_tokens: 10,
      output_tokens: 20,
      output_tokens_details: { thinking_tokens: 8 },
      iterations: [
        { type: 'compaction', input_tokens: 100, output_tokens: 3, cache_read_input_tokens: 7 },
        { type: 'message', model: 'm', input_tokens: 10, output_tokens: 2 },
      ],
    });
    expect(usage).toMatchObject({ input: 110, output: 5, cacheRead: 7, thinking: 5 });
    expect(parts.map(({ kind, model }) => [kind, model])).toEqual([
      ['compaction', undefined],
      ['message', 'm'],
    ]);
  });

  it('calls a call without iterations one part', () => {
    expect(read(PLAIN).parts).toEqual([
      {
        kind: 'call',
        model: undefined,
        input: 10,
        cacheRead: 0,
        cacheWrite5m: 0,
        cacheWrite1h: 0,
        output: 20,
        isCacheSplitKnown: true,
        speed: undefined,
      },
    ]);
  });

  it('takes the speed of the call for the call, and that of an entry for the entry', () => {
    const { parts } = read({
      ...PLAIN,
      speed: 'fast',
      iterations: [{ type: 'message', ...PLAIN, speed: 'standard' }],
    });
    expect(parts[0]?.speed).toBe('standard');
    expect(read({ ...PLAIN, speed: 'fast' }).parts[0]?.speed).toBeUndefined();
  });

  it('calls an entry without a type unknown', () => {
    expect(read({ ...PLAIN, iterations: [PLAIN] }).parts[0]?.kind).toBe('unknown');
  });
});

describe('a usage that cannot be read', () => {
  it.each([
    [undefined, 'usage_missing', 'usage is no object'],
    ['text', 'usage_missing', 'usage is no object'],
    [[], 'usage_missing', 'usage is no object'],
    [{}, 'usage_missing', 'input_tokens is missing'],
    [{ input_tokens: null, output_tokens: 1 }, 'usage_missing', 'input_tokens is missing'],
    [{ input_tokens: 1, output_tokens: null }, 'usage_missing', 'output_tokens is missing'],
    [
      { ...PLAIN, iterations: [{ type: 'message', input_tokens: 1 }] },
      'usage_missing',
      'iterations[0].output_tokens is missing',
    ],
    [{ ...PLAIN, input_tokens: 1.5 }, 'usage_invalid', 'input_tokens is 1.5, not a count'],
    [{ ...PLAIN, input_tokens: '10' }, 'usage_invalid', 'input_tokens is "10", not a count'],
    [
      { ...PLAIN, output_tokens: -3, iterations: [PLAIN] },
      'usage_invalid',
      'output_tokens is -3, not a count',
    ],
    [
      { ...PLAIN, cache_creation: { ephemeral_5m_input_tokens: -1 } },
      'usage_invalid',
      'cache_creation.ephemeral_5m_input_tokens is -1, not a count',
    ],
    [{ ...PLAIN, output_tokens: -3 }, 'usage_invalid', 'output_tokens is -3, not a count'],
    [{ ...PLAIN, output_tokens: 2 ** 53 }, 'usage_invalid', 'output_tokens is 9007199254740992, not a count'],
    [
      { ...PLAIN, cache_read_input_tokens: true },
      'usage_invalid',
      'cache_read_input_tokens is true, not a count',
    ],
    [{ ...PLAIN, cache_creation: 5 }, 'usage_invalid', 'cache_creation is no object'],
    [{ ...PLAIN, server_tool_use: [] }, 'usage_invalid', 'server_tool_use is no object'],
    [
      { ...PLAIN, server_tool_use: { web_search_requests: -1 } },
      'usage_invalid',
      'server_tool_use.web_search_requests is -1, not a count',
    ],
    [
      { ...PLAIN, server_tool_use: { code_execution_requests: 'x' } },
      'usage_invalid',
      'server_tool_use.code_execution_requests is "x", not a count',
    ],
    [{ ...PLAIN, service_tier: 5 }, 'usage_invalid', 'service_tier is no text'],
    [{ ...PLAIN, iterations: {} }, 'usage_invalid', 'iterations is no list'],
    [{ ...PLAIN, iterations: [PLAIN, 5] }, 'usage_invalid', 'iterations[1] is no object'],
    [{ ...PLAIN, iterations: [{ ...PLAIN, model: 5 }] }, 'usage_invalid', 'iterations[0].model is no text'],
    [
      { ...PLAIN, iterations: [{ ...PLAIN, cache_creation: 5 }] },
      'usage_invalid',
      'iterations[0].cache_creation is no object',
    ],
    [
      { ...PLAIN, cache_creation: { ephemeral_1h_input_tokens: 'x' } },
      'usage_invalid',
      'cache_creation.ephemeral_1h_input_tokens is "x", not a count',
    ],
    [
      {
        ...PLAIN,
        cache_creation_input_tokens: 10,
        cache_creation: { ephemeral_5m_input_tokens: 8, ephemeral_1h_input_tokens: 3 },
      },
      'usage_invalid',
      'cache_creation.ephemeral_5m_input_tokens (8) and ephemeral_1h_input_tokens (3) exceed cache_creation_input_tokens (10)',
    ],
    [
      { ...PLAIN, cache_creation_input_tokens: 0, cache_creation: { ephemeral_5m_input_tokens: 1 } },
      'usage_invalid',
      'cache_creation.ephemeral_5m_input_tokens (1) and ephemeral_1h_input_tokens (0) exceed cache_creation_input_tokens (0)',
    ],
    [
      { ...PLAIN, output_tokens_details: { thinking_tokens: 21 } },
      'usage_invalid',
      'output_tokens_details.thinking_tokens (21) exceeds output_tokens (20)',
    ],
    [
      { ...PLAIN, output_tokens_details: { thinking_tokens: -1 } },
      'usage_invalid',
      'output_tokens_details.thinking_tokens is -1, not a count',
    ],
  ])('%j: %s', (raw, error, message) => {
    expect(readUsage(raw)).toEqual({ error, message });
  });

  it('may think as much as it puts out', () => {
    expect(read({ ...PLAIN, output_tokens_details: { thinking_tokens: 20 } }).usage.thinking).toBe(20);
  });
});
