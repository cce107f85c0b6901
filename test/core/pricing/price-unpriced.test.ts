// What has no price says so, with its reason, and has no cost: never 0, never the price of something else.

import { describe, expect, it } from '@jest/globals';
import { priceCall } from '../../../core/pricing/cost.ts';
import { readUsage } from '../../../core/pricing/usage.ts';
import { price, rawUsage, reasonOf, type CallInput } from './price-request.ts';

const USAGE = rawUsage({ input: 100, output: 10 });
const MODEL = 'claude-opus-5-5';

describe('an unpriced call', () => {
  it.each<[reason: string, call: CallInput, detail: RegExp]>([
    ['unknown_model', { model: 'claude-opus-9', usage: USAGE }, /"claude-opus-9" is not in the price table/],
    ['unknown_model', { model: 'gpt-5', usage: USAGE }, /gpt-5/],
    ['unknown_model', { model: '', usage: USAGE }, /""/],
    ['unknown_model', { model: 'claude-mythos-5-2', usage: USAGE }, /no price was seen/],
    ['unknown_model', { model: 'claude-mythos-preview', usage: USAGE }, /no price was published/],
    ['unknown_model', { model: 'anthropic.claude-mythos-preview', usage: USAGE }, /claude-mythos-preview/],
    [
      'opaque_inference_profile',
      { model: 'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3', usage: USAGE },
      /does not say its model/,
    ],
    ['gateway', { model: 'anthropic/claude-opus-5.5', usage: USAGE }, /the gateway sets the price/],
    [
      'gateway',
      { model: MODEL, requestedModel: 'anthropic/claude-opus-5.5', usage: USAGE },
      /"anthropic\/claude-opus-5\.5" is a gateway/,
    ],
    [
      'gateway',
      {
        model: 'openrouter/anthropic/claude-opus-5-5',
        usage: { ...USAGE, iterations: [{ type: 'fallback_message', model: MODEL, ...USAGE }] },
      },
      /"openrouter\/anthropic\/claude-opus-5-5" is a gateway/,
    ],
    ['priority_tier', { model: MODEL, usage: { ...USAGE, service_tier: 'priority' } }, /by contract/],
    ['unknown_service_tier', { model: MODEL, usage: { ...USAGE, service_tier: 'flex' } }, /"flex"/],
    [
      'unknown_service_tier',
      { model: MODEL, usage: { ...USAGE, service_tier: 'priority_on_demand' } },
      /"priority_on_demand"/,
    ],
    [
      'fast_not_in_table',
      { model: 'claude-sonnet-5-5', usage: { ...USAGE, speed: 'fast' } },
      /claude-sonnet-5-5 .* "fast" on anthropic/,
    ],
    ['fast_not_in_table', { model: 'claude-opus-4-7', usage: { ...USAGE, speed: 'fast' } }, /fast/],
    ['fast_not_in_table', { model: MODEL, usage: { ...USAGE, speed: 'turbo' } }, /"turbo"/],
    [
      'fast_not_in_table',
      { model: MODEL, usage: { ...USAGE, speed: 'fast', service_tier: 'batch' } },
      /"fast" in a batch$/,
    ],
    ['fast_not_in_table', { model: `us.anthropic.${MODEL}`, usage: { ...USAGE, speed: 'fast' } }, /bedrock/],
    ['fast_not_in_table', { model: MODEL, usage: { ...USAGE, speed: 'fast' }, platform: 'vertex' }, /vertex/],
    [
      'fast_not_in_table',
      { model: 'claude-fable-5-2', usage: { ...USAGE, speed: 'fast' }, platform: 'foundry' },
      /foundry/,
    ],
    [
      'fast_not_in_table',
      { model: 'claude-opus-4-6', usage: { ...USAGE, speed: 'fast' }, platform: 'bedrock' },
      /bedrock/,
    ],
    [
      'fast_not_in_table',
      { model: 'claude-haiku-5-5', usage: { ...rawUsage({ input: 100_001 }), speed: 'fast' } },
      /fast/,
    ],
    ['usage_missing', { model: MODEL, usage: undefined }, /usage is no object/],
    ['usage_missing', { model: MODEL, usage: null }, /usage is no object/],
    ['usage_missing', { model: MODEL, usage: {} }, /input_tokens is missing/],
    ['usage_missing', { model: MODEL, usage: { input_tokens: 5 } }, /output_tokens is missing/],
    ['usage_invalid', { model: MODEL, usage: { input_tokens: -1, output_tokens: 0 } }, /input_tokens is -1/],
    [
      'user_profile_billed',
      { model: MODEL, usage: USAGE, billTo: 'user_profile' },
      /customer behind the user profile/,
    ],
    [
      'user_profile_billed',
      { model: MODEL, usage: { ...USAGE, billing_policy: { bill_to: 'user_profile' } } },
      /customer/,
    ],
  ])('%s: %j', (reason, call, detail) => {
    const cost = price(call);
    expect(cost).toMatchObject({ status: 'unpriced', reason });
    expect(cost).toHaveProperty('detail', expect.stringMatching(detail));
    expect(cost).not.toHaveProperty('costNanoUsd');
    expect(cost).not.toHaveProperty('buckets');
  });

  it('still says which table was asked', () => {
    expect(price({ model: 'claude-opus-9', usage: USAGE })).toHaveProperty(
      'table',
      price({ model: MODEL, usage: USAGE }).table,
    );
  });

  it('is not one that names the caller as payer, or the standard tier', () => {
    expect(reasonOf({ model: MODEL, usage: USAGE, billTo: 'self' })).toBeUndefined();
    expect(reasonOf({ model: MODEL, usage: { ...USAGE, service_tier: 'standard' } })).toBeUndefined();
    expect(reasonOf({ model: MODEL, usage: { ...USAGE, service_tier: null } })).toBeUndefined();
  });

  it('is not a fast one at exactly the threshold', () => {
    // Opus 4.6 at exactly 200,000 tokens is short: 200,000×30,000
    const fast = { ...rawUsage({ input: 200_000 }), speed: 'fast' };
    expect(price({ model: 'claude-opus-4-6', usage: fast, at: '2026-03-01' })).toMatchObject({
      costNanoUsd: 6_000_000_000,
    });
  });

  it('is one without a time', () => {
    expect(() => priceCall(readUsage(USAGE), { model: MODEL, atMs: Number.NaN })).not.toThrow();
    expect(priceCall(readUsage(USAGE), { model: MODEL, atMs: Number.NaN })).toMatchObject({
      status: 'unpriced',
      detail: `${MODEL} has no price row at an unknown time`,
    });
  });
});
