// A span that a program puts around a call of the SDK, whose own span is below it: one call, by whatever name the model was
// asked for, and whether the cached tokens are in its input or not.

import { expect, it } from '@jest/globals';
import { assembleTrace } from '../../../core/foreign-runs/assemble.ts';
import type { EventRecord } from '../../../core/event.ts';
import { factSpanOf } from '../../fixtures/recorded-spans.ts';

interface Shape {
  readonly id: string;
  readonly in?: string;
  readonly at?: number;
  readonly ms?: number;
  readonly attributes: Readonly<Record<string, unknown>>;
}

const idOf = (id: string): string => Buffer.from(id.padEnd(8, '.')).toString('hex').slice(0, 16);

function assemble(...shapes: Shape[]): { counted: EventRecord[]; run: EventRecord | undefined } {
  const events = assembleTrace(
    shapes.map(({ id, in: parent, at = 0, ms = 100, attributes }) =>
      factSpanOf({
        traceId: 'a'.repeat(32),
        spanId: idOf(id),
        parentSpanId: parent === undefined ? '' : idOf(parent),
        name: id,
        kind: 1,
        scope: 'by-hand',
        scopeVersion: '',
        startMs: Date.UTC(2026, 10, 20) + at,
        endMs: Date.UTC(2026, 10, 20) + at + ms,
        isError: false,
        attributes,
      }),
    ),
  );
  return {
    counted: events.filter(
      (event) => event['event.name'] === 'agent.model_call' && event['tallyspan.duplicate'] !== true,
    ),
    run: events.find((event) => event['event.name'] === 'agent.run'),
  };
}

const AGENT = { 'gen_ai.operation.name': 'invoke_agent' };
const byTheSdk = (response: string): Record<string, unknown> => ({
  'gen_ai.operation.name': 'chat',
  'gen_ai.provider.name': 'anthropic',
  'gen_ai.request.model': 'claude-opus-5-5',
  'gen_ai.response.model': 'claude-opus-5-5-20260801',
  'gen_ai.response.id': response,
  'gen_ai.usage.cache_read.input_tokens': 4888,
  'gen_ai.usage.input_tokens': 4888 + 57,
  'gen_ai.usage.output_tokens': 43,
});
const byHand = (model: string, calls = 1): Record<string, unknown> => ({
  'gen_ai.operation.name': 'chat',
  'gen_ai.request.model': model,
  'gen_ai.usage.input_tokens': 57 * calls,
  'gen_ai.usage.output_tokens': 43 * calls,
});
/** 57×4 + 4,888×0.2 + 43×20 micro-USD. */
const COST = 2_065_600;

it.each([
  ['claude-opus-5-5'],
  ['claude-opus-5-5-latest'],
  ['claude-opus-5-5[1m]'],
  ['anthropic/claude-opus-5-5'],
  ['openrouter/anthropic/claude-opus-5-5'],
  ['anthropic:claude-opus-5-5'],
  ['eu.anthropic.claude-opus-5-5-20260801-v1:0'],
  ['claude-opus-5-5@20260801'],
])('a call that is told of with the cache left out, under the name %s, counts once', (model) => {
  const { counted, run } = assemble(
    { id: 'agent', attributes: AGENT, ms: 900 },
    { id: 'outer', in: 'agent', attributes: byHand(model), at: 10 },
    { id: 'inner', in: 'outer', attributes: byTheSdk('msg_1'), at: 12 },
  );
  expect(counted).toMatchObject([{ span_id: idOf('inner') }]);
  expect(run).toMatchObject({ 'agent.turns': 1, 'agent.cost_nano_usd': COST });
});

it('told of from further above it counts once, and each of several that are told of in a sum', () => {
  const { counted, run } = assemble(
    { id: 'agent', attributes: AGENT, ms: 900 },
    { id: 'outer', in: 'agent', attributes: byHand('claude-opus-5-5'), at: 10 },
    { id: 'post', in: 'outer', attributes: { 'http.request.method': 'POST' }, at: 11 },
    { id: 'inner', in: 'post', attributes: byTheSdk('msg_1'), at: 12 },
    { id: 'loop', in: 'agent', attributes: byHand('claude-opus-5-5', 2), at: 200, ms: 400 },
    { id: 'step', in: 'loop', attributes: {}, at: 201, ms: 300 },
    { id: 'one', in: 'step', attributes: byTheSdk('msg_2'), at: 210 },
    { id: 'two', in: 'step', attributes: byTheSdk('msg_3'), at: 330 },
  );
  expect(counted.map((call) => call.span_id)).toEqual(['inner', 'one', 'two'].map((id) => idOf(id)));
  expect(run).toMatchObject({ 'agent.turns': 3, 'agent.cost_nano_usd': 3 * COST });
});

it('a call within one of other counts is another', () => {
  const { counted } = assemble(
    { id: 'outer', attributes: { ...byHand('claude-opus-5-5'), 'gen_ai.usage.output_tokens': 99 }, ms: 300 },
    { id: 'inner', in: 'outer', attributes: byTheSdk('msg_1'), at: 12 },
  );
  expect(counted).toHaveLength(2);
});
