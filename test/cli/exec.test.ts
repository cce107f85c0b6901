// A command of the user under the preload: `exec` runs it and counts what was observed, `doctor` judges that.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startAnthropicApi, type AnthropicApi } from '../fakes/anthropic-api.ts';
import { answer } from '../fakes/messages.ts';
import { PROGRAM, runTallyspan } from '../programs/tallyspan.ts';

const ASK = `
  const body = JSON.stringify({ model: 'claude-sonnet-5-5', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] });
  const answer = await fetch(process.env.ANTHROPIC_BASE_URL + '/v1/messages', { method: 'POST', body });
  console.log((await answer.json()).content[0].text);
  process.exitCode = 3;`;

describe('a command under the preload', () => {
  let folder: string;
  let api: AnthropicApi;
  const run = (...words: string[]) =>
    runTallyspan(words, {
      cwd: folder,
      env: {
        ANTHROPIC_BASE_URL: api.url,
        OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
        TALLYSPAN_SPOOL: path.join(folder, 'spool'),
      },
    });

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'tallyspan-exec-test-'));
    api = await startAnthropicApi({ exchanges: [], respond: () => answer() });
    await writeFile(path.join(folder, 'ask.mjs'), ASK);
    await writeFile(path.join(folder, 'idle.mjs'), 'console.log(1);');
    await writeFile(
      path.join(folder, 'thread.mjs'),
      `import { Worker } from 'node:worker_threads'; new Worker(new URL('ask.mjs', import.meta.url));`,
    );
    await writeFile(
      path.join(folder, 'bare-thread.mjs'),
      `import { Worker } from 'node:worker_threads';
       const { ANTHROPIC_BASE_URL } = process.env;
       new Worker(new URL('ask.mjs', import.meta.url), { env: { ANTHROPIC_BASE_URL }, execArgv: [] });`,
    );
    // As a package script does: another program between us and Node.
    await writeFile(path.join(folder, 'package.json'), '{"name":"asker","scripts":{"start":"node ask.mjs"}}');
  });
  afterAll(async () => {
    await api.close();
    await rm(folder, { recursive: true, force: true });
  });

  it.each([
    ['itself', ['node', 'ask.mjs']],
    ['by npm', ['npm', 'start', '--silent']],
  ])('exec: %s, with its output and exit code', async (_name, command) => {
    const outcome = await run('exec', '--', ...command);
    expect([outcome.stdout, outcome.exitCode]).toEqual(['Hello there, how can I help?\n', 3]);
    expect(outcome.stderr).toContain(
      'tallyspan: 1 run, 1 model call, 0 tool calls, $0.0004 (1 by their requests)\n',
    );
  });

  it('exec: in the command of another, both show what was observed', async () => {
    const inner = [process.execPath, PROGRAM, 'exec', '--', 'node', 'ask.mjs'];
    const { stderr, exitCode } = await run('exec', '--', ...inner);
    const line = 'tallyspan: 1 run, 1 model call, 0 tool calls, $0.0004 (1 by their requests)\n';
    expect([stderr.split(line).length - 1, exitCode]).toEqual([2, 3]);
  });

  it.each([
    [
      ['node', 'bare-thread.mjs'],
      0,
      'tallyspan: no model call was observed.\ntallyspan: No SDK, framework or request to a model was seen in it. Child processes and worker threads whose `env`',
    ],
    [['sh', '-c', 'exit 4'], 4, 'tallyspan: no Node process reported'],
    [
      ['no-such-program'],
      127,
      'tallyspan: no-such-program could not be started: there is no such program.\n',
    ],
    [['./ask.mjs'], 126, 'tallyspan: ./ask.mjs could not be started: spawn ./ask.mjs EACCES.\n'],
  ] as const)('exec: %j shows that nothing was observed', async (command, exitCode, text) => {
    const outcome = await run('exec', '--', ...command);
    expect(outcome.stderr).toContain(text);
    expect(outcome.exitCode).toBe(exitCode);
  });

  it('doctor counts what was observed, and fails where that is nothing', async () => {
    const seen = await run('doctor', '--', 'node', 'ask.mjs');
    expect(seen.stdout).toContain(
      'WARN  node ended with exit code 3; observed: 1 run, 1 model call, 0 tool calls (1 by their requests)\n',
    );
    const inThread = await run('doctor', '--', 'node', 'thread.mjs');
    expect(inThread.stdout).toContain('observed: 1 run, 1 model call, 0 tool calls (1 by their requests)\n');
    const idle = await run('doctor', '--', 'node', 'idle.mjs');
    expect(idle.stdout).toContain(
      'FAIL  node ended with exit code 0, and no run and no model call of it was observed\n',
    );
    expect(idle.exitCode).toBe(1);
  });
});
