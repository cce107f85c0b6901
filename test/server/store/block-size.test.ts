// A file in the blocks of an older version is written into today's when it is opened, and is as it was otherwise.

import { cpSync, readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { BLOCK_BYTES } from '../../../server/store/file/attached-file.ts';
import { openDatabaseReadOnly } from '../../../server/store/file/database.ts';
import { makeDataDir } from '../data-dir.ts';
import { describeWhere } from '../../fixtures/describe-where.ts';
import { canMountDisks, mountDisk, unmountDisk } from '../small-disk.ts';
import { blockBytesOf, useOldBlocks } from '../old-blocks.ts';
import { openTestStore } from '../test-store.ts';
import { sampleRun } from '../web/sample-run.ts';

const ROWS = 40_000;
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

describeWhere(
  canMountDisks(),
  'a full disk',
  'no small file system can be mounted here',
)('a full disk', () => {
  it('has the file as it was, which says why and takes what comes', async () => {
    const disk = mountDisk(`${Math.ceil((statSync(fileOf()).size * 1.3) / 1024)}k`) as string;
    try {
      cpSync(dataDir, path.join(disk, 'data'), { recursive: true });
      const opened = await openTestStore(path.join(disk, 'data'));
      const events = sampleRun({ mark: 'b', endMs: Date.now() });
      await opened.store.write({ events, spans: [] });
      const found = [await blockBytesOf(opened.database), opened.store.counters.eventsStored];
      await opened.database.close();
      expect(opened.database.recovery).toMatch(/stays in its older form.*no space is left on the disk/);
      expect(found).toEqual([16_384, events.length]);
      expect(readdirSync(path.join(disk, 'data')).filter((name) => name.includes('.tmp'))).toEqual([]);
    } finally {
      unmountDisk(disk);
    }
  });
});
