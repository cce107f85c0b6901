// Several emitters in one process, each with its own spans of the same calls: each call counts once, in the run that it is of,
// and two calls that are really two are never one.

import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { markDuplicates } from '../../../core/duplicates.ts';
import type { FactSpan } from '../../../core/dialects.ts';
import { readSpanFacts } from '../../../core/dialects/span-facts.ts';
import type { EventRecord } from '../../../core/event.ts';
import { assembleTraces } from '../../../core/foreign-runs/assemble.ts';
import {
  CALL_COSTS,
  CONVERSATION,
  factSpanOf,
  readOwnRecording,
  readRecording,
} from '../../fixtures/recorded-spans.ts';

function eventsOf(spans: readonly FactSpan[]): EventRecord[] {
  const traces = [...new Set(spans.map(({ traceId }) => traceId))];
  return markDuplicates(assembleTraces(traces.map((id) => spans.filter(({ traceId }) => traceId === id))));
}

function counted(events: readonly EventRecord[], name: EventRecord['event.name']): EventRecord[] {
  return events.filter((event) => event['event.name'] === name && event['tallyspan.duplicate'] !== true);
}

const recorded = (name: string): FactSpan[] =>
  readRecording(`mixtures/${name}`).spans.map((span) => factSpanOf(span));

describe('an agent of LangChain that streams, beside an SDK that sends its own spans', () => {
  it.each([
    'openinference',
    'openinference-js',
    'openinference-twice',
    'openinference-and-openllmetry',
    'openinference-and-langfuse',
  ])('%s: one run with each call and each tool once', (name) => {
    const events = eventsOf(recorded(name));
    expect(counted(events, 'agent.run')).toMatchObject([CONVERSATION]);
    const [run] = counted(events, 'agent.run');
    const calls = counted(events, 'agent.model_call');
    expect(calls.map((call) => [call.cost_nano_usd, call['agent.step_number']])).toEqual(
      CALL_COSTS.map((cost, index) => [cost, index + 1]),
    );
    for (const call of calls)
      expect(call).toMatchObject({
        'agent.run_id': run?.['agent.run_id'],
        'gen_ai.response.id': expect.stringContaining('msg_'),
      });
    expect(counted(events, 'agent.tool_call').map((tool) => tool['gen_ai.tool.name'])).toEqual([
      'weather',
      'search',
    ]);
  });

  it('beside our own instrumentation, which has its events, there is nothing more: no call, no tool and no run', () => {
    const events = eventsOf(recorded('openinference-and-our-own'));
    expect(events.filter((event) => event['tallyspan.duplicate'] !== true)).toEqual([]);
    const runIds = new Set(events.map((event) => event['agent.run_id']));
    expect([events.length, runIds.size]).toEqual([5, 1]);
  });

  it('what OpenLLMetry says of a streamed answer, which is nothing, is of the call that the SDK tells of', () => {
    const calls = counted(eventsOf(recorded('openllmetry')), 'agent.model_call');
    expect(calls.map((call) => call.cost_nano_usd).toSorted((a = 0, b = 0) => b - a)).toEqual([
      ...CALL_COSTS,
    ]);
  });

  it('and alone it is a call without a price, not one that cost nothing', () => {
    const blank = recorded('openllmetry').filter(({ scope }) => scope?.startsWith('opentelemetry') === true);
    const calls = counted(eventsOf(blank), 'agent.model_call');
    expect(calls.map((call) => [call.cost_nano_usd, call['tallyspan.cost.status']])).toEqual(
      CALL_COSTS.map(() => [undefined, 'unpriced']),
    );
  });
});

interface Said {
  readonly trace: string;
  readonly id: string;
  readonly scope: string;
  readonly from: number;
  readonly to: number;
  readonly parent?: string;
  readonly service?: string;
  readonly instance?: string;
  readonly isError?: boolean;
  readonly more?: Readonly<Record<string, unknown>>;
}

const COUNTS = { 'gen_ai.usage.input_tokens': 1000, 'gen_ai.usage.output_tokens': 100 };
const CACHE = { 'gen_ai.usage.cache_read.input_tokens': 600 };
const START_MS = Date.UTC(2026, 10, 20);

function spanOf({
  trace,
  id,
  scope,
  from,
  to,
  parent = '',
  isError = false,
  more = COUNTS,
  ...rest
}: Said): FactSpan {
  const attributes = {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'anthropic',
    'gen_ai.request.model': 'claude-sonnet-4-5',
    ...more,
  };
  return {
    name: 'chat',
    traceId: trace.padStart(32, '0'),
    spanId: id.padStart(16, '0'),
    parentSpanId: parent && parent.padStart(16, '0'),
    startMs: START_MS + from,
    endMs: START_MS + to,
    isError,
    scope,
    resource: {
      'service.name': rest.service ?? 'desk',
      ...(rest.instance !== undefined && { 'service.instance.id': rest.instance }),
    },
    facts: readSpanFacts({ name: 'chat', scopeName: scope, attributes, isError }),
  };
}

const framework: Said = {
  trace: 'a',
  id: 'a1',
  scope: 'openinference.instrumentation.langchain',
  from: 0,
  to: 100,
};
const sdk: Said = { trace: 'b', id: 'b1', scope: 'com.anthropic.sdk.python', from: 10, to: 90 };
const named = (id: string, counts: NonNullable<Said['more']> = COUNTS): NonNullable<Said['more']> => ({
  ...counts,
  'gen_ai.response.id': id,
});

const costOf = (...spans: Said[]): number =>
  counted(eventsOf(spans.map(spanOf)), 'agent.model_call').reduce(
    (sum, call) => sum + (call.cost_nano_usd ?? 0),
    0,
  );
const many = (...spans: Said[]): number => counted(eventsOf(spans.map(spanOf)), 'agent.model_call').length;

it('recordings of many emitters that end at once, of one service, are each their own', () => {
  const recordings = [
    'ai-sdk-5',
    'ai-sdk-6',
    'ai-sdk-7',
    'pydantic-ai-over-native',
    'python/google-adk-over-litellm',
  ].concat(
    [
      'langchain-by-langsmith',
      'langchain-streamed-below-a-request',
      'llamaindex-by-openinference',
      'strands',
    ].map((name) => `python/${name}`),
  );
  const alone = ['openinference-over-native', 'openllmetry-over-native', 'logfire'];
  const spans = [...recordings, ...alone].flatMap((name) => {
    const all = readOwnRecording(name).spans;
    const late = START_MS - Math.max(...all.map(({ endMs }) => endMs));
    return all.map((each) => factSpanOf({ ...each, startMs: each.startMs + late, endMs: each.endMs + late }));
  });
  const calls = counted(eventsOf(spans), 'agent.model_call');
  expect(calls).toHaveLength(3 * recordings.length + 2 * alone.length);
  expect(counted(eventsOf(spans), 'agent.run').map((run) => run['agent.turns'])).toEqual(
    recordings.map(() => 3),
  );
});

describe('two reports in traces of their own', () => {
  it.each<[string, Said, Said]>([
    ['neither named', framework, sdk],
    ['one named', framework, { ...sdk, more: named('msg_1') }],
    [
      'of one name, whatever they count',
      { ...framework, more: named('msg_1', { ...COUNTS, ...CACHE }) },
      { ...sdk, more: named('msg_1') },
    ],
    ['the framework’s below something that has not come', { ...framework, parent: 'ff' }, sdk],
    ['the cache counted in', framework, { ...sdk, more: { ...COUNTS, ...CACHE } }],
    [
      'the cache left out',
      { ...framework, more: { ...COUNTS, 'gen_ai.usage.input_tokens': 400 } },
      { ...sdk, more: { ...COUNTS, ...CACHE } },
    ],
    [
      'the model without its date',
      framework,
      { ...sdk, more: { ...COUNTS, 'gen_ai.response.model': 'claude-sonnet-4-5-20250929' } },
    ],
    [
      'what a stream announces counted in',
      framework,
      { ...sdk, more: named('msg_1', { ...COUNTS, 'gen_ai.usage.output_tokens': 96 }) },
    ],
    [
      'a part of the cache that one does not say',
      { ...framework, more: { ...COUNTS, ...CACHE } },
      {
        ...sdk,
        more: named('msg_1', { ...COUNTS, ...CACHE, 'gen_ai.usage.cache_creation.input_tokens': 100 }),
      },
    ],
    ['a clock that is read a moment later', { ...framework, to: 88 }, sdk],
    ['both failed', { ...framework, isError: true, more: {} }, { ...sdk, isError: true, more: {} }],
    [
      'one that knows no counts',
      { ...framework, scope: 'opentelemetry.instrumentation.anthropic', to: 50, more: {} },
      sdk,
    ],
  ])('are one call: %s', (_what, a, b) => {
    expect([many(a, b), many(b, a)]).toEqual([1, 1]);
  });

  it.each<[string, Said, Said]>([
    ['two names', { ...framework, more: named('msg_1') }, { ...sdk, more: named('msg_2') }],
    ['one emitter', framework, { ...sdk, scope: framework.scope }],
    ['other tokens', framework, { ...sdk, more: { ...COUNTS, 'gen_ai.usage.output_tokens': 111 } }],
    [
      'fewer tokens, and no name',
      framework,
      { ...sdk, more: named('msg_1', { ...COUNTS, 'gen_ai.usage.output_tokens': 101 }) },
    ],
    [
      'other cached tokens',
      { ...framework, more: { ...COUNTS, ...CACHE } },
      { ...sdk, more: { ...COUNTS, 'gen_ai.usage.cache_read.input_tokens': 500 } },
    ],
    ['another model', framework, { ...sdk, more: { ...COUNTS, 'gen_ai.response.model': 'claude-opus-4-5' } }],
    ['another service', framework, { ...sdk, service: 'shop' }],
    ['another process', { ...framework, instance: '1' }, { ...sdk, instance: '2' }],
    ['of a framework that keeps the context', { ...framework, scope: 'strands.telemetry.tracer' }, sdk],
    ['after the other', framework, { ...sdk, from: 101, to: 140 }],
    ['not within the other', framework, { ...sdk, to: 140 }],
    ['each with its own place', { ...framework, parent: 'fe' }, { ...sdk, parent: 'ff' }],
    ['failed and not', { ...framework, isError: true, more: {} }, sdk],
  ])('are two calls: %s', (_what, a, b) => {
    expect([many(a, b), many(b, a)]).toEqual([2, 2]);
  });

  it('a framework’s call that knows the SDK’s below it takes no other, however alike', () => {
    const below: Said = { ...sdk, trace: 'a', id: 'a2', parent: 'a1', more: named('msg_1') };
    expect(many(framework, below, { ...sdk, more: named('msg_2') })).toBe(2);
  });

  it('as many are paired as the times allow', () => {
    const inner: Said = { ...framework, trace: 'c', id: 'c1', from: 20, to: 60 };
    const outerOnly: Said = { ...sdk, trace: 'd', id: 'd1', from: 5, to: 95, more: named('msg_2') };
    const both: Said = { ...sdk, from: 25, to: 55, more: named('msg_1') };
    expect(many(framework, inner, outerOnly, both)).toBe(2);
  });

  it('of three emitters are one call', () => {
    const other: Said = { ...framework, trace: 'c', id: 'c1', scope: 'langfuse-sdk', from: 1, to: 99 };
    expect(many(framework, other, { ...sdk, more: named('msg_1') })).toBe(1);
  });

  it('calls at once that are alike in all count as many as they are, in any order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ at: fc.nat(60), ms: fc.integer({ min: 12, max: 80 }), isSeen: fc.boolean() }), {
          minLength: 1,
          maxLength: 6,
        }),
        fc.nat(),
        (calls, seed) => {
          const spans = calls.flatMap(({ at, ms, isSeen }, index): Said[] => [
            ...(isSeen ? [{ ...framework, trace: `a${index}`, id: `a${index}`, from: at, to: at + ms }] : []),
            {
              ...sdk,
              trace: `b${index}`,
              id: `b${index}`,
              from: at + 6,
              to: at + ms - 6,
              more: named(`msg_${index}`),
            },
          ]);
          const shuffled = spans
            .map((each, index) => [(index * 7919 + seed) % 101, each] as const)
            .toSorted(([a], [b]) => a - b)
            .map(([, each]) => each);
          expect(many(...shuffled)).toBe(calls.length);
          expect(costOf(...shuffled)).toBe(calls.length * 4_500_000);
        },
      ),
      { numRuns: 200 },
    );
  });
});
