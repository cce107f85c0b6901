// Files that are not what they seem: links, pipes, lines and archives without end, folders that cannot be.

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  createWriteStream,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { encodeEvent } from '../../../core/event.ts';
import { PROGRAM, runTallyspan } from '../../programs/tallyspan.ts';
import { sampleRun } from '../../server/web/sample-run.ts';

const MEBIBYTE = 1024 * 1024;
const LINES = sampleRun({ mark: 'a', endMs: Date.now() - 1000 })
  .map((event) => `${encodeEvent(event)}\n`)
  .join('');
let dir: string;

beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'tallyspan-hostile-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

function* endless(megabytes: number, byte: number): Generator<Buffer> {
  const block = Buffer.alloc(MEBIBYTE, byte);
  for (let count = 0; count < megabytes; count++) yield block;
  yield Buffer.from(`\n${LINES}`);
}

describe('import', () => {
  it.each([
    ['a line of 700 MB', 700, 0x61, 1],
    ['a quarter of a gigabyte of nothing', 256, 0, 1],
    ['a quarter of a gigabyte of empty lines', 256, 0x0a, 0],
  ])(
    'of %s, packed, ends in bounded memory, with the lines after it',
    async (_what, megabytes, byte, skipped) => {
      const file = path.join(dir, 'bomb.gz');
      await pipeline(
        Readable.from(endless(megabytes, byte)),
        createGzip({ level: 1 }),
        createWriteStream(file),
      );
      const { exitCode, stdout, stderr } = await runTallyspan(
        ['import', file, '--json', '--data', path.join(dir, 'data')],
        { env: { NODE_OPTIONS: '--max-old-space-size=200' } },
      );
      expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
      expect(JSON.parse(stdout)).toMatchObject({ events: LINES.split('\n').length - 1, skipped });
    },
  );

  it('of a pipe that nobody writes to stops when it is asked to', async () => {
    const pipe = path.join(dir, 'pipe');
    spawnSync('mkfifo', [pipe]);
    const child = spawn(process.execPath, [PROGRAM, 'import', pipe, '--data', path.join(dir, 'data')]);
    const ended = once(child, 'exit');
    setTimeout(() => child.kill('SIGTERM'), 6000);
    expect(await ended).toEqual([143, null]);
  });

  it('of a pipe takes what is written to it', async () => {
    const pipe = path.join(dir, 'pipe');
    spawnSync('mkfifo', [pipe]);
    const imported = runTallyspan(['import', pipe, '--json', '--data', path.join(dir, 'data')]);
    await pipeline(Readable.from([LINES]), createWriteStream(pipe));
    expect(JSON.parse((await imported).stdout)).toMatchObject({ events: LINES.split('\n').length - 1 });
  });
});

describe('export and stack', () => {
  it('write through no link, and what is exported is for its owner', async () => {
    const data = path.join(dir, 'data');
    writeFileSync(path.join(dir, 'in.jsonl'), LINES);
    await runTallyspan(['import', path.join(dir, 'in.jsonl'), '--data', data]);
    const file = path.join(dir, 'out.jsonl');
    expect((await runTallyspan(['export', file, '--data', data])).exitCode).toBe(0);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const other = path.join(dir, 'other');
    writeFileSync(other, 'mine');
    const link = path.join(dir, 'link');
    symlinkSync(other, link);
    const refused = await runTallyspan(['export', link, '--data', data]);
    expect([refused.exitCode, refused.stderr]).toEqual([
      1,
      expect.stringContaining('is a link to another file'),
    ]);

    const stack = path.join(dir, 'stack');
    mkdirSync(stack);
    symlinkSync(other, path.join(stack, 'docker-compose.yml'));
    const forced = await runTallyspan(['stack', stack, '--force']);
    expect([forced.exitCode, forced.stderr]).toEqual([1, expect.stringContaining('is a link')]);
    rmSync(path.join(stack, 'docker-compose.yml'));
    const elsewhere = path.join(dir, 'elsewhere');
    mkdirSync(elsewhere);
    symlinkSync(elsewhere, path.join(stack, 'collector'));
    expect((await runTallyspan(['stack', stack, '--force'])).exitCode).toBe(1);
    expect(lstatSync(elsewhere).isDirectory()).toBe(true);
    expect(readFileSync(other, 'utf8')).toBe('mine');
  });
});

describe('a folder that cannot be', () => {
  it.each([
    ['up', '--data', '/proc/x', '--port', '0', '--grpc-port', '0', '--http-port', '0'],
    ['up', '--data', '/dev/null/x'],
    ['stack', '/proc/x'],
  ])(
    '%s %s %s is one line and exit 1',
    async (...args) => {
      const { exitCode, stderr } = await runTallyspan(args);
      expect([exitCode, stderr.trim().split('\n')]).toEqual([
        1,
        [expect.stringMatching(/^tallyspan: .*\/(proc|dev\/null)/)],
      ]);
    },
    20_000,
  );
});
