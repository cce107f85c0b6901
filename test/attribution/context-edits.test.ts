// What the server takes out of a request is paid by nobody: cleared tool uses and thinking, and what a compaction stands for.

import { describe, expect, it } from '@jest/globals';
import { Ledger } from '../../core/attribution/attribution.ts';
import {
  carriedShape,
  listEdits,
  readAppliedEdits,
  type AppliedEdits,
} from '../../core/attribution/context-edits.ts';
import { describeRequest } from '../../core/attribution/request-shape.ts';
import { MessageReader } from '../../core/model-call/message-reader.ts';
import { NO_USAGE } from '../../core/pricing/usage.ts';

const tokensOf = (chars: number): number => chars / 4;
const TOOLS = [{ name: 'search' }, { name: 'read' }];
const SYSTEM = 'Help people. '.repeat(100);
const ask = { role: 'user', content: [{ type: 'text', text: 'Which of them?' }] };

function use(id: string, name: string, thinking?: string): object {
  const call = { type: 'tool_use', id, name, input: { q: id.repeat(20) } };
  return {
    role: 'assistant',
    content: thinking === undefined ? [call] : [{ type: 'thinking', thinking }, call],
  };
}

function result(id: string, chars: number): object {
  return { role: 'user', content: [{ type: 'tool_result', tool_use_id: id, content: 'x'.repeat(chars) }] };
}

const MESSAGES = [
  ask,
  use('a', 'search', 'first'),
  result('a', 30_000),
  use('b', 'read', 'second'),
  result('b', 9_000),
  use('c', 'search', 'third'),
  result('c', 30_000),
];

function requestOf(messages: readonly object[], edit?: object): object {
  const management = edit && { edits: [{ type: 'clear_tool_uses_20250919', ...edit }] };
  return {
    model: 'claude-opus-5-5',
    tools: TOOLS,
    system: SYSTEM,
    messages,
    ...(management && { context_management: management }),
  };
}

/** What is carried, as `kind owner chars` of each block of the messages. */
function carried(request: object, applied?: Partial<AppliedEdits>): readonly string[] {
  const shape = carriedShape(describeRequest(request), { toolUses: 0, thinkingTurns: 0, ...applied });
  return shape.blocks
    .filter(({ kind }) => kind !== 'tool_definition' && kind !== 'system')
    .map(({ kind, toolUseId }) => (toolUseId === undefined ? kind : `${kind} ${toolUseId}`));
}

describe('what the server cleared', () => {
  it('is not carried: the oldest results', () => {
    expect(carried(requestOf(MESSAGES), { toolUses: 2 })).toEqual([
      'text',
      'thinking',
      'tool_use a',
      'thinking',
      'tool_use b',
      'thinking',
      'tool_use c',
      'tool_result c',
    ]);
  });

  it('leaves the tools that are excluded, and takes the input of calls where that is asked for', () => {
    expect(
      carried(requestOf(MESSAGES, { exclude_tools: ['read'], clear_tool_inputs: true }), { toolUses: 2 }),
    ).toEqual(['text', 'thinking', 'thinking', 'tool_use b', 'tool_result b', 'thinking']);
    expect(carried(requestOf(MESSAGES, { clear_tool_inputs: ['read'] }), { toolUses: 2 })).toEqual([
      'text',
      'thinking',
      'tool_use a',
      'thinking',
      'thinking',
      'tool_use c',
      'tool_result c',
    ]);
  });

  it('may be the thinking of the oldest turns', () => {
    const kinds = carried(requestOf(MESSAGES), { thinkingTurns: 2 });
    expect(kinds.filter((kind) => kind === 'thinking')).toHaveLength(1);
    expect(kinds.indexOf('thinking')).toBe(kinds.indexOf('tool_use c') - 1);
  });

  it('is read from the answer, whole or streamed', () => {
    const management = {
      applied_edits: [
        { type: 'clear_thinking_20251015', cleared_thinking_turns: 3, cleared_input_tokens: 100 },
        { type: 'clear_tool_uses_20250919', cleared_tool_uses: 8, cleared_input_tokens: 50_000 },
      ],
    };
    const edits = { toolUses: 8, thinkingTurns: 3 };
    expect(new MessageReader().readMessage({ context_management: management }).appliedEdits).toEqual(edits);
    const streamed = new MessageReader();
    streamed.readEvent({ type: 'message_start', message: { context_management: null } });
    streamed.readEvent({ type: 'message_delta', delta: {}, context_management: management });
    expect(streamed.appliedEdits).toEqual(edits);
    for (const odd of [
      undefined,
      null,
      5,
      { applied_edits: null },
      { applied_edits: [null, { cleared_tool_uses: -1 }] },
    ])
      expect(readAppliedEdits(odd)).toEqual({ toolUses: 0, thinkingTurns: 0 });
  });

  it('leaves breakpoints at the blocks before it', () => {
    const marked = {
      ...ask,
      content: [{ type: 'text', text: 'Which?', cache_control: { type: 'ephemeral' } }],
    };
    const last = {
      role: 'user',
      content: [
        { type: 'tool_result', tool_use_id: 'a', content: 'x', cache_control: { type: 'ephemeral' } },
      ],
    };
    const shape = describeRequest(requestOf([marked, use('a', 'search'), last]));
    expect(shape.breakpoints.map(({ block }) => block)).toEqual([3, 5]);
    const left = carriedShape(shape, { toolUses: 1, thinkingTurns: 0 });
    expect(left.breakpoints.map(({ block }) => block)).toEqual([3, 4]);
  });

  it('is paid by nobody', () => {
    const ledger = new Ledger();
    const head = tokensOf(SYSTEM.length + 200);
    const charge = (messages: readonly object[], input: number, toolUses: number): number => {
      const rows = ledger.charge({
        shape: describeRequest(requestOf(messages)),
        usage: { ...NO_USAGE, input },
        cost: {
          input: input * 4_000,
          cacheRead: 0,
          cacheWrite5m: 0,
          cacheWrite1h: 0,
          output: 0,
          webSearch: 0,
        },
        applied: { toolUses, thinkingTurns: 0 },
      });
      return rows.find(({ tool }) => tool === 'search')?.tokens ?? 0;
    };
    charge(MESSAGES.slice(0, 1), head, 0);
    expect(charge(MESSAGES.slice(0, 3), head + tokensOf(30_000), 0)).toBeGreaterThan(7_000);
    charge(MESSAGES.slice(0, 5), head + tokensOf(39_000), 0);
    expect(charge([...MESSAGES, ask], head + 100, 3)).toBeLessThan(100);
  });
});

describe('a compaction', () => {
  const summary = { role: 'assistant', content: [{ type: 'compaction', content: 'They searched twice.' }] };

  it('stands for all messages before it; tools and system prompt stay', () => {
    const request = requestOf([...MESSAGES, summary, ask]);
    expect(carried(request)).toEqual(['compaction', 'text']);
    expect(carriedShape(describeRequest(request)).blocks).toHaveLength(TOOLS.length + 1 + 2);
  });

  it('that failed stands for none', () => {
    const failed = { role: 'assistant', content: [{ type: 'compaction', content: null }] };
    expect(carried(requestOf([ask, failed, ask]))).toEqual(['text', 'other', 'text']);
  });

  it('is listed with its summary, so that another is another edit', () => {
    const none = { toolUses: 0, thinkingTurns: 0 };
    const once = listEdits(describeRequest(requestOf([...MESSAGES, summary])), none);
    expect(once).toEqual([expect.stringMatching(/^compaction [a-z0-9]+$/)]);
    const again = { role: 'assistant', content: [{ type: 'compaction', content: 'More.' }] };
    expect(listEdits(describeRequest(requestOf([...MESSAGES, summary, again])), none)).not.toEqual(once);
    expect(listEdits(describeRequest(requestOf(MESSAGES)), none)).toBeUndefined();
    expect(listEdits(describeRequest(requestOf(MESSAGES)), { toolUses: 2, thinkingTurns: 1 })).toEqual([
      'clear_tool_uses 2',
      'clear_thinking 1',
    ]);
  });
});
