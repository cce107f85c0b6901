// `tallyspan up` says which variables are no settings, so that a token or a limit that is misspelt is not missed.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { killRunning, PROGRAM } from '../programs/tallyspan.ts';
import { makeDataDir } from '../server/data-dir.ts';

let dataDir: string;
let server: ChildProcess | undefined;

beforeEach(async () => {
  dataDir = await makeDataDir();
});

afterEach(async () => {
  await killRunning(server);
  await rm(dataDir, { recursive: true, force: true });
});

/** What a server with these variables has on stderr when it is ready. */
async function saidWith(env: Readonly<Record<string, string>>): Promise<string> {
  const ports = ['--port', '0', '--grpc-port', '0', '--http-port', '0'];
  const started = spawn(process.execPath, [PROGRAM, 'up', '--no-open', '--data', dataDir, ...ports], {
    env: { PATH: process.env['PATH'], HOME: dataDir, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  server = started;
  let said = '';
  started.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const closed = once(started, 'close');
  await Promise.race([once(started.stdout, 'data'), closed]);
  started.kill('SIGTERM');
  await closed;
  return said;
}

test('what is no setting is said, with the one that was probably meant', async () => {
  const said = await saidWith({
    TALLYSPAN_TOKNE: 'a-token-that-is-misspelt',
    TALLYSPAN_CONTENT: 'everything',
    TALLYSPAN_FORWARD_HEADERS: 'a=b',
    ALERT_USER_DAY: '5',
    TALLYSPAN_TRUSTED_PROXY: 'loopback',
    ALERT_OF_ANOTHER_PROGRAM: 'x',
  });
  expect(said).toContain('tallyspan: TALLYSPAN_TOKNE is not a setting. Did you mean TALLYSPAN_TOKEN?\n');
  expect(said).toContain(
    'tallyspan: TALLYSPAN_CONTENT=everything is not valid; it is one of none, tools, errors, full. Using none.\n',
  );
  expect(said).toContain('alerts: ALERT_USER_DAY is not a setting. Did you mean ALERT_USER_DAY_USD?\n');
  expect(said).toContain('whoever the proxy lets in reads everything');
  expect(said).not.toContain('FORWARD_HEADERS');
  expect(said).not.toContain('ALERT_OF_ANOTHER_PROGRAM');
});

test('a price file with an error is said with its place, and nothing is started', async () => {
  const prices = path.join(dataDir, 'prices.json');
  await writeFile(prices, '{ "multiplier": 50 }');
  const said = await saidWith({ TALLYSPAN_PRICES: prices });
  expect(said).toMatch(/^tallyspan: the price file has errors; correct them:\n.*prices\.json.*multiplier/);
  expect(server?.exitCode).toBe(1);
});
