// A model call as fields of its event: what the source does not know is left out.

import { describe, expect, it } from '@jest/globals';
import { modelCallFields, type ModelCallFields } from '../../../core/model-call/model-call-fields.ts';
import { PRICE_TABLE_VERSION } from '../../../core/pricing/cost.ts';
import { isFieldValue } from '../../../core/event.ts';
import { EVENTS, FIELDS, type FieldKey } from '../../../core/schema.ts';
import { readUsage } from '../../../core/pricing/usage.ts';
import { price, rawUsage } from '../pricing/price-request.ts';

const USAGE = {
  ...rawUsage({ input: 1, read: 20, write5m: 300, write1h: 4000, output: 50_000 }),
  output_tokens_details: { thinking_tokens: 7 },
  server_tool_use: { web_search_requests: 2 },
};

const CHAT = { 'gen_ai.operation.name': 'chat' };
const pricedFields = (): ModelCallFields =>
  modelCallFields({ cost: price({ model: 'claude-opus-5-5', usage: USAGE }) });

describe('usage fields', () => {
  it('hold the disjoint buckets and the sums of the conventions', () => {
    const reading = readUsage({ ...USAGE, service_tier: 'standard', speed: 'fast', inference_geo: 'us' });
    expect(modelCallFields({ reading })).toEqual({
      ...CHAT,
      tokens_input: 1,
      tokens_cache_read: 20,
      tokens_cache_write_5m: 300,
      tokens_cache_write_1h: 4000,
      tokens_output: 50_000,
      tokens_thinking: 7,
      'gen_ai.usage.input_tokens': 4321,
      'gen_ai.usage.output_tokens': 50_000,
      'gen_ai.usage.cache_read.input_tokens': 20,
      'gen_ai.usage.cache_creation.input_tokens': 4300,
      web_searches: 2,
      service_tier: 'standard',
      speed: 'fast',
      inference_geo: 'us',
    });
  });
  it('leave out what the API did not say', () => {
    const reading = readUsage(USAGE);
    const fields = modelCallFields({ reading });
    for (const key of ['service_tier', 'speed', 'inference_geo']) expect(fields).not.toHaveProperty([key]);
  });
});

describe('cost fields', () => {
  it('hold the cost, its buckets, status, table and row', () => {
    // 1×4,000, 20×200, 300×5,000, 4,000×8,000, 50,000×20,000, 2×10,000,000
    expect(pricedFields()).toEqual({
      ...CHAT,
      cost_nano_usd: 1_053_508_000,
      'gen_ai.usage.cost': 1.053508,
      cost_input_nano_usd: 4000,
      cost_cache_read_nano_usd: 4000,
      cost_cache_write_5m_nano_usd: 1_500_000,
      cost_cache_write_1h_nano_usd: 32_000_000,
      cost_output_nano_usd: 1_000_000_000,
      cost_web_search_nano_usd: 20_000_000,
      'tallyspan.cost.status': 'priced',
      'tallyspan.price.table': PRICE_TABLE_VERSION,
      'tallyspan.price.row': 'anthropic/claude-opus-5-5@2026-09-22',
    });
  });
  it('are fields of a model call, of the right type', () => {
    const reading = readUsage(USAGE);
    const all = { ...pricedFields(), ...modelCallFields({ reading }) };
    for (const [key, value] of Object.entries(all)) {
      expect(Object.keys(FIELDS)).toContain(key);
      expect(EVENTS['agent.model_call'].fields).toContain(key);
      expect(isFieldValue(key as FieldKey, value)).toBe(true);
    }
  });
  it('say why a cost is an estimate', () => {
    const aborted = price({ model: 'claude-opus-5-5', usage: USAGE, isComplete: false });
    expect(modelCallFields({ cost: aborted })).toEqual({
      ...pricedFields(),
      'tallyspan.cost.status': 'estimated',
      'tallyspan.cost.reason': 'aborted',
    });
  });
  it('of an unpriced call hold a reason and no cost', () => {
    const unpriced = price({ model: 'claude-opus-9', usage: USAGE });
    expect(modelCallFields({ cost: unpriced })).toEqual({
      ...CHAT,
      'tallyspan.cost.status': 'unpriced',
      'tallyspan.cost.unpriced_reason': 'unknown_model',
      'tallyspan.price.table': unpriced.table,
    });
  });
});
