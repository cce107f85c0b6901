// An agent that counts what its calls took: where they were sent they count, and where they were not its run has no cost.

import { expect, it } from '@jest/globals';
import type { FactSpan } from '../../../core/dialects.ts';
import { readSpanFacts } from '../../../core/dialects/span-facts.ts';
import { assembleTrace } from '../../../core/foreign-runs/assemble.ts';
import type { EventRecord } from '../../../core/event.ts';

const START_MS = Date.UTC(2026, 10, 20);
const tokens = (input: number, output: number): Readonly<Record<string, unknown>> => ({
  'gen_ai.request.model': 'claude-opus-5-5',
  'gen_ai.usage.input_tokens': input,
  'gen_ai.usage.output_tokens': output,
});

/** A span of the operation, in the one with the letter `parent`. */
function spanOf(
  letter: string,
  parent: string | undefined,
  operation: string,
  counts: Readonly<Record<string, unknown>> = {},
): FactSpan {
  const name = `${operation} ${letter}`;
  const attributes = { 'gen_ai.operation.name': operation, ...counts };
  return {
    name,
    traceId: 'a'.repeat(32),
    spanId: letter.repeat(16),
    parentSpanId: parent?.repeat(16) ?? '',
    startMs: START_MS,
    endMs: START_MS + 100,
    isError: false,
    resource: { 'service.name': 'shop' },
    facts: readSpanFacts({ name, scopeName: 'any', attributes, isError: false }),
  };
}

const outerRun = (...spans: FactSpan[]): EventRecord | undefined =>
  assembleTrace(spans).find(
    (event) => event['event.name'] === 'agent.run' && event['agent.parent_run_id'] === undefined,
  );

it('has no cost, and not 0, where none of its calls was sent', () => {
  expect(outerRun(spanOf('a', undefined, 'invoke_agent', tokens(1000, 100)))).not.toHaveProperty(
    'agent.cost_nano_usd',
  );
});

it('costs nothing where it counts nothing', () => {
  expect(outerRun(spanOf('a', undefined, 'invoke_agent', tokens(0, 0)))).toMatchObject({
    'agent.cost_nano_usd': 0,
  });
});

it('costs what its calls cost, those of the agents within it beside its own', () => {
  const run = outerRun(
    spanOf('a', undefined, 'invoke_agent', tokens(1000, 100)),
    spanOf('b', 'a', 'invoke_agent'),
    spanOf('c', 'b', 'chat', tokens(1000, 100)),
  );
  // 1,000 at $4 and 100 at $20 a million.
  expect(run).toMatchObject({ 'agent.cost_nano_usd': 0, 'agent.nested_cost_nano_usd': 6_000_000 });
});

it('has no cost where it used tools and told of no call', () => {
  const run = outerRun(spanOf('a', undefined, 'invoke_agent'), spanOf('b', 'a', 'execute_tool'));
  expect(run).toMatchObject({ 'agent.turns': 0, 'agent.tool_calls': 1 });
  expect(run).not.toHaveProperty('agent.cost_nano_usd');
});

it('costs nothing itself where the agent that it asked made the calls', () => {
  const run = outerRun(
    spanOf('a', undefined, 'invoke_agent'),
    spanOf('b', 'a', 'execute_tool'),
    spanOf('c', 'b', 'invoke_agent'),
    spanOf('d', 'c', 'chat', tokens(1000, 100)),
  );
  expect(run).toMatchObject({ 'agent.cost_nano_usd': 0, 'agent.nested_cost_nano_usd': 6_000_000 });
});
