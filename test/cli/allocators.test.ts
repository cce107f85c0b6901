// The server is started with the allocators that give memory back, in the process that the user started.

import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import path from 'node:path';
import { describeWhere } from '../fixtures/describe-where.ts';
import { PROGRAM } from '../programs/tallyspan.ts';
import { makeDataDir } from '../server/data-dir.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const NO_PORTS = ['--port', '0', '--grpc-port', '0', '--http-port', '0'];
const allocators = JSON.parse(readFileSync(path.join(ROOT, 'cli/allocators.json'), 'utf8')) as Record<
  string,
  string
>;
const describeOnLinux = describeWhere(
  process.platform === 'linux',
  'allocators',
  'they are set on Linux only',
);

let dataDir: string;
let server: ChildProcess | undefined;

beforeEach(async () => {
  dataDir = await makeDataDir();
});

afterEach(async () => {
  if (server?.exitCode === null) {
    server.kill('SIGKILL');
    await once(server, 'exit');
  }
  await rm(dataDir, { recursive: true, force: true });
});

/** Starts `tallyspan up`; the variables of its process when it is ready. */
async function startUp(env: NodeJS.ProcessEnv): Promise<Record<string, string>> {
  const args = [PROGRAM, 'up', '--data', dataDir, ...NO_PORTS];
  server = spawn(process.execPath, args, {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const lines = createInterface({ input: server.stdout as NodeJS.ReadableStream });
  const [line] = (await once(lines, 'line')) as [string];
  expect(line).toContain('tallyspan ready');
  const variables = readFileSync(`/proc/${String(server.pid)}/environ`, 'utf8').split('\0');
  return Object.fromEntries(variables.map((text) => text.split(/=(.*)/s).slice(0, 2) as [string, string]));
}

describeOnLinux('tallyspan up', () => {
  it('has their variables, stops when it is told to, and keeps the id of its process', async () => {
    expect(await startUp({})).toMatchObject(allocators);
    server?.kill('SIGTERM');
    expect(await once(server as ChildProcess, 'exit')).toEqual([0, null]);
  });

  it('leaves those alone that the user has set', async () => {
    expect(await startUp({ MALLOC_ARENA_MAX: '4' })).toMatchObject({ ...allocators, MALLOC_ARENA_MAX: '4' });
  });
});
