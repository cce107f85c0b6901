// A transcript that was read piece by piece, as it grew, gives the same store as one that was read at once.

import { expect, test } from '@jest/globals';
import { array, assert, nat, property, tuple } from 'fast-check';
import type { EventRecord } from '../../core/event.ts';
import type { TranscriptFile } from '../../core/transcripts/facts.ts';
import { baselineOf, remainderOf } from '../../core/transcripts/remainder.ts';
import { eventsOfSession } from '../../core/transcripts/session-events.ts';
import {
  answerLine,
  at,
  costState,
  LATER_MS,
  readLines,
  SESSION,
  toolResult,
  toolUse,
  userLine,
} from './transcript.ts';

const PROMPTS = ['a5e9b8ca-cc61-44a7-8f8c-9799258e34d0', 'b5e9b8ca-cc61-44a7-8f8c-9799258e34d1'] as const;
const SYSTEM = { type: 'system', sessionId: SESSION };

const agent = (agentId: string): Readonly<Record<string, unknown>> => ({ isSidechain: true, agentId });

/** The file of each, with what the note beside it may say; the last prompt goes on after a ledger. */
const FILES: readonly { readonly kind: TranscriptFile; readonly lines: readonly string[] }[] = [
  {
    kind: {},
    lines: [
      userLine(0, 'x', { promptId: PROMPTS[0] }),
      answerLine(1, { id: 'msg_1', output: 1, stopReason: null }),
      answerLine(1, { id: 'msg_1', output: 1, stopReason: null, content: [toolUse('toolu_1', 'Agent')] }),
      answerLine(2, {
        id: 'msg_1',
        output: 260,
        stopReason: 'tool_use',
        content: [toolUse('toolu_b', 'Read')],
      }),
      userLine(3, toolResult('toolu_b', 'x'.repeat(4_000))),
      userLine(12, toolResult('toolu_1'), { toolUseResult: { agentId: 'one' } }),
      answerLine(13, { id: 'msg_2', output: 9, stopReason: null }),
      costState({ 'claude-sonnet-5-5': { inputTokens: 9_000, outputTokens: 900 } }),
      costState({ 'claude-sonnet-5-5': { inputTokens: 9_500, outputTokens: 900 } }),
      JSON.stringify({
        ...SYSTEM,
        subtype: 'compact_boundary',
        uuid: 'c',
        timestamp: at(14),
        compactMetadata: { trigger: 'auto', preTokens: 5_000 },
      }),
      userLine(15, 'summary', { isCompactSummary: true, version: '2.1.400' }),
      answerLine(16, { id: 'msg_3', output: 30, content: [toolUse('toolu_2')], stopReason: 'tool_use' }),
      JSON.stringify({ ...SYSTEM, subtype: 'turn_duration', timestamp: at(17) }),
      userLine(18, 'y', { promptId: PROMPTS[1] }),
      answerLine(19, { id: 'msg_4', model: 'claude-opus-5-5', output: 5 }),
      costState({ 'claude-sonnet-5-5': { inputTokens: 9_600, outputTokens: 950 } }),
      userLine(21, [{ type: 'text', text: '[Request interrupted by user]' }]),
    ],
  },
  {
    kind: { agentId: 'one' },
    lines: [
      userLine(3, 'look', agent('one')),
      answerLine(
        4,
        { id: 'msg_5', content: [toolUse('toolu_3', 'Agent')], stopReason: null },
        {
          ...agent('one'),
          attributionAgent: 'Explore',
        },
      ),
      userLine(9, toolResult('toolu_3'), { ...agent('one'), toolUseResult: { agentId: 'two' } }),
      answerLine(10, { id: 'msg_6', output: 1, stopReason: null }, agent('one')),
      answerLine(10, { id: 'msg_6', output: 7, stopReason: null }, agent('one')),
    ],
  },
  {
    kind: { agentId: 'two' },
    lines: [
      userLine(5, 'look', agent('two')),
      answerLine(6, { id: 'msg_7', output: 1, stopReason: null }, agent('two')),
      answerLine(7, { id: 'msg_7', output: 50, stopReason: null }, agent('two')),
      // A replay of the conversation.
      answerLine(8, { id: 'msg_1', output: 300, stopReason: null }, agent('two')),
      answerLine(20, { id: 'msg_8', output: 4, stopReason: null }, agent('two')),
    ],
  },
];

/** What an import of so many lines of each file makes. */
function importOf(lengths: readonly number[]): readonly EventRecord[] {
  const files = FILES.map(({ lines }, index) => lines.slice(0, lengths[index]));
  const session = readLines(files, { kinds: FILES.map(({ kind }) => kind) }).read();
  const { events, priced } = eventsOfSession(session, { isOwned: () => true, nowMs: LATER_MS });
  const rest = remainderOf(session, priced, { baseline: baselineOf(session, priced, []) });
  return [...events, ...rest.events];
}

type Store = Map<string, EventRecord>;

/** As the store does it: the higher revision of a key stays. */
function write(store: Store, events: readonly EventRecord[]): void {
  for (const event of events) {
    const key = `${event['event.name']} ${event['tallyspan.key'] ?? ''}`;
    const before = store.get(key)?.['tallyspan.revision'];
    if (before === undefined || before < (event['tallyspan.revision'] ?? 0)) store.set(key, event);
  }
}

const WHOLE = FILES.map(({ lines }) => lines.length);

test('piece by piece in any order of the files is as at once', () => {
  const atOnce: Store = new Map();
  write(atOnce, importOf(WHOLE));
  expect(atOnce.size).toBeGreaterThan(30);
  const steps = array(tuple(...WHOLE.map((most) => nat(most))), { minLength: 1, maxLength: 6 });
  assert(
    property(steps, (wanted) => {
      const store: Store = new Map();
      let lengths = FILES.map(() => 0);
      for (const step of [...wanted, WHOLE]) {
        lengths = lengths.map((length, index) => Math.max(length, step[index] ?? 0));
        write(store, importOf(lengths));
      }
      expect(store).toEqual(atOnce);
    }),
    { numRuns: 50 },
  );
});

test.each(FILES.map((_, index) => [index]))('the last line of file %i alone comes later', (last) => {
  const store: Store = new Map();
  write(store, importOf(WHOLE.map((length, index) => (index === last ? length - 1 : length))));
  write(store, importOf(WHOLE));
  const atOnce: Store = new Map();
  write(atOnce, importOf(WHOLE));
  expect(store).toEqual(atOnce);
});
