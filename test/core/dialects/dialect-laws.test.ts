// Laws of translation: whatever a span of another emitter says, its event is one that the schema knows; and each
// attribute of it goes where it belongs.

import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { normaliseSpan, translateSpan, type ForeignSpan } from '../../../core/dialects.ts';
import { STANDARD_KEYS } from '../../../core/dialects/dialect.ts';
import { RULE_KEY } from '../../../core/dialects/normalise.ts';
import { DIALECTS } from '../../../core/dialects/table.ts';
import { decodeEvent, encodeEvent } from '../../../core/event.ts';

const START_MS = Date.UTC(2026, 10, 20);
const CALL = {
  'gen_ai.operation.name': 'chat',
  'gen_ai.provider.name': 'anthropic',
  'gen_ai.request.model': 'claude-opus-4-7',
  'gen_ai.usage.input_tokens': 100,
  'gen_ai.usage.output_tokens': 10,
};

function spanOf(attributes: Record<string, unknown>, more: Partial<ForeignSpan> = {}): ForeignSpan {
  return {
    name: 'any',
    scopeName: 'any',
    traceId: 'a'.repeat(32),
    spanId: 'b'.repeat(16),
    startMs: START_MS,
    endMs: START_MS + 1_500,
    isError: false,
    attributes,
    resource: {},
    ...more,
  };
}

function standardOf(
  attributes: Record<string, unknown>,
  more: Partial<ForeignSpan> = {},
): Readonly<Record<string, unknown>> {
  return normaliseSpan(spanOf(attributes, more))?.attributes ?? {};
}

const KEYS = [
  ...STANDARD_KEYS,
  ...DIALECTS.flatMap(({ aliases, json, operationByAttribute }) => [
    ...Object.values(aliases ?? {}).flat(),
    ...(json ? [json.key] : []),
    ...(operationByAttribute ? [operationByAttribute.key] : []),
  ]),
];
/** No call has a billion tokens; a price of millions of them is no exact number any more. */
const isPossible = (value: unknown): boolean =>
  !(Math.abs(Number(value)) > 1e9 && Math.abs(Number(value)) < 2 ** 53);
const aValue = fc.oneof(
  fc.constantFrom<unknown>(
    '',
    'chat',
    'LLM',
    'tool',
    'constructor',
    '__proto__',
    '[',
    '["a"]',
    '{"input":5}',
    'null',
  ),
  fc.constantFrom<unknown>(
    null,
    undefined,
    true,
    Number.NaN,
    -5,
    0.5,
    7,
    '12',
    2 ** 60,
    [],
    ['end_turn'],
    {},
    { toString: '', valueOf: '' },
    [{ toString: '' }],
  ),
  fc.anything().filter((value) => typeof value === 'object' || isPossible(value)),
);

const typeOf = (attributes: Record<string, unknown>): unknown =>
  translateSpan(spanOf(attributes, { isError: true }))?.['error.type'];
const rowOf = (attributes: Record<string, unknown>): unknown =>
  translateSpan(spanOf({ ...CALL, ...attributes }))?.['tallyspan.price.row'];

describe('whatever a span says', () => {
  it('its event has the types of the schema, and nothing throws', () => {
    const aSpan = fc.record({
      attributes: fc.dictionary(fc.constantFrom(...KEYS), aValue, { maxKeys: 12 }),
      scopeName: fc.constantFrom('any', '@traceloop/x', 'langfuse-sdk', 'openlit', 'ai', 'logfire'),
      name: fc.constantFrom('any', 'anthropic.chat', 'ai.toolCall', 'claude_code.llm_request'),
      isError: fc.boolean(),
    });
    fc.assert(
      fc.property(aSpan, ({ attributes, ...more }) => {
        const event = translateSpan(spanOf({ ...CALL, ...attributes }, more));
        const present = Object.entries(event ?? {})
          .filter(([, value]) => value !== undefined)
          // JSON has no -0.
          .map(([key, value]): [string, unknown] => [key, value === 0 ? 0 : value]);
        const decoded = event === undefined ? {} : decodeEvent(encodeEvent(event));
        expect(decoded).toEqual(Object.fromEntries(present));
      }),
    );
  });

  it('its standard attributes are the same when they are read again', () => {
    const attributes = fc.dictionary(fc.constantFrom(...KEYS), aValue, { maxKeys: 8 });
    fc.assert(
      fc.property(attributes, (own) => {
        const once = normaliseSpan(spanOf({ ...CALL, ...own }));
        expect(normaliseSpan(spanOf({ ...once?.attributes }))?.attributes).toEqual(once?.attributes);
      }),
    );
  });
});

describe('an event of another emitter', () => {
  const full = {
    ...CALL,
    'gen_ai.response.model': 'claude-opus-4-7',
    'gen_ai.response.id': 'msg_1',
    'gen_ai.response.finish_reasons': ['end_turn', 5],
    'gen_ai.conversation.id': 'talk',
    'user.id': 'u',
    'gen_ai.agent.name': 'support',
    ttft_ms: 250,
  };
  const resource = { 'service.name': 'shop', 'service.version': '1.2', 'service.instance.id': 'p1' };
  const identity = {
    timestamp: START_MS + 1_500,
    duration_ms: 1_500,
    trace_id: 'a'.repeat(32),
    span_id: 'b'.repeat(16),
    'agent.run_id': 'a'.repeat(32),
    ...resource,
    'gen_ai.conversation.id': 'talk',
    'user.id': 'u',
    'gen_ai.agent.name': 'support',
    [RULE_KEY]: 'gen-ai/inclusive',
  };

  it('of a call has all that the span says of it', () => {
    expect(translateSpan(spanOf(full, { resource, parentSpanId: 'c' }))).toMatchObject({
      ...identity,
      'event.name': 'agent.model_call',
      parent_span_id: 'c',
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'anthropic',
      'gen_ai.request.model': 'claude-opus-4-7',
      'gen_ai.response.model': 'claude-opus-4-7',
      'gen_ai.response.id': 'msg_1',
      'gen_ai.response.finish_reasons': ['end_turn', '5'],
      ttft_ms: 250,
      tokens_input: 100,
      tokens_output: 10,
      'agent.inferred': undefined,
      'error.type': undefined,
    });
  });

  it('of a tool has its name, else that of the span', () => {
    const tool = { ...full, 'gen_ai.operation.name': 'execute_tool' };
    const named = { ...tool, 'gen_ai.tool.name': 'search', 'gen_ai.tool.call.id': 'toolu_1' };
    expect(translateSpan(spanOf(named, { resource }))).toMatchObject({
      ...identity,
      'event.name': 'agent.tool_call',
      'agent.inferred': true,
      'gen_ai.tool.name': 'search',
      'gen_ai.tool.call.id': 'toolu_1',
      'tool.ok': true,
      parent_span_id: undefined,
    });
    expect(translateSpan(spanOf(tool))?.['gen_ai.tool.name']).toBe('any');
    expect(translateSpan(spanOf({ ...tool, 'gen_ai.tool.name': '' }))?.['gen_ai.tool.name']).toBe('any');
  });

  it('of an agent at the root is a run, and other operations are no event', () => {
    const agent = { ...full, 'gen_ai.operation.name': 'invoke_agent' };
    for (const parentSpanId of [undefined, ''])
      expect(translateSpan(spanOf(agent, { resource, parentSpanId }))).toMatchObject({
        ...identity,
        'event.name': 'agent.run',
        'agent.status': 'ok',
        parent_span_id: undefined,
      });
    expect(translateSpan(spanOf(agent, { parentSpanId: 'c' }))).toBeUndefined();
    expect(translateSpan(spanOf({ ...full, 'gen_ai.operation.name': 'embeddings' }))).toBeUndefined();
  });

  it.each(['chat', 'text_completion', 'generate_content'])('%s is a call of a model', (operation) => {
    const event = translateSpan(spanOf({ ...full, 'gen_ai.operation.name': operation }));
    expect(event?.['event.name']).toBe('agent.model_call');
  });

  it('that failed has the type of the error, else just that', () => {
    expect([typeOf({ ...full, 'error.type': 'overloaded' }), typeOf(CALL)]).toEqual(['overloaded', 'error']);
  });

  it('ends after it began, in whole milliseconds', () => {
    const times = { startMs: START_MS + 0.4, endMs: START_MS + 10.6 };
    expect(translateSpan(spanOf(CALL, times))).toMatchObject({ timestamp: START_MS + 11, duration_ms: 10 });
    expect(translateSpan(spanOf(CALL, { endMs: START_MS - 5 }))?.duration_ms).toBe(0);
  });

  it('has no time to its first chunk that is less than none', () => {
    const timesOf = [-1, 0, 7].map((ms) => translateSpan(spanOf({ ...CALL, ttft_ms: ms }))?.ttft_ms);
    expect(timesOf).toEqual([undefined, 0, 7]);
  });

  it('without both counts has no tokens and no price', () => {
    for (const key of ['gen_ai.usage.input_tokens', 'gen_ai.usage.output_tokens']) {
      const event = translateSpan(spanOf({ ...CALL, [key]: undefined }));
      expect(event).toMatchObject({ 'tallyspan.cost.status': 'unpriced' });
      expect([event?.tokens_input, event?.tokens_output, event?.cost_nano_usd]).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
    }
    const negative = translateSpan(spanOf({ ...CALL, 'gen_ai.usage.output_tokens': -1 }));
    expect(negative?.tokens_output).toBeUndefined();
    const nothing = translateSpan(spanOf({ ...CALL, 'gen_ai.usage.output_tokens': 0 }));
    expect(nothing).toMatchObject({ tokens_output: 0, 'tallyspan.cost.status': 'estimated' });
  });

  it('is priced by the model that answered or was asked for, at its platform, when it began', () => {
    expect(rowOf({})).toMatch(/^anthropic\/claude-opus-4-7@/);
    expect(rowOf({ 'gen_ai.provider.name': 'aws.bedrock' })).toMatch(/^bedrock\/claude-opus-4-7@/);
    expect(rowOf({ 'gen_ai.provider.name': 'gcp.vertex_ai' })).toMatch(/^vertex\/claude-opus-4-7@/);
    expect(rowOf({ 'gen_ai.provider.name': 'constructor' })).toMatch(/^anthropic\/claude-opus-4-7@/);
    expect(rowOf({ 'gen_ai.request.model': undefined })).toBeUndefined();
    const profile = {
      'gen_ai.provider.name': 'aws.bedrock',
      'gen_ai.request.model': 'us.anthropic.claude-opus-4-7',
      'gen_ai.response.model': 'claude-opus-4-7',
    };
    expect(rowOf(profile)).not.toBe(rowOf({ ...profile, 'gen_ai.request.model': 'claude-opus-4-7' }));
  });
});

describe('a standard attribute', () => {
  it.each([
    ['Anthropic', 'anthropic'],
    ['anthropic.messages', 'anthropic'],
    ['ANTHROPIC', 'anthropic'],
    ['My.Anthropic.Proxy', 'my.anthropic.proxy'],
    ['AWS.Bedrock', 'aws.bedrock'],
  ])('for the provider %s is %s', (provider, name) => {
    expect(standardOf({ 'gen_ai.system': provider })['gen_ai.provider.name']).toBe(name);
  });

  it.each<readonly [unknown, unknown]>([
    ['end_turn', ['end_turn']],
    ['["a","b"]', ['a', 'b']],
    ['[broken', ['[broken']],
    ['max[', ['max[']],
    ['null', ['null']],
    [['a'], ['a']],
    [undefined, undefined],
  ])('for the reasons %j is %j', (reasons, list) => {
    const attributes = standardOf({ ...CALL, 'gen_ai.response.finish_reasons': reasons });
    expect(attributes['gen_ai.response.finish_reasons']).toEqual(list);
  });

  it('for one finish reason is a list of it', () => {
    const attributes = standardOf({ ...CALL, 'gen_ai.response.finish_reason': 'refusal' });
    expect(attributes['gen_ai.response.finish_reasons']).toEqual(['refusal']);
  });

  it.each<readonly [unknown, number | undefined]>([
    ['12', 12],
    [12.9, 13],
    [3093.26, 3093],
    ['twelve', undefined],
    [undefined, undefined],
    [0, 0],
  ])('for the count %j is %p', (count, number) => {
    const attributes = standardOf({ ...CALL, 'gen_ai.usage.output_tokens': count });
    expect(attributes['gen_ai.usage.output_tokens']).toBe(number);
    expect('gen_ai.usage.output_tokens' in attributes).toBe(number !== undefined);
  });

  it('that is absent is not there at all', () => {
    expect(Object.keys(standardOf({ 'gen_ai.system': 'x', 'user.id': undefined }))).not.toContain('user.id');
  });

  it('for the first chunk is read as milliseconds where seconds would be longer than the span', () => {
    const chunk = 'gen_ai.server.time_to_first_token';
    expect(standardOf({ ...CALL, [chunk]: 812.4 }, { durationMs: 2400 })['ttft_ms']).toBe(812);
    expect(standardOf({ ...CALL, [chunk]: 1.2 }, { durationMs: 2400 })['ttft_ms']).toBe(1200);
    expect(standardOf({ ...CALL, [chunk]: 812 })['ttft_ms']).toBe(812);
  });

  it('for the first chunk is milliseconds, rounded, and one in milliseconds goes first', () => {
    const chunk = 'gen_ai.response.time_to_first_chunk';
    expect(standardOf({ ...CALL, [chunk]: 0.2506 })['ttft_ms']).toBe(251);
    expect(standardOf({ ...CALL, 'gen_ai.server.time_to_first_token': 0.2 })['ttft_ms']).toBe(200);
    expect(standardOf({ ...CALL, [chunk]: 0.2506, ttft_ms: 90 })['ttft_ms']).toBe(90);
    expect(standardOf({ ...CALL, [chunk]: '0.25' })['ttft_ms']).toBeUndefined();
  });

  it('for the input counts what the cache held; equal counts are not corrected', () => {
    const cached = {
      'gen_ai.usage.cache_read.input_tokens': 60,
      'gen_ai.usage.cache_creation.input_tokens': 40,
    };
    expect(standardOf({ ...CALL, ...cached })).toMatchObject({
      'gen_ai.usage.input_tokens': 100,
      [RULE_KEY]: 'gen-ai/inclusive',
    });
    expect(standardOf({ ...CALL, ...cached, 'gen_ai.usage.input_tokens': 99 })).toMatchObject({
      'gen_ai.usage.input_tokens': 199,
      [RULE_KEY]: 'gen-ai/corrected',
    });
    expect(
      standardOf({ ...CALL, ...cached }, { scopeName: 'logfire', scopeVersion: '4.13.2' }),
    ).toMatchObject({
      'gen_ai.usage.input_tokens': 200,
      [RULE_KEY]: 'logfire/exclusive',
    });
    for (const scopeVersion of ['5.0.0', '5.4.0', '10.1', undefined, 'main'])
      expect(standardOf({ ...CALL, ...cached }, { scopeName: 'logfire', scopeVersion })).toMatchObject({
        'gen_ai.usage.input_tokens': 100,
        [RULE_KEY]: 'logfire/inclusive',
      });
  });

  it('for the input counts what the cache held by what the numbers beside it leave as the only meaning', () => {
    const cached = {
      'gen_ai.usage.cache_read.input_tokens': 30,
      'gen_ai.usage.cache_creation.input_tokens': 20,
    };
    const ruleOf = (more: Record<string, unknown>, scopeName = 'any'): unknown =>
      standardOf({ ...CALL, ...cached, ...more }, { scopeName })[RULE_KEY];
    expect(ruleOf({ 'gen_ai.usage.total_tokens': 160 })).toBe('gen-ai/corrected');
    expect(ruleOf({ 'gen_ai.usage.total_tokens': 110 })).toBe('gen-ai/inclusive');
    expect(ruleOf({ 'gen_ai.usage.details.input_tokens': 100 })).toBe('gen-ai/corrected');
    expect(ruleOf({ 'gen_ai.usage.details.input_tokens': 50 }, 'openlit')).toBe('openlit/inclusive');
  });
});

describe('a span', () => {
  it('whose kind is a word of the language is of no kind', () => {
    const attributes = { 'openinference.span.kind': 'constructor', 'llm.provider': 'anthropic' };
    const standard = standardOf(attributes, { scopeName: '@arizeai/openinference-instrumentation-x' });
    expect(standard['gen_ai.provider.name']).toBe('anthropic');
    expect('gen_ai.operation.name' in standard).toBe(false);
  });

  it('of our own, or of the SDK under our instrumentation, is not translated', () => {
    expect(normaliseSpan(spanOf(CALL, { scopeName: 'tallyspan' }))).toBeUndefined();
    expect(normaliseSpan(spanOf({ ...CALL, 'agent.run_id': 'x' }))).toBeUndefined();
    expect(normaliseSpan(spanOf({ other: 1 }))).toBeUndefined();
  });

  it.each(['{broken', '[1]', 'null', '5', 5, undefined])(
    'of Langfuse with %j for its counts has none',
    (details) => {
      const attributes = {
        'langfuse.observation.type': 'generation',
        'langfuse.observation.usage_details': details,
      };
      const standard = standardOf(attributes, { scopeName: 'langfuse-sdk' });
      expect(standard['gen_ai.operation.name']).toBe('chat');
      expect(standard['gen_ai.usage.input_tokens']).toBeUndefined();
    },
  );
});
