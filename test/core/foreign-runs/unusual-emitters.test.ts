// Emitters that nobody recorded here, by the names of their documents: one run each, with all of its calls once; whatever
// else is on their spans, and whatever the program wraps around their calls.

import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { FactSpan } from '../../../core/dialects.ts';
import { hasUnreadCounts, readSpanFacts } from '../../../core/dialects/span-facts.ts';
import type { EventRecord } from '../../../core/event.ts';
import { assembleTrace } from '../../../core/foreign-runs/assemble.ts';
import { CALL_COSTS, CONVERSATION } from '../../fixtures/recorded-spans.ts';
import { CALLS, spansOfEmitter } from '../../fixtures/told-conversation.ts';
import { UNUSUAL_EMITTERS } from '../../fixtures/unusual-emitters.ts';

/** All input at 3 $/MTok, output at 15. */
const UNCACHED_COSTS = CALLS.map(
  ({ uncached, read, written, output }) => (uncached + read + written) * 3000 + output * 15_000,
);

function counted(events: readonly EventRecord[], name: EventRecord['event.name']): EventRecord[] {
  return events.filter((event) => event['event.name'] === name && event['tallyspan.duplicate'] !== true);
}

describe.each(UNUSUAL_EMITTERS)('$name', (emitter) => {
  const costs = emitter.tellsCache ? CALL_COSTS : UNCACHED_COSTS;

  it('makes one run, with all of its calls once', () => {
    const events = assembleTrace(spansOfEmitter(emitter));
    const calls = counted(events, 'agent.model_call');
    expect(calls.map((call) => call.cost_nano_usd)).toEqual(costs);
    expect(counted(events, 'agent.tool_call').map((tool) => tool['gen_ai.tool.name'])).toEqual([
      'weather',
      'search',
    ]);
    expect(counted(events, 'agent.run')).toMatchObject([
      {
        ...CONVERSATION,
        'agent.cost_nano_usd': costs.reduce((sum, cost) => sum + cost, 0),
        ...emitter.identity,
      },
    ]);
    for (const call of calls) expect(call).toMatchObject(emitter.identity ?? {});
  });

  it('says the same with attributes that nobody knows', () => {
    const wanted = assembleTrace(spansOfEmitter(emitter));
    const aName = fc
      .tuple(
        fc.constantFrom('gen_ai', 'llm', 'ai', 'vendor', 'langsmith.metadata'),
        fc.string({ maxLength: 12 }),
      )
      .map(([head, tail]) => `${head}.x-${tail}`);
    fc.assert(
      fc.property(fc.dictionary(aName, fc.oneof(fc.string(), fc.integer(), fc.constant(null))), (more) => {
        expect(assembleTrace(spansOfEmitter(emitter, more))).toEqual(wanted);
      }),
      { numRuns: 30 },
    );
  });

  it.each(['sums', 'each call'])(
    'is not counted again by a wrapper around %s that repeats the counts',
    (around) => {
      const spans = spansOfEmitter(emitter);
      const calls = outermost(spans, assembleTrace(spans));
      const wrapped = around === 'sums' ? [calls] : calls.map((call) => [call]);
      const events = assembleTrace(wrapped.reduce(wrap, spans));
      expect(counted(events, 'agent.model_call').map((call) => call.cost_nano_usd)).toEqual(costs);
    },
  );
});

function factsOfWrapper(attributes: Readonly<Record<string, unknown>>): FactSpan['facts'] {
  return readSpanFacts({ name: 'ask', scopeName: 'my_app', attributes, isError: false });
}

/** The calls that are in no other. */
function outermost(spans: readonly FactSpan[], events: readonly EventRecord[]): EventRecord[] {
  const calls = events.filter((event) => event['event.name'] === 'agent.model_call');
  const ids = new Set(calls.map((call) => call.span_id));
  return calls.filter(
    (call) => !ids.has(spans.find(({ spanId }) => spanId === call.span_id)?.parentSpanId ?? ''),
  );
}

/** The spans, with one more around the calls, which has their counts. */
function wrap(spans: readonly FactSpan[], calls: readonly EventRecord[], index: number): FactSpan[] {
  const spanId = `${index}`.padStart(16, 'e');
  const [first] = calls;
  const inside = new Set(calls.map((call) => call.span_id));
  const outer = spans.find((span) => span.spanId === first?.span_id) as FactSpan;
  // What they are in together, and a step between.
  const parent = inside.size > 1 ? (spans[0] as FactSpan).spanId : outer.parentSpanId;
  const between = `${index}`.padStart(16, 'f');
  const sum = (key: 'gen_ai.usage.input_tokens' | 'gen_ai.usage.output_tokens'): number =>
    calls.reduce((total, call) => total + (call[key] ?? 0), 0);
  const times = { startMs: (spans[0] as FactSpan).startMs, endMs: (spans[0] as FactSpan).endMs };
  const shared = { ...outer, ...times, name: 'ask' };
  const counts = {
    'gen_ai.operation.name': 'chat',
    'gen_ai.request.model': 'claude-sonnet-4-5',
    'gen_ai.usage.input_tokens': sum('gen_ai.usage.input_tokens'),
    'gen_ai.usage.output_tokens': sum('gen_ai.usage.output_tokens'),
  };
  return [
    ...spans.map((span) =>
      inside.has(span.spanId) || (inside.size > 1 && span.parentSpanId === parent)
        ? { ...span, parentSpanId: between }
        : span,
    ),
    { ...shared, spanId, parentSpanId: parent, facts: factsOfWrapper(counts) },
    { ...shared, spanId: between, parentSpanId: spanId, facts: factsOfWrapper({}) },
  ];
}

describe('a span that counts tokens', () => {
  const COUNTS = {
    'gen_ai.request.model': 'claude-sonnet-4-5',
    'gen_ai.usage.input_tokens': 100,
    'gen_ai.usage.output_tokens': 10,
  };
  const factsOf = (operation: string): FactSpan['facts'] =>
    factsOfWrapper({ ...COUNTS, 'gen_ai.operation.name': operation });

  it.each([
    'completion',
    'acompletion',
    'anthropic_messages',
    'responses',
    'generate_content',
    'Messages.Create',
    'converse_stream',
    'llm.call',
  ])('under the operation %s is a call', (operation) => {
    expect(factsOf(operation).kind).toBe('call');
  });

  it.each(['frobnicate', 'x', 'constructor'])(
    'under the operation %s is shown as not understood',
    (operation) => {
      expect([factsOf(operation).kind, hasUnreadCounts(factsOf(operation))]).toEqual(['step', true]);
    },
  );

  it.each(['embeddings', 'agent_step', 'execute_event_loop_cycle', 'invoke_agent', 'task'])(
    'under the operation %s is neither',
    (operation) => {
      expect(factsOf(operation).kind).not.toBe('call');
      expect(hasUnreadCounts(factsOf(operation))).toBe(false);
    },
  );
});
