// A recorded call priced again: nothing while the table says the same, else the signed difference.

import { describe, expect, it } from '@jest/globals';
import { modelCallFields } from '../../../core/model-call/model-call-fields.ts';
import type { EventRecord } from '../../../core/event.ts';
import { recostCall } from '../../../core/pricing/recost.ts';
import { readUsage } from '../../../core/pricing/usage.ts';
import { price, rawUsage, TODAY, TURN, type CallInput } from './price-request.ts';

const DURATION_MS = 5000;

/** The event of a call, as the instrumentation writes it. */
function eventOf(call: CallInput, provider = 'anthropic'): EventRecord {
  const reading = readUsage(call.usage);
  return {
    timestamp: Date.parse(call.at ?? TODAY) + DURATION_MS,
    'event.name': 'agent.model_call',
    duration_ms: DURATION_MS,
    ...(call.stopReason && { 'gen_ai.response.finish_reasons': [call.stopReason] }),
    ...modelCallFields({
      provider,
      requestedModel: call.requestedModel ?? call.model,
      model: call.model,
      reading,
      cost: price(call),
    }),
  };
}

describe('a call whose price did not change', () => {
  it.each<CallInput>([
    { model: 'claude-opus-5-5', usage: TURN },
    { model: 'claude-opus-5-5', usage: { ...TURN, service_tier: 'batch', inference_geo: 'us' } },
    {
      model: 'claude-opus-5-5',
      usage: { ...TURN, speed: 'fast', server_tool_use: { web_search_requests: 3 } },
    },
    { model: 'claude-opus-5-5', usage: TURN, isComplete: false },
    { model: 'claude-opus-5-5', usage: TURN, hasCodeExecution: true },
    {
      model: 'claude-opus-5-5',
      usage: { input_tokens: 1, output_tokens: 1, cache_creation_input_tokens: 9 },
    },
    { model: 'claude-opus-5-5', usage: TURN, platform: 'aws' },
    { model: 'claude-opus-5-5', usage: TURN, platform: 'foundry', region: 'us' },
    { model: 'claude-opus-5-5', usage: TURN, platform: 'foundry' },
    { model: 'claude-opus-5-5', usage: TURN, platform: 'vertex', region: 'europe-west1' },
    { model: 'claude-opus-5-5', usage: TURN, platform: 'vertex', region: 'global' },
    { model: 'claude-opus-5-5', requestedModel: 'eu.anthropic.claude-opus-5-5', usage: TURN },
    { model: 'claude-opus-5-5', requestedModel: 'global.anthropic.claude-opus-5-5', usage: TURN },
    { model: 'claude-haiku-5-5', usage: rawUsage({ input: 100_001, output: 5 }) },
    {
      model: 'claude-fable-5-1',
      usage: rawUsage({ input: 412, output: 1 }),
      stopReason: 'refusal',
      hasOutput: false,
    },
    {
      model: 'claude-fable-5-1',
      usage: rawUsage({ input: 412, output: 1 }),
      stopReason: 'refusal',
      hasOutput: true,
    },
    // the second before the cut: the moment of the request counts, not that of the answer
    { model: 'claude-sonnet-5-5', usage: TURN, at: '2026-10-06T23:59:59Z' },
  ])('is skipped: %j', (call) => {
    expect(recostCall(eventOf(call))).toEqual({ skipped: 'same_cost' });
  });
});

describe('a call whose price is another now', () => {
  const event = eventOf({ model: 'claude-opus-5-5', usage: TURN });

  it('gets the signed difference', () => {
    // now 63,040,000
    expect(recostCall({ ...event, cost_nano_usd: 60_000_000 })).toMatchObject({
      beforeNanoUsd: 60_000_000,
      afterNanoUsd: 63_040_000,
      deltaNanoUsd: 3_040_000,
    });
    expect(recostCall({ ...event, cost_nano_usd: 70_000_000 })).toMatchObject({ deltaNanoUsd: -6_960_000 });
  });

  it('gets all of it when it was unpriced, even nothing', () => {
    const unpriced = { ...event, cost_nano_usd: undefined, 'tallyspan.price.row': undefined };
    expect(recostCall(unpriced)).toMatchObject({ beforeNanoUsd: null, deltaNanoUsd: 63_040_000 });
    const free = { ...eventOf({ model: 'claude-opus-5-5', usage: rawUsage({}) }), cost_nano_usd: undefined };
    expect(recostCall(free)).toMatchObject({ beforeNanoUsd: null, afterNanoUsd: 0, deltaNanoUsd: 0 });
  });

  it('is placed by its provider while it has no row', () => {
    const unpriced = { ...event, cost_nano_usd: undefined, 'tallyspan.price.row': undefined };
    // Bedrock without a profile or region: global
    for (const provider of ['aws.bedrock', 'gcp.vertex_ai', 'other']) {
      expect(
        recostCall({ ...unpriced, 'gen_ai.provider.name': provider, inference_geo: 'us' }),
      ).toMatchObject({
        afterNanoUsd: provider === 'other' ? 69_344_000 : 63_040_000,
      });
    }
  });
});

describe('a call that cannot be priced again', () => {
  const event = eventOf({ model: 'claude-opus-5-5', usage: TURN });
  it.each<[skipped: string, change: Partial<EventRecord>]>([
    ['not_a_model_call', { 'event.name': 'agent.run' }],
    ['usage_missing', { tokens_input: undefined }],
    ['usage_missing', { tokens_output: undefined }],
    ['usage_missing', { 'gen_ai.response.model': undefined, 'gen_ai.request.model': undefined }],
    ['usage_missing', { 'tallyspan.cost.unpriced_reason': 'usage_invalid' }],
    ['several_steps', { 'tallyspan.price.row': 'anthropic/a@2026-01-01 anthropic/b@2026-01-01' }],
    ['several_steps', { 'tallyspan.cost.reason': 'prompt_length_per_step' }],
    ['several_steps', { 'tallyspan.price.row': 'anthropic/claude-sonnet-5-5@2026-10-07' }],
    ['billed_elsewhere', { 'tallyspan.cost.unpriced_reason': 'user_profile_billed' }],
    ['still_unpriced', { 'gen_ai.response.model': 'claude-opus-9' }],
    ['still_unpriced', { service_tier: 'priority' }],
  ])('is skipped: %s', (skipped, change) => {
    expect(recostCall({ ...event, ...change })).toEqual({ skipped });
  });
});
