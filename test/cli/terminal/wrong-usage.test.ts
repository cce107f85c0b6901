// What was typed wrongly is exit code 2 and a message that names it, whoever finds out: the command or the server.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startTestServer, type TestServer } from '../../server/harness.ts';
import { runCommand } from '../run-command.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.remove());

describe('wrong usage', () => {
  it.each([
    ['runs --since 99999999999d', 'is too long a duration; the longest is 36500d'],
    ['cost --since 99999999999w', 'is too long a duration'],
    ['runs --limit 1001', '"1001" is too many; at most 1000'],
    ['runs --limit 99999999999999999999', 'is too many'],
    [
      'runs --status banana',
      'status is failed, ok, error, aborted, refused, max_turns, budget_exceeded, turn_limit, loop, abandoned, running, not banana',
    ],
    ['run abc', '"abc" is too short; give at least 4 characters'],
    ['run --diff abcdef abc', '"abc" is too short; give at least 4 characters'],
    ['cost --since 7d --from yesterday', "'--from <time>' cannot be used with option '--since <time>'"],
    ['runs --to 2026-11-20 --since 7d', "'--to <time>' cannot be used with option '--since <time>'"],
    [
      'diagnose --from bogus',
      'from is a time such as 2026-11-20T14:30, 2026-11-20, yesterday or 24h, not bogus',
    ],
    ['diagnose --against bogus', 'against is a length such as 7d'],
    ['diagnose --from 2026-11-20 --to 2026-11-19', 'the time ends before it begins'],
    ['what-if --model claude-sonet-5-5', 'Did you mean claude-sonnet-5-5?'],
    ['what-if --model gpt-4', '"gpt-4" is no model of the price table; docs/prices.md lists them'],
    ['what-if --model claude-mythos-preview', 'claude-mythos-preview has no price. Limited preview'],
    ['what-if --batch --from bogus', 'from is a time'],
    [
      'verify --loki localhost:3100',
      '"localhost:3100" is no address of a server; write http://localhost:3100',
    ],
    ['signal cots', 'there is no signal "cots"'],
    ['signal cost --window bogus', '"bogus" is no window'],
    ['cost --by bogus', 'Allowed choices are day'],
  ])('%s', async (line, message) => {
    const { exitCode, stdout, stderr } = await runCommand([...line.split(' '), '--url', server.uiUrl]);
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('    at ');
  });

  it('is an address in TALLYSPAN_URL that lacks its http://', async () => {
    const { exitCode, stderr } = await runCommand(['runs'], { env: { TALLYSPAN_URL: 'localhost:4319' } });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('"localhost:4319" is no address of a server; write http://localhost:4319');
  });

  it.each(['runs', 'cost', 'run abcd', 'daily', 'export -'])(
    'is what answers with a page for whatever it is asked: %s',
    async (line) => {
      const other = createServer((_request, response) => {
        response
          .setHeader('content-type', 'text/html; charset=utf-8')
          .end('<!doctype html><title>Sign in</title>');
      }).listen(0, '127.0.0.1');
      await once(other, 'listening');
      const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
      const { exitCode, stderr } = await runCommand([...line.split(' '), '--url', url]);
      other.close();
      expect(exitCode).toBe(1);
      expect(stderr).toBe(
        `tallyspan: what answers at ${url} is no tallyspan server, or something stands before it, such as a page to sign in. Name the address of its own page, such as http://127.0.0.1:4319.\n`,
      );
    },
  );

  it.each(['claude-sonnet-5-5', 'us.anthropic.claude-opus-5-5-v1', 'claude-haiku-4-5'])(
    'is not the model %s',
    async (model) => {
      const { exitCode } = await runCommand(['what-if', '--model', model, '--url', server.uiUrl]);
      expect(exitCode).toBe(0);
    },
  );

  it('is not a token that is missing: the server says how to give it', async () => {
    const guarded = await startTestServer({ token: 'secret-token-of-the-test' });
    try {
      const missing = await runCommand(['runs', '--url', guarded.uiUrl]);
      expect(missing).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('Set TALLYSPAN_TOKEN') });
      const env = { TALLYSPAN_TOKEN: 'another' };
      const wrong = await runCommand(['export', '-', '--url', guarded.uiUrl], { env });
      expect(wrong).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining('does not take the token in TALLYSPAN_TOKEN'),
      });
    } finally {
      await guarded.remove();
    }
  });
});

describe('an address of a server', () => {
  it.each([
    ['localhost:4319', 'write http://localhost:4319'],
    ['ftp://host', 'write http://127.0.0.1:4319'],
    ['', 'is no address'],
  ])('%j is wrong usage', async (url, message) => {
    const { exitCode, stderr } = await runCommand(['runs', '--url', url]);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(message)]);
  });
});

describe('help', () => {
  it.each([
    ['runs', '24h'],
    ['cost', '7d'],
    ['recost', '7d'],
    ['up', '90d'],
    ['verify', '24h'],
  ])('of %s says the default as it is written', async (command, byDefault) => {
    const { stdout } = await runCommand([command, '--help']);
    expect(stdout).toContain(`(default: ${byDefault})`);
    expect(stdout).not.toMatch(/default: \d{6,}/);
  });
});
