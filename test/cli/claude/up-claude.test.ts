// `tallyspan up --claude` and `import claude --watch`: what Claude Code writes while they run comes in.

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openSource } from '../../../server/source.ts';
import { killRunning, PROGRAM } from '../../programs/tallyspan.ts';
import { makeDataDir } from '../../server/data-dir.ts';
import { answerLine, SESSION, userLine } from '../../transcripts/transcript.ts';

let folder: string;
let dataDir: string;
let child: ChildProcess | undefined;

beforeEach(async () => {
  folder = await makeDataDir();
  dataDir = await makeDataDir();
});

afterEach(async () => {
  await killRunning(child);
  await rm(folder, { recursive: true, force: true });
  await rm(dataDir, { recursive: true, force: true });
});

/** Starts the program; gives what it has printed so far. */
function start(args: readonly string[]): () => string {
  const started = spawn(process.execPath, [PROGRAM, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  child = started;
  let printed = '';
  started.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
  return () => printed;
}

async function until<T>(find: () => Promise<T | undefined> | T | undefined): Promise<T> {
  for (;;) {
    const found = await find();
    if (found !== undefined) return found;
    await sleep(100);
  }
}

async function stop(): Promise<number | null> {
  const stopped = once(child as ChildProcess, 'exit') as Promise<[number | null]>;
  child?.kill('SIGTERM');
  const [exitCode] = await stopped;
  return exitCode;
}

test('a server follows the folder: sessions that were there, that go on, and new ones in new folders', async () => {
  const file = path.join(folder, 'projects', '-home-a', `${SESSION}.jsonl`);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, `${userLine(0, 'x')}\n${answerLine(1, { id: 'msg_1' })}\n`);
  const printed = start([
    'up',
    '--claude',
    folder,
    '--data',
    dataDir,
    '--port',
    '0',
    '--grpc-port',
    '0',
    '--http-port',
    '0',
    '--retention',
    '3650d',
  ]);
  const url = await until(() => /ui=(\S+)/.exec(printed())?.[1]);
  const source = await openSource({ url });
  const calls = async (): Promise<number> =>
    (await source.usage({ kind: 'daily', since: '2026-11-20', until: '2026-11-20' })).total.model_calls;
  await until(async () => ((await calls()) === 1 ? true : undefined));
  await appendFile(file, `${userLine(5, 'y')}\n${answerLine(6, { id: 'msg_2' })}\n`);
  const agent = path.join(folder, 'projects', '-home-b', 'other', 'subagents', 'agent-a.jsonl');
  await mkdir(path.dirname(agent), { recursive: true });
  await writeFile(agent, `${answerLine(7, { id: 'msg_3' }, { isSidechain: true })}\n`);
  await until(async () => ((await calls()) === 3 ? true : undefined));
  expect(await stop()).toBe(0);
});

test('an import that watches ends well when it is stopped, with all that was written stored', async () => {
  const file = path.join(folder, `${SESSION}.jsonl`);
  await writeFile(file, `${userLine(0, 'x')}\n${answerLine(1, { id: 'msg_1' })}\n`);
  const printed = start(['import', 'claude', folder, '--data', dataDir, '--watch']);
  await until(() => (printed().includes('1 model call') ? true : undefined));
  await appendFile(file, `${answerLine(6, { id: 'msg_2' })}\n`);
  await until(() => (printed().includes('2 model calls') ? true : undefined));
  expect(await stop()).toBe(0);
  const source = await openSource({ dataDir });
  try {
    const { total } = await source.usage({ kind: 'daily', since: '2026-11-20', until: '2026-11-20' });
    expect(total.model_calls).toBe(2);
  } finally {
    await source.close();
  }
});
