// A data folder that cannot be opened: what is said of it.

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openAppender } from '../../../server/append-events.ts';
import { startTallyspan } from '../../programs/started.ts';
import { sampleRun } from '../../server/web/sample-run.ts';
import { runCommand } from '../run-command.ts';

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

  it.each([
    ['no database', () => Buffer.from('no database')],
    ['cut', (whole: Buffer) => whole.subarray(0, whole.length - 20_000)],
    [
      'overwritten',
      (whole: Buffer) => Buffer.concat([whole.subarray(0, 20_000), Buffer.alloc(whole.length - 20_000, 7)]),
    ],
  ])('whose file is %s is told with what to do', async (_name, damage) => {
    const file = path.join(dir, 'tallyspan.duckdb');
    const appender = await openAppender(dir);
    await appender.append(sampleRun({ mark: 'a', endMs: Date.now() }));
    await appender.close();
    writeFileSync(file, damage(readFileSync(file)));
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
