// Outputs that nobody reads, or that cannot be written, are no reason for a crash.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startTallyspan } from '../../programs/started.ts';
import { PROGRAM } from '../../programs/tallyspan.ts';

const PORTS = ['--port', '0', '--grpc-port', '0', '--http-port', '0'];
const FULL_DEVICE = '/dev/full';
let dir: string;

beforeAll(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'tallyspan-closed-'));
});
afterAll(() => {
  rmSync(dir, { recursive: true, force: true });
});

describe('an output that was closed', () => {
  it('does not end a server', async () => {
    const server = startTallyspan(['up', '--data', path.join(dir, 'up'), ...PORTS]);
    server.child.stderr?.destroy();
    await server.printed('ui=');
    server.child.stdout?.destroy();
    server.child.kill('SIGTERM');
    expect(await server.ended).toMatchObject({ exitCode: 0 });
  });

  it('ends a question quietly', async () => {
    const command = startTallyspan(['signals']);
    command.child.stdout?.destroy();
    expect(await command.ended).toMatchObject({ exitCode: 0, stderr: '' });
  });

  it('is told in one line where it cannot be written', () => {
    if (!existsSync(FULL_DEVICE)) return;
    const full = openSync(FULL_DEVICE, 'w');
    const { status, stderr } = spawnSync(process.execPath, [PROGRAM, 'signals'], {
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
    });
    closeSync(full);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^tallyspan: standard output could not be written: .*ENOSPC.*\n$/);
  });
});
