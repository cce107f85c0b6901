// What a session's lines come to: the rules of copies, side chains and partial lines, each by a transcript of its own.

import { expect, test } from '@jest/globals';
import type { EventRecord } from '../../core/event.ts';
import { runIdOfAgent, runIdOfPrompt } from '../../core/transcripts/ids.ts';
import {
  addText,
  answerLine,
  at,
  callsIn,
  costOf,
  eventsOf,
  newCounts,
  readLines,
  SESSION,
  toolResult,
  toolUse,
  userLine,
} from './transcript.ts';

const PROMPT = 'a5e9b8ca-cc61-44a7-8f8c-9799258e34d0';
// claude-sonnet-5-5: $2 a million tokens of input, $10 of output.
const INPUT_NANO_USD = 2_000;
const OUTPUT_NANO_USD = 10_000;

function only(lines: readonly string[]): readonly EventRecord[] {
  return eventsOf(readLines([lines])).events;
}

test('of the lines of one message the one with the most output counts, once', () => {
  const lines = [
    userLine(0, 'Do it', { promptId: PROMPT }),
    ...[1, 1, 260].map((output, index) =>
      answerLine(index + 1, { id: 'msg_1', output, stopReason: output === 260 ? 'end_turn' : null }),
    ),
  ];
  const [call, ...more] = callsIn(only(lines));
  expect(more).toEqual([]);
  expect(call).toMatchObject({
    tokens_output: 260,
    cost_nano_usd: 1000 * INPUT_NANO_USD + 260 * OUTPUT_NANO_USD,
    'tallyspan.cost.status': 'priced',
    'gen_ai.response.id': 'msg_1',
    'agent.run_id': runIdOfPrompt(PROMPT),
    'gen_ai.conversation.id': SESSION,
    'agent.project': 'webshop',
    timestamp: Date.parse(at(3)),
  });
});

test('a fallback in mid-stream: the winning line is taken whole, its model with its tokens', () => {
  const lines = [
    userLine(0, 'x'),
    answerLine(1, { id: 'msg_1', output: 400, model: 'claude-opus-5-5', usage: { input_tokens: 9 } }),
    answerLine(2, { id: 'msg_1', output: 500, model: 'claude-sonnet-5-5', usage: { input_tokens: 7 } }),
  ];
  expect(callsIn(only(lines))).toMatchObject([
    { 'gen_ai.response.model': 'claude-sonnet-5-5', tokens_output: 500, tokens_input: 7 },
  ]);
});

test('a replay in a side chain, with a request of another id, does not take the place of the line of the conversation', () => {
  const main = [userLine(0, 'x', { promptId: PROMPT }), answerLine(1, { id: 'msg_1', output: 50 })];
  const side = [
    answerLine(
      9,
      { id: 'msg_1', output: 90, stopReason: null },
      { isSidechain: true, agentId: 'btw', requestId: 'req_other' },
    ),
    answerLine(10, { id: 'msg_2', output: 5, stopReason: null }, { isSidechain: true, agentId: 'btw' }),
  ];
  for (const files of [
    [main, side],
    [side, main],
  ]) {
    const calls = callsIn(eventsOf(readLines(files)).events);
    expect(calls).toMatchObject([
      { 'gen_ai.response.id': 'msg_1', tokens_output: 50, 'anthropic.request.id': 'req_msg_1' },
      { 'gen_ai.response.id': 'msg_2', tokens_output: 5, 'agent.run_id': runIdOfAgent('btw') },
    ]);
  }
});

test('a stop reason that no line of the file has is not missed; one that only this call lacks makes it an estimate', () => {
  const old = [userLine(0, 'x'), answerLine(1, { id: 'msg_1', stopReason: null })];
  expect(callsIn(only(old))).toMatchObject([{ 'tallyspan.cost.status': 'priced' }]);
  const cut = [
    ...old,
    answerLine(3, { id: 'msg_2' }),
    answerLine(5, { id: 'msg_3', stopReason: null, output: 1 }),
  ];
  expect(callsIn(only(cut)).map((call) => call['tallyspan.cost.status'])).toEqual([
    'estimated',
    'priced',
    'estimated',
  ]);
});

test('a message that Claude Code made itself is no call, and an error of the API ends the run', () => {
  const lines = [
    userLine(0, 'x'),
    answerLine(1, { id: 'msg_1', content: [toolUse('toolu_1')], stopReason: 'tool_use' }),
    userLine(2, toolResult('toolu_1')),
    answerLine(3, { id: 'x', model: '<synthetic>' }, { isApiErrorMessage: true, error: 'overloaded' }),
  ];
  const events = only(lines);
  expect(callsIn(events)).toHaveLength(1);
  expect(events.find((event) => event['event.name'] === 'agent.run')).toMatchObject({
    'agent.status': 'error',
    'error.type': 'overloaded',
    'agent.turns': 1,
    'agent.tool_calls': 1,
    'agent.cost_nano_usd': costOf(events),
  });
});

test('what Claude Code says itself, without an error, neither fails nor ends a run', () => {
  const lines = [
    userLine(0, 'x'),
    answerLine(1, { id: 'msg_1', content: [toolUse('toolu_1')], stopReason: 'tool_use' }),
    userLine(2, [{ type: 'text', text: '[Request interrupted by user for tool use]' }]),
    userLine(600, 'Continue from where you left off.', { isMeta: true }),
    answerLine(600, { id: 'x', model: '<synthetic>' }, { isApiErrorMessage: false }),
    userLine(601, 'second'),
    answerLine(602, { id: 'y', model: '<synthetic>' }),
  ];
  const runs = only(lines).filter((event) => event['event.name'] === 'agent.run');
  expect(runs).toMatchObject([{ 'agent.status': 'aborted', 'agent.turns': 1, duration_ms: 2_000 }]);
});

test('a prompt whose first request failed is a run without a call', () => {
  const lines = [
    userLine(0, 'x', { promptId: PROMPT }),
    answerLine(1, { id: 'x', model: '<synthetic>' }, { isApiErrorMessage: true, error: 'invalid_request' }),
  ];
  expect(only(lines)).toMatchObject([
    { 'event.name': 'agent.run.started', 'agent.run_id': runIdOfPrompt(PROMPT) },
    {
      'agent.status': 'error',
      'error.type': 'invalid_request',
      'agent.turns': 0,
      'gen_ai.conversation.id': SESSION,
    },
  ]);
});

test('every prompt is a run; commands, results and summaries begin none', () => {
  const lines = [
    userLine(0, 'caveat', { isMeta: true }),
    userLine(1, 'first'),
    answerLine(2, { id: 'msg_1' }),
    userLine(3, 'summary', { isCompactSummary: true }),
    answerLine(4, { id: 'msg_2' }),
    userLine(5, '/cost'),
    userLine(6, 'second'),
    answerLine(7, { id: 'msg_3', content: [toolUse('toolu_1')], stopReason: 'tool_use' }),
    userLine(8, [{ type: 'text', text: '[Request interrupted by user for tool use]' }]),
  ];
  const runs = only(lines).filter((event) => event['event.name'] === 'agent.run');
  expect(runs).toMatchObject([
    { 'agent.status': 'ok', 'agent.turns': 2, 'agent.user_input_len': 5 },
    { 'agent.status': 'aborted', 'agent.turns': 1, 'agent.user_input_len': 6 },
  ]);
});

test('a run that may go on has no end yet, and one that nobody went on with for an hour is abandoned', () => {
  const reader = readLines([
    [userLine(0, 'x'), answerLine(1, { id: 'msg_1', content: [toolUse('toolu_1')], stopReason: 'tool_use' })],
  ]);
  const soon = eventsOf(reader, Date.parse(at(30)));
  expect(soon.isOpen).toBe(true);
  expect(new Set(soon.events.map((event) => event['event.name']))).toEqual(
    new Set(['agent.model_call', 'agent.tool_cost', 'agent.run.started']),
  );
  const later = eventsOf(reader, Date.parse(at(2 * 3600)));
  expect(later.events.at(-1)).toMatchObject({ 'event.name': 'agent.run', 'agent.status': 'lost' });
});

type Fields = Readonly<Record<string, unknown>>;

function useAgent(id: string): unknown {
  return toolUse(id, 'Agent', { subagent_type: 'Explore', prompt: 'look' });
}

function ofAgent(agentId: string): Fields {
  return { isSidechain: true, agentId };
}

function startedAgent(id: string, agentId: string): readonly [unknown, Fields] {
  return [toolResult(id), { toolUseResult: { agentId } }];
}

test('sub-agents are runs within the run whose tool started them, three deep', () => {
  const main = [
    userLine(0, 'x', { promptId: PROMPT }),
    answerLine(1, { id: 'msg_1', content: [useAgent('toolu_1')], stopReason: 'tool_use' }),
    userLine(8, ...startedAgent('toolu_1', 'one')),
    answerLine(9, { id: 'msg_9' }),
  ];
  const one = [
    userLine(2, 'look', ofAgent('one')),
    answerLine(3, { id: 'msg_2', content: [useAgent('toolu_2')], stopReason: null }, ofAgent('one')),
    userLine(7, toolResult('toolu_2'), { ...ofAgent('one'), toolUseResult: { agentId: 'two' } }),
  ];
  const two = [userLine(4, 'look', ofAgent('two')), answerLine(5, { id: 'msg_3' }, ofAgent('two'))];
  const { events } = eventsOf(
    readLines([main, one, two], {
      kinds: [{}, { agentId: 'one', agentType: 'Explore' }, { agentId: 'two', agentType: 'Plan' }],
    }),
  );
  const calls = callsIn(events);
  expect(calls.map((call) => [call['agent.run_id'], call['agent.parent_run_id'], call.trace_id])).toEqual([
    [runIdOfPrompt(PROMPT), undefined, runIdOfPrompt(PROMPT)],
    [runIdOfAgent('one'), runIdOfPrompt(PROMPT), runIdOfPrompt(PROMPT)],
    [runIdOfAgent('two'), runIdOfAgent('one'), runIdOfPrompt(PROMPT)],
    [runIdOfPrompt(PROMPT), undefined, runIdOfPrompt(PROMPT)],
  ]);
  expect(calls[2]?.['gen_ai.agent.name']).toBe('Plan');
  const ends = events.filter((event) => event['event.name'] === 'agent.run');
  expect(ends.map((run) => run['agent.turns'])).toEqual([2, 1, 1]);
});

test('a run has the totals of the sub-agents in it, on all levels', () => {
  const main = [
    userLine(0, 'x', { promptId: PROMPT }),
    answerLine(1, { id: 'msg_1', content: [useAgent('toolu_1')], stopReason: 'tool_use' }),
    userLine(8, ...startedAgent('toolu_1', 'one')),
    answerLine(9, { id: 'msg_9' }),
  ];
  const one = [
    userLine(2, 'look', ofAgent('one')),
    answerLine(3, { id: 'msg_2', content: [useAgent('toolu_2')], stopReason: null }, ofAgent('one')),
    userLine(7, toolResult('toolu_2'), { ...ofAgent('one'), toolUseResult: { agentId: 'two' } }),
  ];
  const two = [userLine(4, 'look', ofAgent('two')), answerLine(5, { id: 'msg_3' }, ofAgent('two'))];
  const { events } = eventsOf(
    readLines([main, one, two], { kinds: [{}, { agentId: 'one' }, { agentId: 'two' }] }),
  );
  // Older versions write the kind of a sub-agent in the tool use alone.
  expect(new Set(callsIn(events).map((call) => call['gen_ai.agent.name']))).toEqual(
    new Set(['claude-code', 'Explore']),
  );
  // Each call: 1,000 in at $2 and 100 out at $10 a million.
  const call = { tokensIn: 1_000, tokensOut: 100, nanoUsd: 3_000_000 };
  expect(events.filter((event) => event['event.name'] === 'agent.run')).toMatchObject([
    {
      'agent.run_id': runIdOfPrompt(PROMPT),
      'agent.cost_nano_usd': 2 * call.nanoUsd,
      'agent.nested_runs': 2,
      'agent.nested_turns': 2,
      'agent.nested_tool_calls': 1,
      'agent.nested_tokens_in': 2 * call.tokensIn,
      'agent.nested_tokens_out': 2 * call.tokensOut,
      'agent.nested_cost_nano_usd': 2 * call.nanoUsd,
    },
    {
      'agent.cost_nano_usd': call.nanoUsd,
      'agent.nested_runs': 1,
      'agent.nested_cost_nano_usd': call.nanoUsd,
    },
    { 'agent.cost_nano_usd': call.nanoUsd },
  ]);
  expect(events.at(-1)).not.toHaveProperty('agent.nested_runs');
});

test('tools: lengths and names of what went in and out, failures and repeats', () => {
  const lines = [userLine(0, 'x')];
  for (const [index, isError] of [true, true, false].entries()) {
    const id = `toolu_${String(index)}`;
    lines.push(
      answerLine(index * 2 + 1, {
        id: `msg_${String(index)}`,
        content: [toolUse(id, 'Bash', { command: 'ls -l', timeout: 5 })],
        stopReason: 'tool_use',
      }),
      userLine(index * 2 + 2, toolResult(id, [{ type: 'text', text: 'twelve chars' }], isError)),
    );
  }
  const tools = only(lines).filter((event) => event['event.name'] === 'agent.tool_call');
  expect(tools.map((tool) => tool['tool.retry_attempt'])).toEqual([0, 1, 2]);
  expect(tools.map((tool) => tool['tool.ok'])).toEqual([false, false, true]);
  expect(tools[0]).toMatchObject({
    'gen_ai.tool.name': 'Bash',
    'tool.input_keys': ['command', 'timeout'],
    'tool.input_len': JSON.stringify({ command: 'ls -l', timeout: 5 }).length,
    'tool.result_len': 12,
    duration_ms: 1000,
    'agent.step_number': 1,
  });
});

test('searches that a tool made by itself are an estimate at the price of searches', () => {
  const lines = [
    userLine(0, 'x'),
    answerLine(1, { id: 'msg_1', content: [toolUse('toolu_1', 'WebSearch')], stopReason: 'tool_use' }),
    userLine(2, toolResult('toolu_1'), { toolUseResult: { searchCount: 3 } }),
    answerLine(3, { id: 'msg_2' }),
  ];
  const events = only(lines);
  expect(events.at(-1)).toMatchObject({
    'event.name': 'agent.run',
    'agent.turns': 2,
    'agent.cost_nano_usd': 30_000_000 + 2 * 3_000_000,
  });
  expect(callsIn(events)).toContainEqual(
    expect.objectContaining({
      web_searches: 3,
      cost_nano_usd: 30_000_000,
      'tallyspan.cost.status': 'estimated',
      'tallyspan.cost.reason': 'side_search',
    }),
  );
});

test('lines that are no JSON, of unknown types and halves are counted and cost nothing else', () => {
  const counts = newCounts();
  const lines = [
    userLine(0, 'x'),
    '{"type":"from-the-future","value":1}',
    answerLine(1, { id: 'msg_1' }),
    '"text"',
    answerLine(2, { id: 'msg_2' }).slice(0, 200),
  ];
  expect(callsIn(eventsOf(readLines([lines], { counts })).events)).toHaveLength(1);
  expect(counts).toMatchObject({ malformed: 2, messages: 2, unknown: new Map([['from-the-future', 1]]) });
});

test('the begin of a call is that of its request, where the file has it, else the line before it', () => {
  const reader = readLines([[userLine(0, 'x'), answerLine(5, { id: 'msg_1' }, { parentUuid: 'u0' })]]);
  expect(callsIn(eventsOf(reader).events)).toMatchObject([{ duration_ms: 5000 }]);
  const unlinked = readLines([
    [userLine(1, 'x'), answerLine(5, { id: 'msg_1' }), answerLine(7, { id: 'msg_1' })],
  ]);
  expect(callsIn(eventsOf(unlinked).events)).toMatchObject([{ duration_ms: 6000 }]);
  const exact = readLines([[userLine(0, 'x')]]);
  exact.addRequestHead(
    `{"type":"api-request","sessionId":"s","id":"ref","timestamp":"${at(4)}","version":"2"}`,
  );
  addText(exact, {}, answerLine(5, { id: 'msg_1' }, { parentUuid: 'u0', requestRef: 'ref' }));
  expect(callsIn(eventsOf(exact).events)).toMatchObject([{ duration_ms: 1000 }]);
});

test('nothing of what anybody wrote is in an event, and of the folder its last part only', () => {
  const lines = [
    userLine(0, 'SECRET prompt', { gitBranch: 'SECRET-branch' }),
    answerLine(1, {
      id: 'msg_1',
      content: [
        { type: 'text', text: 'SECRET answer' },
        toolUse('toolu_1', 'Write', { file_path: '/home/SECRET/file', content: 'SECRET' }),
      ],
      stopReason: 'tool_use',
    }),
    userLine(2, toolResult('toolu_1', 'SECRET result'), { toolUseResult: { filePath: 'SECRET' } }),
  ];
  const text = JSON.stringify(only(lines));
  expect(text).not.toContain('SECRET');
  expect(text).not.toContain('secret-folder');
});

/** What the run of a prompt with an answer of each of these models cost. */
function costOfRunBy(models: readonly string[]): number | undefined {
  const answers = models.map((model, index) =>
    answerLine(index + 1, { id: `msg_${String(index)}`, output: 10, model }),
  );
  const events = only([userLine(0, 'x', { promptId: PROMPT }), ...answers]);
  return events.find((event) => event['event.name'] === 'agent.run')?.['agent.cost_nano_usd'];
}

test('a run whose calls have no price has no cost; one priced call makes it a sum', () => {
  expect(costOfRunBy(['claude-zeta-9'])).toBeUndefined();
  expect(costOfRunBy(['claude-zeta-9', 'claude-sonnet-5-5'])).toBe(
    1000 * INPUT_NANO_USD + 10 * OUTPUT_NANO_USD,
  );
});
