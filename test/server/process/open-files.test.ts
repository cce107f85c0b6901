// A process that may have few files open: connections leave the store its own, however many come, and what cannot be read
// meanwhile ends nothing.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { connectionsOfPort } from '../../../server/process/connections.ts';
import { residentBytes } from '../../../server/process/memory.ts';
import { diskReason } from '../../../server/store/file/disk-fault.ts';
import { describeWhere } from '../../fixtures/describe-where.ts';
import { PROGRAM } from '../../programs/tallyspan.ts';
import { JSON_TYPE, makeDataDir, post } from '../harness.ts';

let dataDir: string;

beforeEach(async () => {
  dataDir = await makeDataDir();
});

afterEach(() => rm(dataDir, { recursive: true, force: true }));

describe('few open files', () => {
  it.each([
    [Number.POSITIVE_INFINITY, 1000],
    [1024, 320],
    [64, 4],
  ])('a process that may have %d gives each port %d connections', (openFiles, connections) => {
    expect(connectionsOfPort(openFiles)).toBe(connections);
  });

  it('leave the size of the process unknown', () => {
    const rss = jest.spyOn(process.memoryUsage, 'rss').mockImplementation(() => {
      throw new Error('EMFILE: too many open files, uv_resident_set_memory');
    });
    expect(residentBytes()).toBeUndefined();
    rss.mockRestore();
    expect(residentBytes()).toBeGreaterThan(0);
  });

  it.each([
    ['Cannot open file "/data/tallyspan.duckdb.wal": Too many open files', 'too many files are open'],
    ['EROFS: read-only file system, open', 'the disk is mounted read-only'],
  ])('and other faults of a disk are said: %s', (message, reason) => {
    expect(diskReason(new Error(message))).toBe(reason);
  });
});

/** As a sender does it: one that gets a reset, since the server has not yet seen the others go, tries again. */
async function statusOfPost(address: string): Promise<number> {
  for (;;) {
    const answer = await post(address, '/v1/logs', '{"resourceLogs":[]}', JSON_TYPE).catch(() => undefined);
    if (answer !== undefined) return answer.status;
    await sleep(100);
  }
}

describeWhere(
  process.platform === 'linux',
  'the limit of open files',
  'ulimit is of other systems too, what it limits there is not the same',
)('a server that may have 64 files open', () => {
  it('stores what is sent while 120 connections do nothing, and ends when it is told to', async () => {
    const command = 'ulimit -n 64; exec "$0" "$@"';
    const args = [
      'up',
      '--data',
      dataDir,
      '--no-open',
      '--http-port',
      '0',
      '--grpc-port',
      '0',
      '--port',
      '0',
    ];
    const child = spawn('bash', ['-c', command, process.execPath, PROGRAM, ...args]);
    const ended = once(child, 'exit');
    const sockets: Socket[] = [];
    try {
      let said = '';
      for await (const text of child.stdout.setEncoding('utf8')) {
        said += text as string;
        if (said.includes('data=')) break;
      }
      const [, ui, http] = /ui=(\S+) .*otlp-http=(\S+)/.exec(said) ?? [];
      for (let count = 0; count < 120; count++) {
        const url = new URL(count % 2 === 0 ? `http://${http}` : `${ui}`);
        sockets.push(connect(Number(url.port), url.hostname).on('error', () => undefined));
      }
      // The process looks at its own memory each second.
      await sleep(3100);
      for (const socket of sockets) socket.destroy();
      expect(await statusOfPost(`${http}`)).toBe(200);
      expect(child.exitCode).toBeNull();
    } finally {
      for (const socket of sockets) socket.destroy();
      child.kill('SIGTERM');
    }
    expect(await ended).toEqual([0, null]);
  });
});
