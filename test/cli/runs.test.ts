import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runCli } from '../../cli/program.ts';
import type { RunSummary } from '../../server/source.ts';
import { sendEvents, startTestServer, type TestServer } from '../server/harness.ts';
import { SAMPLE_LENGTH_MS, sampleRun } from '../server/web/sample-run.ts';
import { runCommand } from './run-command.ts';

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

  it('names the zone of its times, and says when there are more runs', async () => {
    const all = await runCommand(['runs', '--url', server.uiUrl]);
    expect(all.stdout).toMatch(/^STARTED +RUN .*\n3 runs, \$.*; times in UTC\n$/s);
    const some = await runCommand(['runs', '--slowest', '--limit', '2', '--url', server.uiUrl]);
    expect(some.stdout.trimEnd().split('\n')).toHaveLength(4);
    expect(some.stdout).toMatch(/times in UTC; the slowest 2 of them, --limit shows up to 1,000\n$/);
    // Of all that match, whatever the limit.
    const sums = /\n(3 runs, \$[\d.]+, 50\.0 % failed, 1 running);/;
    expect(sums.exec(some.stdout)?.[1]).toBe(sums.exec(all.stdout)?.[1]);
    expect(sums.test(all.stdout)).toBe(true);
  });

  it('shows times in the zone of the server', async () => {
    const zoned = await startTestServer({ timezone: 'Asia/Kolkata' });
    try {
      const endMs = Date.now() - 1000;
      await sendEvents(zoned, sampleRun({ mark: 'd', endMs }));
      const { stdout } = await runCommand(['runs', '--url', zoned.uiUrl]);
      const started = new Date(endMs - SAMPLE_LENGTH_MS);
      const time = started.toLocaleTimeString('en-GB', { timeZone: 'Asia/Kolkata', timeStyle: 'short' });
      expect(stdout).toMatch(new RegExp(`^(\\d\\d-\\d\\d )?${time} +dddddddd`, 'm'));
      expect(stdout).toContain('times in Asia/Kolkata');
      const run = async (...asked: string[]): Promise<string> =>
        (await runCommand(['runs', ...asked, '--url', zoned.uiUrl])).stdout;
      expect(await run('--from', '2h')).toMatch(/^1 run, /m);
      expect(await run('--from', '2h', '--agent-version', 'none')).toContain(
        '--agent-version none in that time',
      );
      expect(await run('--from', '2001-01-01', '--to', '2001-01-01')).toBe(
        `no runs in that time (2001-01-01 00:00 – 2001-01-02 00:00, times in Asia/Kolkata).\nAsked: ${zoned.uiUrl}\n`,
      );
    } finally {
      await zoned.remove();
    }
  });

  it('says that nothing matches, with what was asked for', async () => {
    const { exitCode, stdout } = await runCommand([
      'runs',
      '--user',
      'nobody',
      '--failed',
      '--url',
      server.uiUrl,
    ]);
    expect([exitCode, stdout]).toEqual([
      0,
      `no runs match --failed --user nobody in the last 24h. Look further back with --since.\nAsked: ${server.uiUrl}\n`,
    ]);
    const none = await runCommand(['runs', '--since', '1s', '--status', 'ok', '--url', server.uiUrl]);
    expect(none.stdout).toContain('in the last 1s');
    const empty = await startTestServer();
    try {
      expect((await runCommand(['runs', '--url', empty.uiUrl])).stdout).toMatch(
        /^no runs in the last 24h\. .*tallyspan exec/,
      );
      expect((await runCommand(['cost', '--url', empty.uiUrl])).stdout).toMatch(
        /^no spend in that time \((\d\d-\d\d \d\d:\d\d – \d\d-\d\d \d\d:\d\d), times in UTC\)\n$/,
      );
    } finally {
      await empty.remove();
    }
  });

  it('says what is wrong with an option, and exits with 2', async () => {
    expect(await list('--limit', 'none')).toMatch(/^2 .*"none" is no whole number above 0/s);
  });
});

describe('tallyspan cost', () => {
  it('shows the most expensive groups and says how many there are', async () => {
    const ask = ['cost', '--by', 'session', '--url', server.uiUrl];
    const some = await runCommand([...ask, '--limit', '2']);
    expect(some.stdout).toMatch(/^total \$[\d.]+; the most expensive 2 of 3, --limit shows more$/m);
    expect(some.stdout.match(/^session-/gm)).toHaveLength(2);
    const all = await runCommand(ask);
    expect(all.stdout).toMatch(/^total \$[\d.]+$/m);
    const { rows } = JSON.parse((await runCommand([...ask, '--json', '--limit', '2'])).stdout) as {
      rows: unknown[];
    };
    expect(rows).toHaveLength(3);
  });
});
