// What ccusage and we say of the same folder, case by case, with the reason where it differs.

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { makeDataDir } from '../server/data-dir.ts';
import { readCommand } from '../cli/read-command.ts';
import type { UsageReport } from '../../server/queries/usage/read-usage.ts';
import { answerLine, costState, SESSION, toolResult, toolUse, userLine } from '../transcripts/transcript.ts';
import { askCcusage, installCcusage } from './ccusage.ts';

const HAIKU = 'claude-haiku-4-5-20251001';
const SONNET = 'claude-sonnet-4-5-20250929';
const FORK = '33333333-3333-4333-8333-333333333333';
const AGENT = { isSidechain: true, agentId: 'one' };

type Files = Readonly<Record<string, readonly string[]>>;

interface Case {
  readonly name: string;
  readonly files: Files;
  /** Tokens out and in, and the cost in nano-USD. */
  readonly ours: readonly [output: number, input: number, costNanoUsd: number];
  /** Where ccusage says other numbers: they, and why. */
  readonly ccusage?: readonly [output: number, input: number, costNanoUsd: number];
  readonly because?: string;
}

function answer(second: number, id: string, output: number, fields: object = {}, more: object = {}): string {
  return answerLine(second, { id, output, model: HAIKU, ...more }, { ...fields });
}

// claude-haiku-4-5: $1 a million tokens of input, $5 of output.
const CASES: readonly Case[] = [
  {
    name: 'partial lines of one message',
    files: {
      [SESSION]: [
        userLine(0, 'x'),
        ...[1, 1, 260].map((output, index) =>
          answer(index, 'msg_1', output, {}, { stopReason: output === 260 ? 'end_turn' : null }),
        ),
      ],
    },
    ours: [260, 1000, 2_300_000],
  },
  {
    name: 'a replay of the conversation in a side chain',
    files: {
      [SESSION]: [userLine(0, 'x'), answer(1, 'msg_1', 50)],
      [`${SESSION}/subagents/agent-one`]: [
        answer(2, 'msg_1', 50, { ...AGENT, requestId: 'req_other' }),
        answer(3, 'msg_2', 10, AGENT),
      ],
    },
    ours: [60, 2000, 2_300_000],
  },
  {
    name: 'a copy of the conversation in a fork, and null stop reasons',
    files: {
      [SESSION]: [userLine(0, 'x'), answer(1, 'msg_1', 50, {}, { stopReason: null })],
      [FORK]: [
        userLine(0, 'x', { sessionId: FORK }),
        answer(1, 'msg_1', 50, { sessionId: FORK, requestSessionId: SESSION }, { stopReason: null }),
        answer(5, 'msg_2', 10, { sessionId: FORK }, { stopReason: null }),
      ],
    },
    ours: [60, 2000, 2_300_000],
  },
  {
    name: 'a fallback in mid-stream',
    files: {
      [SESSION]: [
        userLine(0, 'x'),
        answerLine(1, { id: 'msg_1', output: 10, model: SONNET, usage: { input_tokens: 5000 } }),
        answer(2, 'msg_1', 20),
      ],
    },
    ours: [20, 1000, 1_100_000],
    ccusage: [10, 5000, 15_150_000],
    because:
      'the line with the most tokens in all is not the one that was answered last: the fallback had a shorter prompt',
  },
  {
    name: 'searches that the WebSearch tool made by itself',
    files: {
      [SESSION]: [
        userLine(0, 'x'),
        answer(1, 'msg_1', 0, {}, { content: [toolUse('toolu_1', 'WebSearch')], stopReason: 'tool_use' }),
        userLine(2, toolResult('toolu_1'), { toolUseResult: { searchCount: 2 } }),
      ],
    },
    ours: [0, 1000, 21_000_000],
    ccusage: [0, 1000, 1_000_000],
    because: 'searches are charged by the piece and are only in the result of the tool',
  },
  {
    name: 'what Claude Code counted beyond its calls',
    files: {
      [SESSION]: [
        userLine(0, 'x'),
        answer(1, 'msg_1', 0),
        costState({ [HAIKU]: { inputTokens: 1700, outputTokens: 30 } }),
      ],
    },
    ours: [30, 1700, 1_850_000],
    ccusage: [0, 1000, 1_000_000],
    because: 'titles, recaps and compaction are in no transcript; we show them as a row of their own',
  },
];

let script: string | undefined;
let work: string;

beforeAll(async () => {
  script = await installCcusage();
  work = await makeDataDir();
});

afterAll(async () => {
  await rm(work, { recursive: true, force: true });
});

test.each(CASES)('$name', async ({ name, files, ours, ccusage }) => {
  const folder = path.join(work, name.replaceAll(/\W+/g, '-'));
  for (const [file, lines] of Object.entries(files)) {
    const target = path.join(folder, 'projects', '-home-webshop', `${file}.jsonl`);
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, lines.map((line) => `${line}\n`).join(''));
  }
  const data = path.join(folder, 'data');
  await readCommand(['import', 'claude', folder, '--data', data]);
  const { total } = await readCommand<UsageReport>(['monthly', '--since', '2026-11-01', '--data', data]);
  expect([total.tokens_output, total.tokens_input, total.cost_nano_usd]).toEqual(ours);
  if (script === undefined) return;
  const theirs = await askCcusage(script, folder);
  const costNanoUsd = Math.round(theirs.totalCost * 1e9);
  expect([theirs.outputTokens, theirs.inputTokens, costNanoUsd]).toEqual(ccusage ?? ours);
});
