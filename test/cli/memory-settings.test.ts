// The server is started so that it gives memory back, in the process that the user started.

import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { describeWhere } from '../fixtures/describe-where.ts';
import { memorySettings } from '../fixtures/memory-settings.ts';
import { killRunning, PROGRAM } from '../programs/tallyspan.ts';
import { makeDataDir } from '../server/data-dir.ts';

const NO_PORTS = ['--port', '0', '--grpc-port', '0', '--http-port', '0'];
const { options, variables } = memorySettings;
const describeOnLinux = describeWhere(
  process.platform === 'linux',
  'memory settings',
  'they are made on Linux only',
);

let dataDir: string;
let server: ChildProcess | undefined;

beforeEach(async () => {
  dataDir = await makeDataDir();
});

afterEach(async () => {
  await killRunning(server);
  await rm(dataDir, { recursive: true, force: true });
});

/** Starts `tallyspan up`; the arguments and variables of its process when it is ready. */
async function startUp(
  env: NodeJS.ProcessEnv,
): Promise<{ args: string[]; variables: Record<string, string> }> {
  const args = [PROGRAM, 'up', '--data', dataDir, ...NO_PORTS];
  server = spawn(process.execPath, args, {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const lines = createInterface({ input: server.stdout as NodeJS.ReadableStream });
  const [line] = (await once(lines, 'line')) as [string];
  expect(line).toContain('tallyspan ready');
  const [started, given] = ['cmdline', 'environ'].map((file) =>
    readFileSync(`/proc/${String(server?.pid)}/${file}`, 'utf8').split('\0'),
  ) as [string[], string[]];
  const pairs = given.map((text) => text.split(/=(.*)/s).slice(0, 2) as [string, string]);
  return { args: started, variables: Object.fromEntries(pairs) };
}

describeOnLinux('tallyspan up', () => {
  it('has their options and variables, stops when it is told to, and keeps the id of its process', async () => {
    const started = await startUp({});
    expect(started.args).toEqual(expect.arrayContaining([...options]));
    expect(started.variables).toMatchObject(variables);
    server?.kill('SIGTERM');
    expect(await once(server as ChildProcess, 'exit')).toEqual([0, null]);
  });

  it('is collected, as its process is its own', async () => {
    server = spawn(process.execPath, ['--trace-gc', PROGRAM, 'up', '--data', dataDir, ...NO_PORTS], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const collections: string[] = [];
    for await (const line of createInterface({ input: server.stdout as NodeJS.ReadableStream })) {
      if (line.includes('tallyspan ready')) break;
      // V8's word for those that a program asks for.
      if (line.includes('testing')) collections.push(line);
    }
    expect(collections).not.toEqual([]);
  });

  it('leaves those alone that the user has set', async () => {
    const started = await startUp({ MALLOC_ARENA_MAX: '4' });
    expect(started.variables).toMatchObject({ ...variables, MALLOC_ARENA_MAX: '4' });
  });
});
