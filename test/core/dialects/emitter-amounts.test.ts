// What calls cost by how their emitters mean their counts and name their models.

import { describe, expect, it } from '@jest/globals';
import {
  OPUS,
  READ,
  SONNET,
  T,
  WHOLE,
  WRITTEN,
  amount,
  callOf,
  chat,
  type Attributes,
  type Tokens,
} from './amounts.ts';

const metadata = (value: unknown): Attributes => ({
  'ai.response.providerMetadata': JSON.stringify(value),
});

const span = (model: string, provider: string, input: number, more: Attributes): Attributes => ({
  'ai.model.id': model,
  'ai.model.provider': provider,
  'gen_ai.system': provider,
  'gen_ai.request.model': model,
  'gen_ai.response.model': model,
  'gen_ai.usage.input_tokens': input,
  'gen_ai.usage.output_tokens': 90,
  ...more,
});

describe('the AI SDK', () => {
  const raw = {
    input_tokens: 60_000,
    cache_read_input_tokens: 9000,
    cache_creation_input_tokens: 700,
    cache_creation: { ephemeral_5m_input_tokens: 200, ephemeral_1h_input_tokens: 500 },
    output_tokens: 90,
  };
  const parts = {
    'ai.usage.inputTokenDetails.noCacheTokens': 60_000,
    'ai.usage.inputTokenDetails.cacheReadTokens': 9000,
    'ai.usage.inputTokenDetails.cacheWriteTokens': 700,
  };
  const split: Tokens = { ...T, written: 200, hour: 500 };
  const EU = 'eu.anthropic.claude-sonnet-4-5-20250929-v1:0';
  const ANY = 'global.anthropic.claude-sonnet-4-5-20250929-v1:0';
  const written = { cacheWriteInputTokens: 700 };
  const details = [
    { inputTokens: 500, ttl: '1h' },
    { inputTokens: 200, ttl: '5m' },
  ];

  it.each([
    [
      '5 on Anthropic',
      span(OPUS, 'anthropic.messages', 60_000, metadata({ anthropic: { usage: raw } })),
      amount('opus', split),
    ],
    [
      '5 on Vertex',
      span(
        'claude-sonnet-4-5@20250929',
        'vertex.anthropic.messages',
        60_000,
        metadata({ anthropic: { usage: raw } }),
      ),
      amount('sonnet', split),
    ],
    [
      '5 on Bedrock in any region',
      span(ANY, 'amazon-bedrock', 60_000, {
        'ai.usage.cachedInputTokens': 9000,
        ...metadata({ bedrock: { usage: written } }),
      }),
      amount('sonnet', T),
    ],
    [
      '5 on Bedrock in a region',
      span(EU, 'amazon-bedrock', 60_000, {
        'ai.usage.cachedInputTokens': 9000,
        ...metadata({ bedrock: { usage: written } }),
      }),
      amount('sonnet', T, 1.1),
    ],
    [
      '4 on Anthropic',
      span(
        OPUS,
        'anthropic',
        60_000,
        metadata({ anthropic: { cacheCreationInputTokens: 700, cacheReadInputTokens: 9000 } }),
      ),
      amount('opus', T),
    ],
    [
      'any, with the names of the conventions',
      span(OPUS, 'anthropic.messages', WHOLE, { [READ]: 9000, [WRITTEN]: 700 }),
      amount('opus', T),
    ],
    ['6 on Bedrock', span(ANY, 'amazon-bedrock', WHOLE, parts), amount('sonnet', T)],
    [
      '6 on Bedrock with lifetimes',
      span(EU, 'amazon-bedrock', WHOLE, {
        ...parts,
        ...metadata({ bedrock: { usage: { ...written, cacheDetails: details } } }),
      }),
      amount('sonnet', split, 1.1),
    ],
    ['6 on Vertex', span(OPUS, 'googleVertex.anthropic.messages', WHOLE, parts), amount('opus', T)],
  ])('%s', (_what, attributes, nano) => {
    for (const name of ['ai.generateText.doGenerate', 'ai.streamText.doStream'])
      expect(callOf(attributes, { scope: 'ai', name })?.cost_nano_usd).toBe(nano);
  });
});

describe('models by the names of those who serve them', () => {
  const counts = { [READ]: 9000, [WRITTEN]: 700 };

  it.each([
    ['us.anthropic.claude-sonnet-4-5-20250929-v1:0', 'aws.bedrock', 1.1],
    ['global.anthropic.claude-sonnet-4-5-20250929-v1:0', 'AWS Bedrock', 1],
    [
      'arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0',
      'bedrock',
      1.1,
    ],
    ['claude-sonnet-4-5@20250929', 'vertex_ai', 1],
    [
      'projects/p/locations/europe-west1/publishers/anthropic/models/claude-sonnet-4-5@20250929',
      'gcp.vertex_ai',
      1.1,
    ],
    ['anthropic/claude-sonnet-4-5', 'anthropic', 1],
    ['anthropic:claude-sonnet-4-5', 'anthropic', 1],
    ['bedrock:us.anthropic.claude-sonnet-4-5-20250929-v1:0', 'aws.bedrock', 1.1],
    ['claude-sonnet-4-5-20250929[1m]', 'Anthropic', 1],
  ])('%s of %s', (model, provider, factor) => {
    const call = callOf(chat(model, WHOLE, 90, { ...counts, 'gen_ai.provider.name': provider }));
    expect(call?.cost_nano_usd).toBe(amount('sonnet', T, factor));
  });

  it.each([
    ['anthropic/claude-sonnet-4.5', 'openrouter', 'gateway'],
    ['claude-sonnet-4-5', 'openrouter', 'gateway'],
    ['claude-sonnet-4-5', 'openrouter.chat', 'gateway'],
    ['claude-sonnet-4-5', 'github_copilot', 'gateway'],
    ['anthropic/claude-sonnet-4.5', 'gateway', 'gateway'],
    ['gpt-5.1', 'openai', 'unknown_model'],
    ['amazon.nova-pro-v1:0', 'aws.bedrock', 'unknown_model'],
    ['claude-sonnet-4-5-mini', 'anthropic', 'unknown_model'],
    ['databricks-claude-sonnet-4-5', 'databricks', 'unknown_model'],
    [
      'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc',
      'aws.bedrock',
      'opaque_inference_profile',
    ],
  ])('%s of %s has no price', (model, provider, reason) => {
    const call = callOf(chat(model, WHOLE, 90, { ...counts, 'gen_ai.provider.name': provider }));
    expect([call?.cost_nano_usd, call?.['tallyspan.cost.unpriced_reason']]).toEqual([undefined, reason]);
  });
});

const logfire = (more: Attributes): Attributes => ({
  ...chat(OPUS, 1000, 90),
  response_data: JSON.stringify({
    usage: {
      input_tokens: 60_000,
      output_tokens: 90,
      cache_read_input_tokens: 9000,
      cache_creation_input_tokens: 700,
      cache_creation: { ephemeral_5m_input_tokens: 700, ephemeral_1h_input_tokens: 0 },
      ...more,
    },
  }),
});

const logfireCost = (more: Attributes): number | undefined =>
  callOf(logfire(more), { scope: 'logfire.anthropic', version: '4.0.0' })?.cost_nano_usd;

it.each([
  ['gen_ai.server.time_to_first_token', 0.8124, 812],
  ['gen_ai.server.time_to_first_token', 3093.26, 3093],
  ['gen_ai.server.time_to_first_token', 812.4, 812],
  ['gen_ai.response.time_to_first_chunk', 1.5, 1500],
  ['gen_ai.client.operation.time_to_first_chunk', 0.25, 250],
  ['gen_ai.response.time_to_first_token', 0.25, 250],
  ['gen_ai.response.time_to_first_token_ms', 250.6, 251],
  ['ttft_ms', '250.6', 251],
])('%s of %p is %p ms to the first token', (key, value, ms) => {
  expect(callOf(chat(OPUS, 1000, 90, { [key]: value }))?.ttft_ms).toBe(ms);
});

it.each([
  ['gen_ai.response.service_tier', 'batch', 0.5],
  ['gen_ai.usage.service_tier', 'default', 1],
  ['gen_ai.usage.inference_geo', 'us', 1.1],
  ['gen_ai.response.speed', 'fast', 2],
])('%s of %s changes the price', (key, value, factor) => {
  const call = callOf(chat(OPUS, WHOLE, 90, { [READ]: 9000, [WRITTEN]: 700, [key]: value }));
  expect(call?.cost_nano_usd).toBe(amount('opus', T, factor));
});

it.each([
  [
    'ai',
    {
      'ai.operationId': 'ai.generateText',
      'ai.telemetry.metadata.user_id': 'u-1',
      'ai.telemetry.metadata.session_id': 's-1',
    },
  ],
  [
    '@traceloop/x',
    { 'traceloop.association.properties.userId': 'u-1', 'traceloop.association.properties.chat_id': 's-1' },
  ],
  ['any', { 'gen_ai.user.id': 'u-1', 'gen_ai.session.id': 's-1' }],
  ['any', { user_id: 'u-1', conversation_id: 's-1' }],
])('%s says whom a call is for: %p', (scope, more) => {
  expect(callOf(chat(OPUS, 1000, 90, more), { scope })).toMatchObject({
    'user.id': 'u-1',
    'gen_ai.conversation.id': 's-1',
  });
});

describe('what an emitter says that a call cost', () => {
  it.each([
    [
      'the conventions',
      { 'gen_ai.usage.cost.amount': 0.0123, 'gen_ai.usage.cost.currency': 'USD' },
      12_300_000,
    ],
    ['a map', { 'gen_ai.usage.cost': { amount: 0.5, currency: 'usd', source: 'provider' } }, 500_000_000],
    ['OpenLIT', { 'gen_ai.usage.cost': 0.000_086_1 }, 86_100],
    ['pydantic-ai', { 'operation.cost': 0.25 }, 250_000_000],
    ['OpenInference', { 'llm.cost.total': '0.25' }, 250_000_000],
    ['another currency', { 'gen_ai.usage.cost.amount': 3, 'gen_ai.usage.cost.currency': 'EUR' }, undefined],
    ['less than nothing', { 'gen_ai.usage.cost': -1 }, undefined],
    ['no number', { 'gen_ai.usage.cost': 'cheap' }, undefined],
  ])('by %s stands beside what it costs', (_who, more, nano) => {
    const call = callOf(chat(OPUS, 1000, 90, more));
    expect([call?.cost_claimed_nano_usd, call?.cost_nano_usd]).toEqual([
      nano,
      amount('opus', { uncached: 1000, output: 90 }),
    ]);
    const unknown = callOf(chat('gpt-5.1', 1000, 90, more));
    expect([unknown?.cost_claimed_nano_usd, unknown?.cost_nano_usd]).toEqual([nano, undefined]);
  });
});

describe('other emitters', () => {
  const exclusive = chat(SONNET, 60_000, 90, { [READ]: 9000, [WRITTEN]: 700 });
  const inclusive = chat(SONNET, WHOLE, 90, { [READ]: 9000, [WRITTEN]: 700 });

  it.each(['2.0.0', '4.13.2', 'v4.2.0', '4.99.1.post1'])('Logfire %s leaves the cache out', (version) => {
    expect(callOf(exclusive, { scope: 'logfire.anthropic', version })?.cost_nano_usd).toBe(
      amount('sonnet', T),
    );
  });

  it.each(['5.0.0', '5.0.0rc1', '5.11.2', 'v6.1.0'])('Logfire %s counts it in', (version) => {
    expect(callOf(inclusive, { scope: 'logfire.anthropic', version })?.cost_nano_usd).toBe(
      amount('sonnet', T),
    );
  });

  it('Logfire with the API’s own usage says tier, speed, place and searches', () => {
    expect(logfireCost({ service_tier: 'batch' })).toBe(amount('opus', T, 0.5));
    expect(logfireCost({ speed: 'fast' })).toBe(amount('fastOpus', T));
    expect(logfireCost({ inference_geo: 'us', server_tool_use: { web_search_requests: 3 } })).toBe(
      amount('opus', T, 1.1, 3),
    );
  });

  it.each([
    [
      'langfuse-sdk',
      {
        input: 60_000,
        output: 90,
        input_cache_read: 9000,
        input_cache_creation: 700,
        input_cache_creation_1h: 700,
      },
    ],
    [
      'langfuse-sdk',
      {
        input: 60_000,
        output: 90,
        cache_read_input_tokens: 9000,
        cache_creation_input_tokens: 700,
        ephemeral_1h_input_tokens: 700,
      },
    ],
  ])('%s with lifetimes: %p', (scope, details) => {
    const call = callOf(
      {
        'langfuse.observation.type': 'generation',
        'langfuse.observation.model.name': SONNET,
        'langfuse.observation.usage_details': JSON.stringify(details),
      },
      { scope },
    );
    expect(call?.cost_nano_usd).toBe(amount('sonnet', { ...T, written: 0, hour: 700 }));
  });

  it.each(['gen_ai.usage.input_tokens', 'gen_ai.response.prompt_tokens'])(
    'Semantic Kernel: chat.completions with %s',
    (key) => {
      const out = key.replace('input', 'output').replace('prompt', 'completion');
      const call = callOf({
        'gen_ai.operation.name': 'chat.completions',
        'gen_ai.system': 'anthropic',
        'gen_ai.request.model': 'claude-haiku-4-5',
        [key]: '1000',
        [out]: '90',
      });
      expect(call?.cost_nano_usd).toBe(amount('haiku', { uncached: 1000, output: 90 }));
    },
  );
});
