// The spool: each batch a file, taken by one process, bounded, beside whatever else lies there.

import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Spool } from '../../../instrumentation/deliver/spool.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'tallyspan-spool-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

it('a full spool drops the oldest, counts them, and keeps the newest', () => {
  const spool = new Spool(folder, 100);
  const write = (first: number): unknown => spool.write('logs', new Uint8Array(40).fill(first), 3);
  expect([write(1), write(2), write(3)]).toEqual([
    { isWritten: true, dropped: 0 },
    { isWritten: true, dropped: 0 },
    { isWritten: true, dropped: 3 },
  ]);
  expect([
    spool.take('logs').batch?.bytes[0],
    spool.take('logs').batch?.bytes[0],
    spool.take('logs').batch,
  ]).toEqual([2, 3, undefined]);
});

it('threads of a process that write at once lose nothing to one another', () => {
  const threads = [new Spool(folder), new Spool(folder), new Spool(folder)];
  for (const item of numbers(40)) for (const spool of threads) spool.write('logs', new Uint8Array([item]), 1);
  expect(readdirSync(folder)).toHaveLength(120);
  const written = numbers(120).map(() => new Spool(folder).take('logs').batch?.bytes[0]);
  expect(written.toSorted((a = 0, b = 0) => a - b)).toEqual(
    numbers(40).flatMap((item) => [item, item, item]),
  );
});

it('pipes, folders and foreign files in the spool hang nothing and stay', () => {
  const names = [
    '1-1-1.1.logs',
    `${String(Date.now())}-1-1.1.logs.claimed`,
    `${String(Date.now())}-2-1.1.logs`,
  ];
  for (const name of names) execFileSync('mkfifo', [path.join(folder, name)]);
  mkdirSync(path.join(folder, '2-1-1.1.logs'));
  writeFileSync(path.join(folder, 'notes.txt'), 'mine');
  const spool = new Spool(folder);
  expect(spool.write('logs', new Uint8Array([9]), 1)).toEqual({ isWritten: true, dropped: 0 });
  expect(spool.take('logs').batch?.bytes).toEqual(Buffer.from([9]));
  expect(spool.take('logs').batch).toBeUndefined();
  expect(readdirSync(folder)).toHaveLength(6);
});

it('a batch is taken from the spool by one process only', () => {
  const spool = new Spool(folder);
  spool.write('logs', new Uint8Array([1]), 1);
  spool.write('traces', new Uint8Array([2]), 1);
  expect(spool.take('logs').batch?.bytes).toEqual(Buffer.from([1]));
  expect(new Spool(folder).take('logs').batch).toBeUndefined();
  expect(new Spool(folder).take('traces').batch?.bytes).toEqual(Buffer.from([2]));
});

const DAY_MS = 86_400_000;

it('what waited for more than seven days goes and is counted, once and for its signal', () => {
  const put = (ageMs: number, end: string, touchedMs = 0): void => {
    const file = path.join(folder, `${String(Date.now() - ageMs)}-1-1.${end}`);
    writeFileSync(file, 'x');
    utimesSync(file, (Date.now() - touchedMs) / 1000, (Date.now() - touchedMs) / 1000);
  };
  put(8 * DAY_MS, '5.logs');
  put(9 * DAY_MS, '7.logs.claimed', DAY_MS);
  // On its way just now.
  put(10 * DAY_MS, '11.logs.claimed');
  put(11 * DAY_MS, '13.traces');
  put(6 * DAY_MS, '17.logs');
  const [one, other] = [new Spool(folder), new Spool(folder)];
  expect(one.take('logs')).toEqual({ expired: 12, batch: undefined });
  expect(other.take('logs')).toMatchObject({ expired: 0, batch: { count: 17 } });
  expect(other.take('traces')).toEqual({ expired: 13, batch: undefined });
  expect(readdirSync(folder)).toHaveLength(2);
});
