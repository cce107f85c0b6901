import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runCli } from '../../cli/program.ts';
import type { RunSummary } from '../../server/source.ts';
import { sendEvents, startTestServer, type TestServer } from '../server/harness.ts';
import { sampleRun } from '../server/sample-run.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  const now = Date.now();
  await sendEvents(server, [
    ...sampleRun({ mark: 'a', endMs: now - 1000, tags: ['beta'] }),
    ...sampleRun({ mark: 'b', endMs: now - 2000, status: 'error', user: 'user-2', agent: 'research' }),
    ...sampleRun({ mark: 'c', endMs: now - 3000, isOpen: true, tags: ['beta', 'nightly'] }),
  ]);
});

afterAll(() => server.remove());

/** First letters of the runs that a command lists. */
async function list(...options: readonly string[]): Promise<string> {
  let out = '';
  const code = await runCli(['runs', '--json', '--url', server.uiUrl, ...options], {
    stdin: process.stdin,
    stdout: { write: (text: string) => (out += text) },
    stderr: { write: (text: string) => (out += text) },
    env: {},
    now: Date.now,
    signal: new AbortController().signal,
  });
  if (code !== 0) return `${code} ${out}`;
  return (JSON.parse(out) as RunSummary[]).map((run) => run['agent.run_id'][0]).join('');
}

describe('tallyspan runs', () => {
  it.each([
    ['', 'abc'],
    ['--failed', 'b'],
    ['--status running', 'c'],
    ['--user user-2', 'b'],
    ['--agent support', 'ac'],
    ['--task answer', 'abc'],
    ['--tag beta', 'ac'],
    ['--tag nightly', 'c'],
    ['--session session-b', 'b'],
    ['--error API', 'b'],
    ['--error timeout', 'abc'],
    ['--limit 1', 'a'],
    ['--tag beta --status ok', 'a'],
  ])('%s', async (options, expected) => {
    expect(await list(...options.split(' ').filter((option) => option !== ''))).toBe(expected);
  });

  it('says what is wrong with an option, and exits with 2', async () => {
    expect(await list('--limit', 'none')).toMatch(/^2 .*"none" is no whole number above 0/s);
  });
});
