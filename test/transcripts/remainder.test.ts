// What Claude Code counted beyond the calls of its transcript.

import { expect, test } from '@jest/globals';
import { baselineOf, remainderOf, type Remainder } from '../../core/transcripts/remainder.ts';
import type { CostState } from '../../core/transcripts/facts.ts';
import { SessionReader } from '../../core/transcripts/session-reader.ts';
import { shortenLine, lengthOfText } from '../../core/transcripts/shorten-line.ts';
import {
  addText,
  answerLine,
  costState,
  eventsOf,
  newCounts,
  readLines,
  SESSION,
  toolResult,
  toolUse,
  userLine,
} from './transcript.ts';

const HAIKU = 'claude-haiku-4-5-20251001';
const SONNET = 'claude-sonnet-5-5';

function remainder(reader: SessionReader, baseline?: CostState): Remainder {
  return remainderOf(reader.read(), eventsOf(reader).priced, { baseline });
}

test('a model of which no call is in the transcript is one estimated row, priced by the table', () => {
  const { events, shortfalls } = remainder(
    readLines([
      [
        userLine(0, 'x'),
        answerLine(1, { id: 'msg_1', output: 100 }),
        costState({
          [SONNET]: { inputTokens: 1000, outputTokens: 100 },
          [HAIKU]: { inputTokens: 500, outputTokens: 20, costUSD: 0.0006 },
        }),
      ],
    ]),
  );
  expect(shortfalls).toEqual([]);
  const [none, rest] = events;
  expect(none).toMatchObject({ 'gen_ai.response.model': SONNET, 'tallyspan.duplicate': true });
  expect(rest).toMatchObject({
    'gen_ai.response.model': HAIKU,
    tokens_input: 500,
    tokens_output: 20,
    cost_nano_usd: 500 * 1_000 + 20 * 5_000,
    'tallyspan.cost.status': 'estimated',
    'tallyspan.cost.reason': 'not_in_transcript',
    'tallyspan.source': 'remainder',
    'gen_ai.conversation.id': SESSION,
  });
  expect(rest?.['gen_ai.response.id']).toBeUndefined();
});

test('an adviser is counted for its own model, and what the API compacted is in the transcript alone', () => {
  const step = { input_tokens: 100, output_tokens: 20 };
  const advice = { type: 'advisor_message', model: HAIKU, input_tokens: 5000, output_tokens: 700 };
  const usage = {
    ...step,
    iterations: [
      { type: 'compaction', input_tokens: 50_000, output_tokens: 900 },
      advice,
      { type: 'message', ...step },
    ],
  };
  const lines = (titles: number): string[] => [
    userLine(0, 'x'),
    answerLine(1, { id: 'msg_1', usage }),
    costState({
      [SONNET]: { inputTokens: 100 + titles, outputTokens: 20 },
      [HAIKU]: { inputTokens: 5000, outputTokens: 700 },
    }),
  ];
  const exact = remainder(readLines([lines(0)]));
  expect(exact.shortfalls).toEqual([]);
  expect(exact.events.map((event) => event['tallyspan.duplicate'])).toEqual([true, true]);
  expect(remainder(readLines([lines(300)])).events[0]).toMatchObject({ tokens_input: 300 });
});

test('lifetimes of cache writes are told apart, and settled where the count of Claude Code does not', () => {
  const written = { cache_creation_input_tokens: 300, cache_creation: { ephemeral_1h_input_tokens: 300 } };
  const call = answerLine(1, { id: 'msg_1', usage: written });
  const counted = { inputTokens: 1000, outputTokens: 100, cacheCreationInputTokens: 700 };
  const [untold] = remainder(readLines([[userLine(0, 'x'), call, costState({ [SONNET]: counted })]])).events;
  expect(untold).toMatchObject({ tokens_cache_write_5m: 400, tokens_cache_write_1h: 0 });
  const known = {
    ...counted,
    cacheCreationEphemeral5mInputTokens: 100,
    cacheCreationEphemeral1hInputTokens: 600,
  };
  const [told] = remainder(readLines([[userLine(0, 'x'), call, costState({ [SONNET]: known })]])).events;
  expect(told).toMatchObject({ tokens_cache_write_5m: 100, tokens_cache_write_1h: 300 });
});

test('calls after the last count are not taken from it, and calls that it lacks are reported', () => {
  const lines = [
    userLine(0, 'x'),
    answerLine(1, { id: 'msg_1' }),
    costState({ [SONNET]: { inputTokens: 1200, outputTokens: 100 } }),
    answerLine(2, { id: 'msg_2' }),
  ];
  expect(remainder(readLines([lines])).events).toMatchObject([{ tokens_input: 200, tokens_output: 0 }]);
  const short = [...lines.slice(0, 2), costState({ [SONNET]: { inputTokens: 1200, outputTokens: 60 } })];
  expect(remainder(readLines([short]))).toMatchObject({
    events: [{ tokens_input: 200, tokens_output: 0 }],
    shortfalls: [{ session: SESSION, model: SONNET, counts: { output: 40 } }],
  });
});

test('a sub-agent that ended after the last line of the conversation is in the count that came then', () => {
  const agent = { isSidechain: true, agentId: 'late' };
  const counted = costState({ [`${SONNET}[1m]`]: { inputTokens: 2000, outputTokens: 200 } });
  const main = [userLine(0, 'x'), answerLine(1, { id: 'msg_1' }), counted];
  const late = [answerLine(9, { id: 'msg_2', model: SONNET }, agent)];
  expect(remainder(readLines([main, late]))).toMatchObject({
    events: [{ 'tallyspan.duplicate': true }],
    shortfalls: [],
  });
  const [row] = remainder(readLines([[...main, userLine(5, 'y')], late])).events;
  expect(row).toMatchObject({
    'gen_ai.response.model': SONNET,
    tokens_input: 1000,
    tokens_output: 100,
    cost_nano_usd: 3_000_000,
  });
});

test('searches of a tool that the transcript tells of are not counted again', () => {
  const { events } = remainder(
    readLines([
      [
        userLine(0, 'x'),
        answerLine(1, { id: 'msg_1', content: [toolUse('toolu_1', 'WebSearch')], stopReason: 'tool_use' }),
        userLine(2, toolResult('toolu_1'), { toolUseResult: { searchCount: 2 } }),
        costState({
          [SONNET]: { inputTokens: 1000, outputTokens: 100 },
          [HAIKU]: { inputTokens: 10, outputTokens: 10, webSearchRequests: 3 },
        }),
      ],
    ]),
  );
  expect(events[1]).toMatchObject({ web_searches: 1, tokens_input: 10 });
});

test('a fork goes on with the count of its parent, which is taken off', () => {
  const parent = readLines([
    [
      userLine(0, 'x'),
      answerLine(1, { id: 'msg_1' }),
      costState({
        [SONNET]: { inputTokens: 1000, outputTokens: 100 },
        [HAIKU]: { inputTokens: 70, outputTokens: 0 },
      }),
    ],
  ]);
  const copied = { sessionId: 'fork', requestSessionId: SESSION };
  const fork = new SessionReader('fork', newCounts());
  const file = {};
  for (const line of [
    userLine(0, 'x', { sessionId: 'fork' }),
    answerLine(1, { id: 'msg_1' }, copied),
    userLine(5, 'y', { sessionId: 'fork' }),
    answerLine(6, { id: 'msg_2' }, { sessionId: 'fork' }),
    costState(
      { [SONNET]: { inputTokens: 2000, outputTokens: 200 }, [HAIKU]: { inputTokens: 100, outputTokens: 0 } },
      { sessionId: 'fork' },
    ),
  ])
    addText(fork, file, line);
  const priced = eventsOf(fork).priced.filter(({ call }) => call.key === 'msg_2');
  const baseline = baselineOf(fork.read(), priced, parent.read().costStates);
  const { events, shortfalls } = remainderOf(fork.read(), priced, { baseline });
  expect(shortfalls).toEqual([]);
  expect(events).toMatchObject([
    { 'gen_ai.response.model': SONNET, 'tallyspan.duplicate': true },
    { 'gen_ai.response.model': HAIKU, tokens_input: 30 },
  ]);
  // Of a parent that was swept, the copies stand for it.
  expect(remainderOf(fork.read(), eventsOf(fork).priced, { baseline: undefined }).events).toMatchObject([
    { 'tallyspan.duplicate': true },
    { tokens_input: 100 },
  ]);
});

test('a long text in a line gives way to its length', () => {
  const value = { a: 'short "quoted" \\', long: 'ä"\\\n😀'.repeat(9_000), b: [1, 'x'] };
  const bytes = Buffer.from(`  ${JSON.stringify(value)}`);
  const text = shortenLine(bytes, 2, bytes.length)
    .map((piece) => (typeof piece === 'string' ? piece : bytes.subarray(...piece).toString()))
    .join('');
  const { long, ...rest } = JSON.parse(text) as typeof value;
  expect(rest).toEqual({ a: value.a, b: value.b });
  expect(long.length).toBeLessThan(10);
  expect(lengthOfText(long)).toBe(value.long.length);
});
