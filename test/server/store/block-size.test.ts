// A file in the blocks of an older version is written into today's when it is opened, and is as it was otherwise.

import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { DuckDBConnection } from '@duckdb/node-api';
import { BLOCK_BYTES, putInPlace } from '../../../server/store/file/attached-file.ts';
import { openDatabase, openDatabaseReadOnly, type Database } from '../../../server/store/file/database.ts';
import { makeDataDir } from '../data-dir.ts';
import { describeWhere } from '../../fixtures/describe-where.ts';
import { canMountDisks, mountDisk, unmountDisk } from '../small-disk.ts';
import { blockBytesOf, useOldBlocks } from '../old-blocks.ts';
import { openTestStore } from '../test-store.ts';
import { sampleRun } from '../web/sample-run.ts';

const ROWS = 40_000;
const NOTES = 2000;
/** What DuckDB writes first into a file: its version and identifier. */
const HEAD_BYTES = 4096;
let dataDir: string;

beforeEach(async () => {
  dataDir = await makeDataDir();
  const opened = await openTestStore(dataDir);
  await opened.store.write({ events: sampleRun({ mark: 'a', endMs: Date.now() }), spans: [] });
  await opened.store.exclusively(async (writer) => {
    await writer.run(
      `INSERT INTO agent_tool_cost BY NAME SELECT make_timestamptz((1795000000000 + range) * 1000) AS timestamp,
         'run-' || range // 50 AS agent_run_id, 1000 + range % 900 AS cost_nano_usd, 40 + range % 60 AS tokens FROM range(${ROWS})`,
    );
  });
  await opened.database.close();
  await useOldBlocks(dataDir);
});

afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const fileOf = (): string => path.join(dataDir, 'tallyspan.duckdb');

async function insertNotes(connection: DuckDBConnection): Promise<void> {
  await connection.run(
    `INSERT INTO agent_note BY NAME SELECT make_timestamptz((1795000000000 + range) * 1000) AS timestamp,
       uuid()::VARCHAR AS agent_note_text FROM range(${NOTES})`,
  );
}

/** Notes of {@link insertNotes}. */
async function countNotes(database: Database): Promise<number> {
  const [row] = await database.all('SELECT count(*) AS n FROM agent_note WHERE length(agent_note_text) = 36');
  return Number(row?.['n']);
}

/** Sums of all that is in the file. */
async function readAll(database: { all(sql: string): Promise<unknown> }): Promise<unknown> {
  return database.all(
    `SELECT event_name, count(*) AS n, sum(cost_nano_usd) AS cost, sum(hash(timestamp, agent_run_id, trace_id, span_id)) AS h
     FROM events GROUP BY 1 ORDER BY 1`,
  );
}

it('takes less space then, and has the same rows', async () => {
  const before = await openDatabaseReadOnly(dataDir);
  expect(await blockBytesOf(before)).toBe(16_384);
  const rows = await readAll(before);
  await before.close();
  const oldBytes = statSync(fileOf()).size;
  const opened = await openTestStore(dataDir);
  expect(await blockBytesOf(opened.database)).toBe(BLOCK_BYTES);
  expect(await readAll(opened.database)).toEqual(rows);
  expect(opened.database.recovery).toBeUndefined();
  await opened.store.write({ events: sampleRun({ mark: 'b', endMs: Date.now() }), spans: [] });
  await opened.database.close();
  expect(statSync(fileOf()).size).toBeLessThan(oldBytes * 0.75);
  expect(statSync(fileOf()).mode & 0o077).toBe(0);
  expect(readdirSync(dataDir).filter((name) => !/^tallyspan\.duckdb$/.test(name))).toEqual([]);
});

it('has what stood in its log alone', async () => {
  await useOldBlocks(dataDir, undefined, insertNotes);
  expect(statSync(`${fileOf()}.wal`).size).toBeGreaterThan(10_000);
  const opened = await openTestStore(dataDir);
  expect(await blockBytesOf(opened.database)).toBe(BLOCK_BYTES);
  expect(await countNotes(opened.database)).toBe(NOTES);
  await opened.database.close();
  expect(readdirSync(dataDir)).toEqual(['tallyspan.duckdb']);
});

it('is read as it is where nothing may be written', async () => {
  const database = await openDatabaseReadOnly(dataDir);
  const [row] = await database.all(
    "SELECT count(*) AS n FROM agent_tool_cost WHERE agent_run_id LIKE 'run-%'",
  );
  expect(row?.['n']).toBe(ROWS);
  await database.close();
  const again = await openDatabaseReadOnly(dataDir);
  expect(await blockBytesOf(again)).toBe(16_384);
  await again.close();
});

it('is left as it is by a version that is older than its format', async () => {
  await useOldBlocks(dataDir, (connection) =>
    connection.run('INSERT INTO tallyspan_format VALUES (1000, now())').then(() => undefined),
  );
  const bytes = readFileSync(fileOf());
  await expect(openDatabase(dataDir)).rejects.toThrow(/newer tallyspan.*stays as it is/);
  expect(readFileSync(fileOf()).equals(bytes)).toBe(true);
});

it('keeps its log when that is not empty after all', () => {
  const [copy, file] = [path.join(dataDir, 'copy'), path.join(dataDir, 'file')];
  for (const name of [copy, file, `${file}.wal`]) writeFileSync(name, path.basename(name));
  expect(() => {
    putInPlace(copy, file);
  }).toThrow('file.wal is not empty');
  expect([file, `${file}.wal`].map((name) => readFileSync(name, 'utf8'))).toEqual(['file', 'file.wal']);
});

describeWhere(
  canMountDisks(),
  'a full disk',
  'no small file system can be mounted here',
)('a full disk', () => {
  it('has the file as it was, which says why and takes what comes', async () => {
    const { size } = statSync(fileOf());
    const disk = mountDisk(`${Math.ceil((size * 3) / 1024)}k`) as string;
    try {
      const ballast = path.join(disk, 'ballast');
      writeFileSync(ballast, Buffer.alloc(size * 1.7));
      cpSync(dataDir, path.join(disk, 'data'), { recursive: true });
      const head = readFileSync(fileOf()).subarray(0, HEAD_BYTES);
      const opened = await openTestStore(path.join(disk, 'data'));
      const events = sampleRun({ mark: 'b', endMs: Date.now() });
      await opened.store.write({ events, spans: [] });
      const found = [await blockBytesOf(opened.database), opened.store.counters.eventsStored];
      rmSync(ballast);
      await opened.database.close();
      expect(opened.database.recovery).toMatch(
        /stays in its older form.*no space is left on the disk: up to \d+\.\d MB are needed, \d+\.\d MB are free.*free some/,
      );
      expect(found).toEqual([16_384, events.length]);
      expect(readdirSync(path.join(disk, 'data')).filter((name) => name.includes('.tmp'))).toEqual([]);
      // A file of another version and identifier would not match the log that it has after a kill.
      expect(readFileSync(path.join(disk, 'data/tallyspan.duckdb')).subarray(0, HEAD_BYTES)).toEqual(head);
    } finally {
      unmountDisk(disk);
    }
  });

  it('keeps the log that does not go into the file, also one whose end was cut, until there is room', async () => {
    await useOldBlocks(dataDir, undefined, insertNotes);
    // A commit that nobody was told of.
    appendFileSync(`${fileOf()}.wal`, Buffer.alloc(40, 1));
    const disk = mountDisk('40m') as string;
    try {
      const folder = path.join(disk, 'data');
      cpSync(dataDir, folder, { recursive: true });
      // What a killed process left is no reason: it makes room.
      const left = path.join(folder, 'tallyspan.duckdb.0b9a8a5e-6a55-4a6e-9d5c-6f1d2a3b4c5d.tmp');
      const fill = (name: string): void => {
        const { bavail, bsize } = statfsSync(disk);
        writeFileSync(name, Buffer.alloc(bavail * bsize));
      };
      fill(path.join(disk, 'ballast'));
      for (let start = 0; start < 3; start++)
        await expect(openDatabase(folder)).rejects.toThrow(
          /no space is left on the disk, and what .*wal holds.*up to \d+\.\d MB are needed, 0\.0 MB are free.*nothing is lost/,
        );
      expect(readdirSync(folder).toSorted()).toEqual(['tallyspan.duckdb', 'tallyspan.duckdb.wal']);
      rmSync(path.join(disk, 'ballast'));
      mkdirSync(left);
      fill(path.join(left, 'file'));
      const opened = await openTestStore(folder);
      expect(await countNotes(opened.database)).toBe(NOTES);
      expect(await blockBytesOf(opened.database)).toBe(BLOCK_BYTES);
      await opened.database.close();
    } finally {
      unmountDisk(disk);
    }
  });
});
