// Sessions that go on: of a file that grew only what was appended is read, and what is stored is as if all were read.

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { array, assert, asyncProperty, nat } from 'fast-check';
import { appendFile, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { EventRecord } from '../../../core/event.ts';
import { importSessions, newTally, planImport, type ImportTally } from '../../../cli/claude/import-claude.ts';
import { ImportState } from '../../../cli/claude/import-state.ts';
import { KeptSessions } from '../../../cli/claude/kept-sessions.ts';
import { makeDataDir } from '../../server/data-dir.ts';
import {
  answerLine,
  costState,
  LATER_MS,
  SESSION,
  toolResult,
  toolUse,
  userLine,
} from '../../transcripts/transcript.ts';

let work: string;

beforeEach(async () => {
  work = await makeDataDir();
});

afterEach(() => rm(work, { recursive: true, force: true }));

const request = (id: string, second: number): string =>
  `{"type":"api-request","sessionId":"${SESSION}","id":"${id}","timestamp":"2026-11-20T10:00:0${String(second)}.000Z","shapeHash":"h"}`;

const agent = { isSidechain: true, agentId: 'one' };
const MAIN = Buffer.from(
  [
    `\uFEFF${userLine(0, `é€😀 ${'x'.repeat(3_000)}`)}`,
    `{"type":"api-request-shape","shapeHash":"h","shape":{"system":"${'s'.repeat(500)}","tools":[{"name":"Bash"}]}}`,
    request('ref', 1),
    answerLine(2, { id: 'msg_1', output: 1, stopReason: null }, { requestRef: 'ref' }),
    answerLine(3, {
      id: 'msg_1',
      output: 260,
      content: [toolUse('toolu_1', 'Agent', { prompt: 'p'.repeat(900), description: '"\\' })],
      stopReason: 'tool_use',
    }),
    'no JSON',
    '',
    '{"type":"from-the-future"}',
    userLine(6, toolResult('toolu_1', [{ type: 'text', text: 'r'.repeat(2_000) }]), {
      toolUseResult: { agentId: 'one', content: 'r'.repeat(2_000) },
    }),
    answerLine(7, { id: 'msg_2', output: 30 }),
    costState({ 'claude-sonnet-5-5': { inputTokens: 9_000, outputTokens: 900 } }),
    userLine(8, [{ type: 'text', text: '[Request interrupted by user]' }]),
  ].join('\r\n'),
);
const AGENT = Buffer.from(
  [
    userLine(4, 'look', agent),
    answerLine(5, { id: 'msg_3', output: 8, stopReason: null }, agent),
    answerLine(5, { id: 'msg_1', output: 500, stopReason: null }, agent),
  ].join('\n'),
);

class Folder {
  readonly root: string;
  readonly files: readonly string[];
  readonly store = new Map<string, EventRecord>();
  readonly #state: ImportState;

  constructor(name: string) {
    this.root = path.join(work, name);
    this.files = [`p/${SESSION}.jsonl`, `p/${SESSION}/subagents/agent-one.jsonl`].map((file) =>
      path.join(this.root, file),
    );
    this.#state = ImportState.empty(path.join(this.root, 'state'));
  }

  async append(parts: readonly Buffer[]): Promise<void> {
    for (const [index, part] of parts.entries()) {
      const file = this.files[index] ?? '';
      await mkdir(path.dirname(file), { recursive: true });
      await appendFile(file, part);
    }
  }

  /** Imports what changed; how many bytes were read, and what was counted. */
  async import(kept?: KeptSessions): Promise<{ readonly bytes: number; readonly tally: ImportTally }> {
    const tally = newTally();
    let bytes = 0;
    const plan = planImport({ roots: [this.root], state: this.#state, nowMs: LATER_MS }, tally);
    await importSessions(
      plan,
      {
        state: this.#state,
        kept,
        append: (events) => {
          this.#write(events);
          return Promise.resolve();
        },
        now: () => LATER_MS,
        signal: new AbortController().signal,
        advance: (read) => (bytes += read),
      },
      tally,
    );
    return { bytes, tally };
  }

  #write(events: readonly EventRecord[]): void {
    for (const event of events) {
      const key = `${event['event.name']} ${event['tallyspan.key'] ?? ''}`;
      const before = this.store.get(key)?.['tallyspan.revision'];
      if (before === undefined || before < (event['tallyspan.revision'] ?? 0)) this.store.set(key, event);
    }
  }
}

test('any way of growing gives what reading all at once gives, and each byte is read once', async () => {
  const whole = new Folder('whole');
  await whole.append([MAIN, AGENT]);
  const { tally: all } = await whole.import();
  expect(all).toMatchObject({ malformed: 1, messages: 9, calls: 3 });
  expect(all.unknown).toEqual(new Map([['from-the-future', 1]]));
  let serial = 0;
  const cuts = array(nat(MAIN.length), { maxLength: 4 });
  await assert(
    asyncProperty(cuts, array(nat(AGENT.length), { maxLength: 4 }), async (main, side) => {
      const grown = new Folder(`grown-${String((serial += 1))}`);
      const kept = new KeptSessions();
      const steps = Math.max(main.length, side.length) + 1;
      const ends = [main, side].map((each) => each.toSorted((a, b) => a - b));
      let at = [0, 0];
      const sums = newTally();
      for (let step = 0; step < steps; step++) {
        const next = [MAIN.length, AGENT.length].map((length, index) => ends[index]?.[step] ?? length);
        await grown.append([MAIN, AGENT].map((bytes, index) => bytes.subarray(at[index], next[index])));
        at = next;
        const { tally } = await grown.import(kept);
        sums.malformed += tally.malformed;
        sums.messages += tally.messages;
        for (const [type, lines] of tally.unknown)
          sums.unknown.set(type, (sums.unknown.get(type) ?? 0) + lines);
      }
      expect(grown.store).toEqual(whole.store);
      expect([sums.malformed, sums.messages, sums.unknown]).toEqual([
        all.malformed,
        all.messages,
        all.unknown,
      ]);
    }),
    { numRuns: 60 },
  );
});

test('what was appended is read, and nothing that was read before', async () => {
  const folder = new Folder('folder');
  const kept = new KeptSessions();
  await folder.append([Buffer.concat([MAIN, Buffer.from('\n')]), AGENT]);
  await folder.import(kept);
  const more = Buffer.from(`${answerLine(9, { id: 'msg_4', output: 5 })}\n`);
  await folder.append([more]);
  const { bytes, tally } = await folder.import(kept);
  expect(bytes).toBeLessThanOrEqual(more.length + AGENT.length);
  expect(tally).toMatchObject({ messages: 1, calls: 4 });
  // Only what is new of the session is stored: the call, and the run that it belongs to.
  expect(tally.events).toBeLessThan(10);
});

test.each([
  [
    'replaced by another',
    async (file: string, text: string) => {
      await writeFile(`${file}.new`, text);
      await rename(`${file}.new`, file);
    },
  ],
  ['written again, longer', writeFile],
  [
    'written again, shorter',
    (file: string, text: string) => writeFile(file, text.slice(text.indexOf('\n') + 1)),
  ],
] as const)('a file that was %s is read from its start', async (_, replace) => {
  const folder = new Folder('folder');
  const kept = new KeptSessions();
  await folder.append([Buffer.from(`${userLine(0, 'x')}\n${answerLine(1, { id: 'msg_1' })}\n`)]);
  await folder.import(kept);
  const text = ['msg_2', 'msg_3', 'msg_4'].map((id) => `${answerLine(3, { id })}\n`).join('');
  await replace(folder.files[0] ?? '', `${userLine(0, 'y'.repeat(900))}\n${text}`);
  expect((await folder.import(kept)).tally.calls).toBe(3);
  // Reckoned as if nothing else had ever been at its path.
  const fresh = new KeptSessions();
  await new Folder('folder').import(fresh);
  expect([kept.bytes, fresh.bytes > 0]).toEqual([fresh.bytes, true]);
});

test('what is too much to keep is read again', async () => {
  const folder = new Folder('folder');
  const kept = new KeptSessions(1_000);
  await folder.append([MAIN, AGENT]);
  await folder.import(kept);
  await folder.append([Buffer.from(`\n${answerLine(9, { id: 'msg_4', output: 5 })}\n`)]);
  const { bytes, tally } = await folder.import(kept);
  expect(bytes).toBeGreaterThan(MAIN.length + AGENT.length);
  expect(tally.calls).toBe(4);
});
