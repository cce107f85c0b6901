// `tallyspan check` as a child process, around commands that succeed, fail, hang, flood and are killed.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { LimitOutcome } from '../../core/scores/limits.ts';
import type { RunFacts } from '../../core/scores/run-facts.ts';
import { startAnthropicApi, type AnthropicApi } from '../fakes/anthropic-api.ts';
import { answer, text } from '../fakes/messages.ts';
import { PROGRAM } from '../programs/tallyspan.ts';

let folder: string;
let api: AnthropicApi;
let agent: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tallyspan-check-test-'));
  api = await startAnthropicApi({ exchanges: [], respond: () => answer({ blocks: [text('done')] }) });
  agent = path.join(folder, 'agent.mjs');
  const sdk = createRequire(import.meta.url).resolve('@anthropic-ai/sdk');
  await writeFile(
    agent,
    `import Anthropic from ${JSON.stringify(sdk)};
const client = new Anthropic.Anthropic({ apiKey: 'k', maxRetries: 0 });
const turns = Number(process.argv[2]);
for (let turn = 0; turn < turns; turn++)
  await client.messages.create({ model: 'claude-sonnet-5-5', max_tokens: 100, messages: [{ role: 'user', content: 'hi' }] });
process.stdout.write('out');
process.stderr.write('err');
const how = process.argv[3];
if (how === 'flood') for (let i = 0; i < 2000; i++) process.stdout.write('x'.repeat(1000));
if (how === 'kill') { await new Promise((r) => setTimeout(r, 1200)); process.kill(process.pid, 'SIGKILL'); }
if (how === 'hang') setInterval(() => {}, 1000);
else if (how === 'exit') process.exit(Number(process.argv[4]));
`,
  );
});
afterAll(async () => {
  await api.close();
  await rm(folder, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

function check(args: readonly string[], command: readonly string[], url = api.url): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [PROGRAM, 'check', ...args, '--', process.execPath, ...command], {
      env: { ...process.env, NODE_OPTIONS: '', ANTHROPIC_BASE_URL: url },
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

describe('check', () => {
  it('passes a command within its limits, and leaves its output as it is', async () => {
    const report = path.join(folder, 'report.json');
    const args = ['--max-cost', '$1', '--max-turns', '10', '--report', report];
    const ended = await check(args, [agent, '2']);
    expect(ended).toMatchObject({ code: 0, signal: null, stdout: 'out' });
    expect(ended.stderr).toMatch(/^errcheck: \d runs?, \$0\.\d+, 2 turns/);
    const { runs, limits } = JSON.parse(await readFile(report, 'utf8')) as {
      runs: RunFacts[];
      limits: LimitOutcome[];
    };
    expect(runs.reduce((sum, run) => sum + run.turns, 0)).toBe(2);
    expect(limits.map(({ name, isKept }) => [name, isKept])).toEqual([
      ['maxCostNanoUsd', true],
      ['maxTurns', true],
    ]);
    expect((await check([...args, '--quiet'], [agent, '1'])).stderr).toBe('err');
  });

  it('fails one that is over a limit, or of which nothing was seen', async () => {
    const over = await check(['--max-cost', '$0.000001'], [agent, '1']);
    expect(over).toMatchObject({ code: 1, stdout: 'out' });
    expect(over.stderr).toContain('not kept');
    const blind = await check(['--max-cost', '$1'], ['-e', 'console.log(1)']);
    expect(blind).toMatchObject({ code: 1, stdout: '1\n' });
    expect(blind.stderr).toContain('nothing was observed');
  });

  it.each([
    [['1', 'exit', '7'], { code: 7, signal: null }, '1 turn'],
    [['1', 'kill'], { code: null, signal: 'SIGKILL' }, '1 turn'],
    [['0', 'exit', '0'], { code: 1, signal: null }, 'no run'],
  ])('ends as the command ended: %j', async (args, end, seen) => {
    const ended = await check(['--max-cost', '$1'], [agent, ...args]);
    expect(ended).toMatchObject({ ...end, stdout: 'out' });
    // What a process could not send at its end is seen all the same.
    expect(ended.stderr).toContain(seen);
  });

  it('hands on every byte of a flood, and stops a command that hangs', async () => {
    const flood = await check(['--max-cost', '$1'], [agent, '1', 'flood']);
    expect(flood).toMatchObject({ code: 0 });
    expect(flood.stdout).toHaveLength(3 + 2_000_000);
    const hung = await check(['--max-cost', '$1', '--timeout', '3s'], [agent, '1', 'hang']);
    expect(hung).toMatchObject({ code: null, signal: 'SIGTERM', stdout: 'out' });
    expect(hung.stderr).toContain('it took too long');
  });

  it('stops what the command started, too, when its time is over', async () => {
    const ids = path.join(folder, 'ids');
    const child = `require('node:fs').appendFileSync(${JSON.stringify(ids)}, process.pid + '\\n'); process.on('SIGTERM', () => {}); setInterval(() => {}, 1000);`;
    const parent = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}], { stdio: 'ignore', env: {} }); setInterval(() => {}, 1000);`;
    const ended = await check(['--max-cost', '$1', '--timeout', '3s'], ['-e', parent]);
    expect(ended).toMatchObject({ signal: 'SIGTERM' });
    const [started] = (await readFile(ids, 'utf8')).trim().split('\n').map(Number);
    expect(isRunning(started as number)).toBe(false);
  });

  it('leaves no command behind that nobody observes', async () => {
    const ids = path.join(folder, 'left');
    const own = `require('node:fs').writeFileSync(${JSON.stringify(ids)}, String(process.pid)); setInterval(() => {}, 1000);`;
    const command = [PROGRAM, 'check', '--max-cost', '$1', '--', process.execPath, '-e', own];
    const child = spawn(process.execPath, command, { stdio: 'ignore' });
    let id = 0;
    while (id === 0) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      id = Number(await readFile(ids, 'utf8').catch(() => ''));
    }
    const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
    child.kill('SIGHUP');
    expect(await ended).toEqual({ code: null, signal: 'SIGHUP' });
    expect(isRunning(id)).toBe(false);
  });

  it('does not take a page of a proxy for answers that cost nothing', async () => {
    const page = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>log in first</html>');
    });
    await once(page.listen(0, '127.0.0.1'), 'listening');
    const { port } = page.address() as AddressInfo;
    const ended = await check(['--max-cost', '$1'], [agent, '1'], `http://127.0.0.1:${port}`);
    page.close();
    expect(ended).toMatchObject({ code: 1, stdout: 'out' });
    expect(ended.stderr).toContain('no call was answered');
  });
});

/** Not one that has ended and is still listed. */
function isRunning(id: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(id)], { encoding: 'utf8' });
  return stdout.trim() !== '' && !stdout.trim().startsWith('Z');
}
