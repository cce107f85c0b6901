// What a transcript's runs paid for what was in their context.

import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { EventRecord } from '../../core/event.ts';
import { priceCall } from '../../core/pricing/cost.ts';
import { NO_USAGE, readingOf, type Usage } from '../../core/pricing/usage.ts';
import { answerLine, eventsOf, readLines, toolResult, toolUse, userLine, at } from './transcript.ts';

const costs = (events: readonly EventRecord[]): EventRecord[] =>
  events.filter((event) => event['event.name'] === 'agent.tool_cost');
const totalOf = (events: readonly EventRecord[]): number =>
  events.reduce((sum, event) => sum + (event.cost_nano_usd ?? 0), 0);
const costOf = (events: readonly EventRecord[], owner: string): number =>
  totalOf(costs(events).filter((event) => event['gen_ai.tool.name'] === owner));

/** Nano-USD of so many tokens of the model. */
function priceOf(usage: Partial<Usage>): number {
  const reading = readingOf({ ...NO_USAGE, ...usage }, { isCacheSplitKnown: true });
  const cost = priceCall(reading, { model: 'claude-sonnet-5-5', atMs: Date.parse(at(0)) });
  return cost.status === 'unpriced' ? 0 : cost.costNanoUsd;
}

/** What the events of each run cost, but for those that cost nothing. */
function sumsByRun(events: readonly EventRecord[]): [string, number][] {
  const byRun = new Map<string, number>();
  for (const event of events) {
    const run = event['agent.run_id'] ?? '';
    byRun.set(run, (byRun.get(run) ?? 0) + (event.cost_nano_usd ?? 0));
  }
  return [...byRun].filter(([, cost]) => cost > 0).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

const instructions = (chars: number): string =>
  JSON.stringify({
    type: 'attachment',
    attachment: { type: 'instructions', files: [{ path: '/x/CLAUDE.md', content: 'r'.repeat(chars) }] },
    uuid: 'attached',
    timestamp: at(0),
  });
const shape = (chars: number): string =>
  JSON.stringify({
    type: 'api-request-shape',
    shapeHash: 'one',
    shape: {
      system: [{ type: 'text', text: 's'.repeat(chars) }],
      tools: [{ name: 'Bash', description: 't'.repeat(chars) }],
    },
  });

test('a tool pays for its results again and again, CLAUDE.md and definitions from the start', () => {
  const { events } = eventsOf(
    readLines([
      [
        userLine(0, 'go'),
        instructions(3_800),
        shape(3_800),
        answerLine(1, {
          id: 'msg_1',
          usage: { input_tokens: 4, cache_creation_input_tokens: 3_000 },
          content: [toolUse('toolu_1', 'mcp__crm__find')],
        }),
        userLine(2, toolResult('toolu_1', 'x'.repeat(38_000))),
        answerLine(3, {
          id: 'msg_2',
          usage: { input_tokens: 4, cache_read_input_tokens: 3_000, cache_creation_input_tokens: 10_100 },
        }),
        answerLine(4, {
          id: 'msg_3',
          usage: { input_tokens: 4, cache_read_input_tokens: 13_100, cache_creation_input_tokens: 100 },
        }),
      ],
    ]),
  );
  const calls = events.filter((event) => event['event.name'] === 'agent.model_call');
  expect(totalOf(costs(events))).toBe(totalOf(calls));
  // Written once, read once.
  const result = priceOf({ cacheWrite5m: 10_000, cacheRead: 10_000 });
  expect(costOf(events, 'mcp__crm__find') / result).toBeCloseTo(1, 1);
  // A third each of what was there from the start, which was read twice.
  const third = priceOf({ cacheWrite5m: 1_000, cacheRead: 2_000 });
  for (const owner of ['(system)', '(tools)', '(CLAUDE.md)'])
    expect(costOf(events, owner) / third).toBeCloseTo(1, 1);
});

test('a compaction takes results out of the context', () => {
  const { events } = eventsOf(
    readLines([
      [
        userLine(0, 'go'),
        answerLine(1, { id: 'msg_1', content: [toolUse('toolu_1', 'Read')] }),
        userLine(2, toolResult('toolu_1', 'x'.repeat(38_000))),
        answerLine(3, { id: 'msg_2', usage: { input_tokens: 11_000 } }),
        JSON.stringify({
          type: 'system',
          subtype: 'compact_boundary',
          uuid: 'b',
          timestamp: at(4),
          compactMetadata: { trigger: 'auto', preTokens: 11_000 },
        }),
        userLine(5, 'a summary', { isCompactSummary: true }),
        answerLine(6, { id: 'msg_3', usage: { input_tokens: 1_200 } }),
      ],
    ]),
  );
  // Read once for the first time; the last call does not carry it any more.
  expect(costOf(events, 'Read') / priceOf({ input: 10_000 })).toBeCloseTo(1, 1);
});

test('the rows of a run sum to what its calls cost', () => {
  const usage = fc.record({
    input_tokens: fc.integer({ min: 0, max: 30_000 }),
    output_tokens: fc.integer({ min: 0, max: 4_000 }),
    cache_read_input_tokens: fc.integer({ min: 0, max: 90_000 }),
    cache_creation_input_tokens: fc.integer({ min: 0, max: 40_000 }),
  });
  const turn = fc.record({ usage, chars: fc.integer({ min: 0, max: 50_000 }), isPrompt: fc.boolean() });
  fc.assert(
    fc.property(fc.array(turn, { minLength: 1, maxLength: 8 }), (turns) => {
      const lines = turns.flatMap((each, index) => [
        each.isPrompt || index === 0
          ? userLine(index * 2, 'x'.repeat(each.chars), { uuid: `u${String(index)}` })
          : userLine(index * 2, toolResult(`toolu_${String(index - 1)}`, 'x'.repeat(each.chars))),
        answerLine(index * 2 + 1, {
          id: `msg_${String(index)}`,
          usage: each.usage,
          content: [toolUse(`toolu_${String(index)}`, index % 2 === 0 ? 'Read' : 'Bash')],
        }),
      ]);
      const { events } = eventsOf(readLines([lines]));
      const calls = events.filter((event) => event['event.name'] === 'agent.model_call');
      expect(sumsByRun(costs(events))).toEqual(sumsByRun(calls));
      for (const row of costs(events)) expect(row.cost_nano_usd).toBeGreaterThanOrEqual(0);
    }),
    { numRuns: 200 },
  );
});
