// A call priced again: unchanged it costs what it cost; changed it keeps its tier, its place and its discount.

import { describe, expect, it } from '@jest/globals';
import { readCalls, type CallFact } from '../../../core/pricing/call-facts.ts';
import type { CallCircumstances } from '../../../core/pricing/circumstances.ts';
import { priceCall } from '../../../core/pricing/cost.ts';
import { readUsage } from '../../../core/pricing/usage.ts';
import type { EventRecord } from '../../../core/event.ts';
import { repriceCall } from '../../../core/pricing/reprice.ts';

const AT_MS = Date.UTC(2026, 10, 20);
const MODEL = 'claude-opus-5-5';
const OTHER_MODEL = 'claude-fable-5-2';
const TOKENS = { input: 1_000, cacheRead: 20_000, cacheWrite5m: 3_000, cacheWrite1h: 400, output: 500 };

/** The cost of the tokens at one place, tier and model. */
function tableCost(usage: Record<string, unknown> = {}, request: Partial<CallCircumstances> = {}): number {
  const reading = readUsage({
    input_tokens: TOKENS.input,
    output_tokens: TOKENS.output,
    cache_read_input_tokens: TOKENS.cacheRead,
    cache_creation_input_tokens: TOKENS.cacheWrite5m + TOKENS.cacheWrite1h,
    cache_creation: {
      ephemeral_5m_input_tokens: TOKENS.cacheWrite5m,
      ephemeral_1h_input_tokens: TOKENS.cacheWrite1h,
    },
    server_tool_use: { web_search_requests: 2 },
    ...usage,
  });
  const cost = priceCall(reading, { model: MODEL, atMs: AT_MS, ...request });
  if (cost.status === 'unpriced') throw new Error(JSON.stringify(cost));
  return cost.costNanoUsd;
}

function callOf(costNanoUsd: number, fields: Partial<EventRecord> = {}): CallFact {
  const [call] = readCalls([
    {
      timestamp: AT_MS + 500,
      duration_ms: 500,
      'event.name': 'agent.model_call',
      'gen_ai.response.model': MODEL,
      tokens_input: TOKENS.input,
      tokens_cache_read: TOKENS.cacheRead,
      tokens_cache_write_5m: TOKENS.cacheWrite5m,
      tokens_cache_write_1h: TOKENS.cacheWrite1h,
      tokens_output: TOKENS.output,
      web_searches: 2,
      cost_nano_usd: costNanoUsd,
      ...fields,
    },
  ]);
  if (call === undefined) throw new Error('no call');
  return call;
}

/** Ways to run the same call: what its event says, and what the request to price it says. */
const WAYS: readonly (readonly [
  string,
  Partial<EventRecord>,
  Record<string, unknown>,
  Partial<CallCircumstances>,
])[] = [
  ['plain', {}, {}, {}],
  ['in a batch', { service_tier: 'batch' }, { service_tier: 'batch' }, {}],
  ['fast', { speed: 'fast' }, { speed: 'fast' }, {}],
  ['in one country', { inference_geo: 'us' }, { inference_geo: 'us' }, {}],
];

describe('a call that ran', () => {
  it.each(WAYS)('%s: costs what it cost when nothing changes', (_, fields, usage, request) => {
    const cost = tableCost(usage, request);
    expect(repriceCall(callOf(cost, fields), {})).toBeCloseTo(cost, 3);
    expect(repriceCall(callOf(cost, fields), { usage: callOf(cost, fields).usage })).toBeCloseTo(cost, 3);
  });

  it.each(WAYS)('%s: keeps it when its tokens change', (_, fields, usage, request) => {
    const call = callOf(tableCost(usage, request), fields);
    const more = tableCost({ ...usage, output_tokens: 9_000 }, request);
    expect(repriceCall(call, { usage: { ...call.usage, output: 9_000 } })).toBeCloseTo(more, 3);
    const none = tableCost({ ...usage, server_tool_use: { web_search_requests: 0 } }, request);
    expect(repriceCall(call, { usage: { ...call.usage, webSearches: 0 } })).toBeCloseTo(none, 3);
  });

  it('fast: runs at standard speed in a batch, and with another model', () => {
    const call = callOf(tableCost({ speed: 'fast' }), { speed: 'fast' });
    expect(repriceCall(call, { isBatch: true })).toBeCloseTo(tableCost({ service_tier: 'batch' }), 3);
    expect(repriceCall(call, { model: OTHER_MODEL })).toBeCloseTo(tableCost({}, { model: OTHER_MODEL }), 3);
  });

  it('in a batch: costs more outside of it', () => {
    const call = callOf(tableCost({ service_tier: 'batch' }), { service_tier: 'batch' });
    expect(repriceCall(call, { isBatch: false })).toBeCloseTo(tableCost(), 3);
  });

  it('at half the price of the table: keeps its discount', () => {
    const call = callOf(tableCost() / 2);
    expect(repriceCall(call, { model: OTHER_MODEL })).toBeCloseTo(
      tableCost({}, { model: OTHER_MODEL }) / 2,
      3,
    );
  });

  it.each([
    ['aws.bedrock', 'bedrock'],
    ['gcp.vertex_ai', 'vertex'],
    ['anthropic', 'anthropic'],
    [undefined, 'anthropic'],
  ] as const)('at %s: is priced by the table of %s', (provider, platform) => {
    // The surcharge of a country is on tokens and not on searches, and not every platform has one.
    const fields = { 'gen_ai.provider.name': provider, inference_geo: 'us' };
    const geo = { inference_geo: 'us' };
    const call = callOf(tableCost(geo, { platform }), fields);
    const changed = { ...call.usage, output: 9_000 };
    expect(repriceCall(call, { usage: changed })).toBeCloseTo(
      tableCost({ ...geo, output_tokens: 9_000 }, { platform }),
      3,
    );
  });
});

describe('a call without a price', () => {
  it('as it was or as it would be has none', () => {
    expect(repriceCall(callOf(5, { 'gen_ai.response.model': 'claude-unheard-of' }), {})).toBeUndefined();
    expect(
      repriceCall(callOf(5, { 'gen_ai.response.model': 'claude-unheard-of' }), { model: MODEL }),
    ).toBeUndefined();
    expect(repriceCall(callOf(5), { model: 'claude-unheard-of' })).toBeUndefined();
  });

  it('because nothing was billed costs what is billed now; if it cost something there is no telling', () => {
    const empty = {
      tokens_input: 0,
      tokens_cache_read: 0,
      tokens_cache_write_5m: 0,
      tokens_cache_write_1h: 0,
      tokens_output: 0,
      web_searches: 0,
    };
    const full = callOf(0).usage;
    expect(repriceCall(callOf(0, empty), { usage: full })).toBe(tableCost());
    expect(repriceCall(callOf(0, empty), {})).toBe(0);
    expect(repriceCall(callOf(7, empty), { usage: full })).toBeUndefined();
  });
});
