// What a log of Claude Code does not say of a call and its cost does: how fast and where the call was served, searches.

import { expect, test } from '@jest/globals';
import { fieldsOfRequest } from '../../core/claude-code/price-log.ts';
import type { ModelCallFields } from '../../core/model-call/model-call-fields.ts';

const AT_MS = Date.parse('2026-11-20T10:00:00Z');
/** 1,000 × $4 + 260 × $20 + 1,000 × $5 + 300 × $8 a million on Opus 5.5; in fast mode each rate is twice that. */
const LIST = 16_600_000;

function priced(attributes: Readonly<Record<string, string | number>>): ModelCallFields {
  return fieldsOfRequest(
    {
      timeMs: AT_MS,
      resource: {},
      attributes: {
        model: 'claude-opus-5-5',
        input_tokens: 1_000,
        output_tokens: 260,
        cache_creation_tokens: 1_300,
        cache_creation_5m_tokens: 1_000,
        cache_creation_1h_tokens: 300,
        speed: 'normal',
        'anthropic.provider': 'firstParty',
        ...attributes,
      },
    } as unknown as Parameters<typeof fieldsOfRequest>[0],
    false,
  );
}

/** The cost as Claude Code writes it. */
const claiming = (nanoUsd: number): Readonly<Record<string, number>> => ({
  cost_usd: nanoUsd / 1e9,
  cost_usd_micros: Math.round(nanoUsd / 1_000),
});

test.each([
  ['standard speed, nowhere in particular', LIST, { speed: 'standard' }],
  ['fast mode, which the record calls normal', 2 * LIST, { speed: 'fast' }],
  ['inference in the US', 1.1 * LIST, { speed: 'standard', inference_geo: 'us' }],
  ['both', 2.2 * LIST, { speed: 'fast', inference_geo: 'us' }],
  ['two searches', LIST + 20_000_000, { speed: 'standard', web_searches: 2 }],
  ['a search in fast mode', 2 * LIST + 10_000_000, { speed: 'fast', web_searches: 1 }],
])('%s', (_what, nanoUsd, fields) => {
  expect(priced(claiming(nanoUsd))).toMatchObject({
    cost_nano_usd: Math.round(nanoUsd),
    cost_claimed_nano_usd: Math.round(nanoUsd),
    'tallyspan.cost.status': 'priced',
    ...fields,
  });
});

test('fast mode that was asked for and not served', () => {
  expect(priced({ ...claiming(LIST), speed: 'fast' })).toMatchObject({
    cost_nano_usd: LIST,
    'tallyspan.cost.status': 'priced',
    speed: 'standard',
  });
});

test('the dollars say what micro-dollars round away', () => {
  const tokens = { input_tokens: 7, output_tokens: 1, cache_creation_tokens: 0 };
  const none = { cache_creation_5m_tokens: 0, cache_creation_1h_tokens: 0 };
  expect(priced({ ...tokens, ...none, ...claiming(52_800) })).toMatchObject({
    cost_nano_usd: 52_800,
    inference_geo: 'us',
  });
  // In micro-dollars alone it is as good as the list price, and dollars of something else are not believed.
  for (const cost of [{ cost_usd_micros: 53 }, { cost_usd: 7, cost_usd_micros: 53 }])
    expect(priced({ ...tokens, ...none, ...cost })).toMatchObject({
      cost_nano_usd: 48_000,
      'tallyspan.cost.status': 'priced',
    });
});

test('searches of a call so small that micro-dollars do not say where it was served', () => {
  const tokens = { input_tokens: 7, output_tokens: 1, cache_creation_tokens: 0 };
  const none = { cache_creation_5m_tokens: 0, cache_creation_1h_tokens: 0 };
  expect(priced({ ...tokens, ...none, cost_usd_micros: 20_048 })).toMatchObject({
    cost_nano_usd: 20_048_000,
    'tallyspan.cost.status': 'priced',
    web_searches: 2,
  });
});

test('what nothing explains is an estimate at list price', () => {
  expect(priced(claiming(1.3 * LIST))).toMatchObject({
    cost_nano_usd: LIST,
    'tallyspan.cost.status': 'estimated',
    'tallyspan.cost.reason': 'claim_differs',
  });
});

test.each(['bedrock', 'mantle', 'vertex', 'anthropicGoogleCloud'])(
  'on %s the region is not told, and costs a tenth more than the global endpoint',
  (provider) => {
    expect(priced({ ...claiming(LIST), 'anthropic.provider': provider })).toMatchObject({
      cost_nano_usd: LIST,
      'tallyspan.cost.status': 'estimated',
      'tallyspan.cost.reason': 'location_unknown',
    });
  },
);

test.each(['eu.anthropic.claude-opus-5-5', 'global.anthropic.claude-opus-5-5'])(
  'a model of Bedrock that names its profile is priced: %s',
  (model) => {
    expect(priced({ model, 'anthropic.provider': 'bedrock' })).toMatchObject({
      cost_nano_usd: model.startsWith('eu.') ? 1.1 * LIST : LIST,
      'tallyspan.cost.status': 'priced',
    });
  },
);
