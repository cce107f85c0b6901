// A data folder that cannot be opened: what is said of it.

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startTallyspan } from '../programs/started.ts';
import { runCommand } from './run-command.ts';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'tallyspan-folder-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

async function messageFor(): Promise<string> {
  const { exitCode, stderr } = await runCommand(['runs', '--data', dir]);
  expect(exitCode).toBe(1);
  return stderr;
}

describe('a data folder', () => {
  it('of a running server is named with the way to ask that server', async () => {
    const server = startTallyspan([
      'up',
      '--data',
      dir,
      '--port',
      '0',
      '--grpc-port',
      '0',
      '--http-port',
      '0',
    ]);
    await server.printed('tallyspan ready');
    expect(await messageFor()).toMatch(/in use by another process \(PID \d+\).*--url/);
    server.child.kill('SIGTERM');
    await server.ended;
  });

  it('with a damaged file is told with what to do', async () => {
    const file = path.join(dir, 'tallyspan.duckdb');
    writeFileSync(file, 'no database');
    const message = await messageFor();
    expect(message).toContain(`${file} is damaged, or no file of tallyspan`);
    expect(message).toContain('backup');
  });

  it('that may not be read is not said to be unwritable', async () => {
    const file = path.join(dir, 'tallyspan.duckdb');
    writeFileSync(file, '');
    chmodSync(file, 0o000);
    // The superuser may read everything.
    if (process.getuid?.() === 0) return;
    expect(await messageFor()).toContain('cannot be read: permission denied');
  });
});
