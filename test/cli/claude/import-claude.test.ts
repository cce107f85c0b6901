// `tallyspan import claude` on folders made by hand: what it finds, what it reads again, and what it leaves.

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { appendFile, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { makeDataDir } from '../../server/data-dir.ts';
import { getJson, startTestServer } from '../../server/harness.ts';
import {
  answerLine,
  costState,
  SESSION,
  toolResult,
  toolUse,
  userLine,
} from '../../transcripts/transcript.ts';
import { readCommand } from '../read-command.ts';
import { runCommand } from '../run-command.ts';

const OTHER = '22222222-2222-4222-8222-222222222222';
const INPUT_NANO_USD = 2_000_000;
const HAIKU = 'claude-haiku-4-5-20251001';

let folder: string;
let dataDir: string;

beforeEach(async () => {
  folder = path.join(await makeDataDir(), 'claude');
  dataDir = await makeDataDir();
});

afterEach(async () => {
  await rm(path.dirname(folder), { recursive: true, force: true });
  await rm(dataDir, { recursive: true, force: true });
});

async function write(name: string, lines: readonly string[]): Promise<string> {
  const file = path.join(folder, 'projects', '-home-someone-webshop', name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, lines.map((line) => `${line}\n`).join(''));
  return file;
}

type Answer = Readonly<Record<string, unknown>>;

function importAll(): Promise<Answer> {
  return readCommand<Answer>(['import', 'claude', folder, '--data', dataDir]);
}

async function calls(): Promise<readonly Answer[]> {
  const file = path.join(dataDir, 'out.jsonl');
  const { exitCode, stderr } = await runCommand(['export', file, '--data', dataDir]);
  if (exitCode !== 0) throw new Error(stderr);
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
  await rm(file);
  return lines
    .map((line) => JSON.parse(line) as Answer)
    .filter((event) => event['event.name'] === 'agent.model_call' && event['tallyspan.duplicate'] !== true);
}

test('the files of a session are found at any depth, and each call counts once', async () => {
  const agent = { isSidechain: true, agentId: 'deep' };
  await write(`${SESSION}.jsonl`, [
    userLine(0, 'x'),
    answerLine(1, { id: 'msg_1', output: 0, content: [toolUse('toolu_1', 'Agent')], stopReason: 'tool_use' }),
    userLine(5, toolResult('toolu_1'), { toolUseResult: { agentId: 'deep' } }),
  ]);
  await write(`${SESSION}/subagents/workflow/agent-deep.jsonl`, [
    userLine(2, 'look', agent),
    answerLine(3, { id: 'msg_2', output: 0, stopReason: null }, agent),
  ]);
  // As older versions left them, beside the session.
  await write('agent-old.jsonl', [
    answerLine(4, { id: 'msg_3', output: 0 }, { isSidechain: true, agentId: 'old' }),
  ]);
  await write(`${SESSION}/tool-results/result.jsonl`, [answerLine(4, { id: 'msg_9' })]);
  // A copy of a part without any mark, as of a fork by hand.
  await write(`${OTHER}.jsonl`, [
    userLine(0, 'x', { sessionId: OTHER }),
    answerLine(1, { id: 'msg_1', output: 0 }, { sessionId: OTHER }),
    userLine(7, 'y', { sessionId: OTHER }),
    answerLine(8, { id: 'msg_4', output: 0 }, { sessionId: OTHER }),
  ]);
  expect(await importAll()).toMatchObject({
    sessions: 2,
    files: 4,
    model_calls: 4,
    copied_calls: 1,
    cost_nano_usd: 4 * INPUT_NANO_USD,
  });
  const found = await calls();
  expect(new Set(found.map((call) => call['gen_ai.response.id']))).toEqual(
    new Set(['msg_1', 'msg_2', 'msg_3', 'msg_4']),
  );
  expect(found.find((call) => call['gen_ai.response.id'] === 'msg_2')).toMatchObject({
    'agent.project': 'webshop',
    'gen_ai.conversation.id': SESSION,
  });
});

test('what searches of a tool cost is in the sum of the import and of its run', async () => {
  await write(`${SESSION}.jsonl`, [
    userLine(0, 'x'),
    answerLine(1, {
      id: 'msg_1',
      output: 0,
      content: [toolUse('toolu_1', 'WebSearch')],
      stopReason: 'tool_use',
    }),
    userLine(2, toolResult('toolu_1'), { toolUseResult: { searchCount: 3 } }),
    answerLine(3, { id: 'msg_2', output: 0 }),
  ]);
  const costNanoUsd = 2 * INPUT_NANO_USD + 30_000_000;
  expect(await importAll()).toMatchObject({ model_calls: 2, cost_nano_usd: costNanoUsd });
  const [run] = await readCommand<{ 'agent.run_id': string; 'agent.cost_nano_usd': number }[]>([
    'runs',
    '--since',
    '365d',
    '--data',
    dataDir,
  ]);
  expect(run?.['agent.cost_nano_usd']).toBe(costNanoUsd);
  const { stdout } = await runCommand(['run', run?.['agent.run_id'] ?? '', '--data', dataDir]);
  expect(stdout).toContain('3 web searches');
});

test('a folder without a session that is wanted is told so', async () => {
  const read = async (...more: readonly string[]): Promise<string> =>
    (await runCommand(['import', 'claude', folder, '--data', dataDir, ...more])).stdout;
  await mkdir(folder, { recursive: true });
  expect(await read()).toBe('nothing to read: no session is there\n');
  await write(`${SESSION}.jsonl`, [userLine(0, 'x'), answerLine(1, { id: 'msg_1' })]);
  expect(await read('--since', '2030-01-01')).toBe('nothing to read: no session went on since then\n');
});

test('a second import reads nothing, and without its notes it stores nothing twice', async () => {
  await write(`${SESSION}.jsonl`, [userLine(0, 'x'), answerLine(1, { id: 'msg_1' })]);
  await importAll();
  const before = await calls();
  expect(await importAll()).toMatchObject({ sessions: 0, events: 0, unchanged_sessions: 1 });
  for (const name of await readdir(dataDir))
    if (name.startsWith('claude-import')) await rm(path.join(dataDir, name));
  expect(await importAll()).toMatchObject({ sessions: 1 });
  expect(await calls()).toEqual(before);
});

test('what is written later comes in, a fuller line takes the place of the stored one, half a line waits', async () => {
  const whole = answerLine(2, { id: 'msg_1', output: 260 });
  const file = await write(`${SESSION}.jsonl`, [
    userLine(0, 'x'),
    answerLine(1, { id: 'msg_1', output: 1, stopReason: null }),
  ]);
  await appendFile(file, whole.slice(0, 300));
  expect(await importAll()).toMatchObject({ malformed_lines: 0, model_calls: 1 });
  expect(await calls()).toMatchObject([{ tokens_output: 1 }]);
  await appendFile(file, `${whole.slice(300)}\n`);
  await importAll();
  expect(await calls()).toMatchObject([{ tokens_output: 260 }]);
  // Rewritten in place, shorter.
  await truncate(file, 0);
  await appendFile(file, `${userLine(0, 'x')}\n${answerLine(9, { id: 'msg_2' })}\n`);
  expect(await importAll()).toMatchObject({ sessions: 1, model_calls: 1 });
  expect(await calls()).toHaveLength(2);
});

function counted(input: number): string {
  return costState({ [HAIKU]: { inputTokens: input, outputTokens: 0 } });
}

test('what Claude Code counted beyond its calls is a row that follows its count', async () => {
  const file = await write(`${SESSION}.jsonl`, [
    userLine(0, 'x'),
    answerLine(1, { id: 'msg_1' }),
    counted(500),
  ]);
  expect(await importAll()).toMatchObject({ not_in_transcript_nano_usd: 500_000 });
  await appendFile(file, `${userLine(5, 'y')}\n${counted(700)}\n`);
  expect(await importAll()).toMatchObject({ not_in_transcript_nano_usd: 700_000 });
  const rest = (await calls()).filter((call) => call['tallyspan.source'] === 'remainder');
  expect(rest).toMatchObject([
    { tokens_input: 700, cost_nano_usd: 700_000, 'tallyspan.cost.status': 'estimated' },
  ]);
  // Its calls come after all: nothing is left, and the row says so.
  await appendFile(
    file,
    `${answerLine(5, { id: 'msg_2', output: 0, model: HAIKU, usage: { input_tokens: 700 } })}\n${counted(700)}\n`,
  );
  await importAll();
  expect((await calls()).filter((call) => call['tallyspan.source'] === 'remainder')).toEqual([]);
  await appendFile(file, `${userLine(7, 'z')}\n${counted(1_400)}\n`);
  await importAll();
  const daily = await readCommand<{ readonly total: Answer; readonly rows: readonly Answer[] }>([
    'daily',
    '--since',
    '2026-11-20',
    '--until',
    '2026-11-20',
    '--data',
    dataDir,
  ]);
  expect(daily.rows).toMatchObject([
    { name: '2026-11-20', model_calls: 2, not_in_transcript_nano_usd: 700_000, cost_nano_usd: 4_400_000 },
  ]);
});

test('a line of many megabytes is one result of that length', async () => {
  await write(`${SESSION}.jsonl`, [
    userLine(0, 'x'),
    answerLine(1, { id: 'msg_1', content: [toolUse('toolu_1')], stopReason: 'tool_use' }),
    userLine(2, toolResult('toolu_1', 'é"\n'.repeat(8_000_000))),
    answerLine(3, { id: 'msg_2' }),
  ]);
  expect(await importAll()).toMatchObject({ model_calls: 2, malformed_lines: 0 });
  const tools = await readCommand<Answer>([
    'signal',
    'tool_result_size_p50',
    '--window',
    '3650d',
    '--data',
    dataDir,
  ]);
  expect(tools['value']).toBe(24_000_000);
});

test('nothing of what was written is in the data folder, nor the folder it was written in', async () => {
  await write(`${SESSION}.jsonl`, [
    userLine(0, 'marked-prompt', {
      gitBranch: 'marked-branch',
      cwd: '/home/marked-user/marked-folder/webshop',
    }),
    answerLine(1, {
      id: 'msg_1',
      content: [
        { type: 'text', text: 'marked-answer' },
        toolUse('toolu_1', 'Write', { file_path: '/marked-path', content: 'marked-content' }),
      ],
      stopReason: 'tool_use',
    }),
    userLine(2, toolResult('toolu_1', 'marked-result')),
    JSON.stringify({ type: 'summary', summary: 'marked-summary' }),
  ]);
  await importAll();
  for (const name of await readdir(dataDir, { recursive: true })) {
    const bytes = await readFile(path.join(dataDir, name)).catch(() => Buffer.alloc(0));
    expect([name, bytes.includes('marked-')]).toEqual([name, false]);
    expect([name, bytes.includes('-home-someone')]).toEqual([name, false]);
  }
});

test('--dry-run says what would be read and reads nothing; a folder that is not there is an error', async () => {
  await write(`${SESSION}.jsonl`, [userLine(0, 'x'), answerLine(1, { id: 'msg_1' })]);
  const plan = await readCommand<Answer>(['import', 'claude', folder, '--data', dataDir, '--dry-run']);
  expect(plan).toMatchObject({ sessions: 1, files: 1, folders: [{ folder: '-home-someone-webshop' }] });
  const since = (text: string): Promise<Answer> =>
    readCommand<Answer>(['import', 'claude', folder, '--data', dataDir, '--dry-run', '--since', text]);
  expect(await since('2100-01-01')).toMatchObject({ sessions: 0 });
  expect(await since('2026-11-20')).toMatchObject({ sessions: 1 });
  expect(await importAll()).toMatchObject({ sessions: 1 });
  const gone = await runCommand(['import', 'claude', path.join(folder, 'gone'), '--data', dataDir]);
  expect(gone).toMatchObject({ exitCode: 1, stdout: '' });
  expect(gone.stderr).toContain('is not there');
});

test('what was appended to half a line is read, and the half one is counted', async () => {
  const half = answerLine(1, { id: 'msg_1' }).slice(0, 200);
  await write(`${SESSION}.jsonl`, [
    userLine(0, 'x'),
    `${half}${answerLine(2, { id: 'msg_2', output: 0, content: [toolUse('toolu_1')] })}`,
    // Two processes at once.
    `${userLine(3, toolResult('toolu_1'))}${answerLine(4, { id: 'msg_3', output: 0 })}`,
  ]);
  expect(await importAll()).toMatchObject({
    model_calls: 2,
    cost_nano_usd: 2 * INPUT_NANO_USD,
    malformed_lines: 2,
  });
});

test('goes to the server that TALLYSPAN_URL names, and nowhere else when that does not answer', async () => {
  await write(`${SESSION}.jsonl`, [userLine(0, 'x'), answerLine(1, { id: 'msg_1' })]);
  const server = await startTestServer();
  try {
    const options = { env: { TALLYSPAN_URL: server.uiUrl, XDG_DATA_HOME: dataDir } };
    await readCommand(['import', 'claude', folder], options);
    const { total } = await getJson<{ total: { cost_nano_usd: number } }>(server, '/api/cost?since=365d');
    expect(total.cost_nano_usd).toBeGreaterThan(0);
  } finally {
    await server.remove();
  }
  const away = { env: { TALLYSPAN_URL: 'http://127.0.0.1:9', XDG_DATA_HOME: dataDir } };
  expect(await runCommand(['import', 'claude', folder], away)).toMatchObject({ exitCode: 1 });
});

async function costs(): Promise<unknown[]> {
  return (await calls()).map((call) => [call['tallyspan.source'], call['cost_nano_usd']]);
}

test('a price file in the environment is what an import prices by, and one with an error stops it', async () => {
  await write(`${SESSION}.jsonl`, [userLine(0, 'x'), answerLine(1, { id: 'msg_1' }), counted(700)]);
  const command = ['import', 'claude', folder, '--data', dataDir];
  await readCommand(command);
  const list = await costs();
  expect(list).toEqual([
    ['transcript', expect.any(Number)],
    ['remainder', 700_000],
  ]);
  await rm(dataDir, { recursive: true });
  const prices = path.join(folder, 'prices.json');
  const env = { TALLYSPAN_PRICES: prices };
  await writeFile(prices, '{ "multiplier": 50 }');
  const refused = await runCommand(command, { env });
  expect([refused.exitCode, refused.stderr]).toEqual([1, expect.stringContaining('multiplier')]);
  await writeFile(prices, '{ "multiplier": 0.5 }');
  await readCommand(command, { env });
  expect(await costs()).toEqual((list as [string, number][]).map(([source, cost]) => [source, cost / 2]));
});
