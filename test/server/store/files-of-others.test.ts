// What stands where the data file belongs, and is none of ours: it is refused by name, and not changed.

import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { DuckDBInstance } from '@duckdb/node-api';
import { openDatabase, openDatabaseReadOnly } from '../../../server/store/file/database.ts';
import { makeDataDir } from '../data-dir.ts';

let dataDir: string;
let file: string;

beforeEach(async () => {
  dataDir = await makeDataDir();
  file = path.join(dataDir, 'tallyspan.duckdb');
});

afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

/** Bytes of each file of the folder. */
function contents(): Record<string, string> {
  const names = readdirSync(dataDir).toSorted();
  return Object.fromEntries(names.map((name) => [name, readFileSync(path.join(dataDir, name), 'base64')]));
}

/** A file of DuckDB with rows in it and in its log. */
async function writeDuckDb(target: string, statements: readonly string[]): Promise<void> {
  const instance = await DuckDBInstance.create(target);
  const connection = await instance.connect();
  await connection.run('PRAGMA disable_checkpoint_on_shutdown');
  for (const statement of statements) await connection.run(statement);
  connection.closeSync();
  instance.closeSync();
}

it.each([
  ['tables', 'CREATE TABLE orders AS SELECT range AS id FROM range(1000)'],
  ['views', 'CREATE VIEW orders AS SELECT 1 AS id'],
])('a DuckDB file of another program with %s is refused and stays as it is', async (_name, create) => {
  await writeDuckDb(file, [create, 'CHECKPOINT', 'CREATE TABLE more AS SELECT range AS id FROM range(1000)']);
  const before = contents();
  expect(Object.keys(before)).toEqual(['tallyspan.duckdb', 'tallyspan.duckdb.wal']);
  for (const open of [openDatabase, openDatabaseReadOnly])
    await expect(open(dataDir)).rejects.toThrow(/is a DuckDB file of another program, and stays as it is/);
  expect(contents()).toEqual(before);
});

it.each([
  ['text', 'a,b\n1,2\n'],
  ['SQLite', `SQLite format 3\0${'\0'.repeat(8176)}`],
])('a file of %s is said to be none of ours', async (_name, content) => {
  writeFileSync(file, content);
  await expect(openDatabase(dataDir)).rejects.toThrow('is damaged, or no file of tallyspan');
  expect(readFileSync(file, 'latin1')).toBe(content);
});

it('a log whose data file is gone is kept when a new file is made', async () => {
  writeFileSync(`${file}.wal`, 'what was acknowledged');
  const database = await openDatabase(dataDir);
  expect(database.recovery).toMatch(/is the log of a data file that is not there: it is kept as/);
  await database.close();
  const kept = readdirSync(dataDir).find((name) => name.includes('.wal.unread-')) ?? '';
  expect(readFileSync(path.join(dataDir, kept), 'utf8')).toBe('what was acknowledged');
});

it('a log of another data file is named, and both stay', async () => {
  await (await openDatabase(dataDir)).close();
  const other = await makeDataDir();
  const running = await openDatabase(other);
  await running.writer?.run('INSERT INTO agent_note BY NAME SELECT now() AS timestamp');
  writeFileSync(`${file}.wal`, readFileSync(path.join(other, 'tallyspan.duckdb.wal')));
  await running.close();
  rmSync(other, { recursive: true, force: true });
  const before = contents();
  await expect(openDatabase(dataDir)).rejects.toThrow(/wal belongs to another data file than/);
  expect(contents()).toEqual(before);
});

it('a log in a later form of DuckDB is left to it', async () => {
  const database = await openDatabase(dataDir);
  await database.writer?.run('INSERT INTO agent_note BY NAME SELECT now() AS timestamp');
  const log = readFileSync(`${file}.wal`);
  await database.close();
  log[5] = 9;
  writeFileSync(`${file}.wal`, log);
  const before = contents();
  await expect(openDatabase(dataDir)).rejects.toThrow(/WAL of version 9/);
  expect(contents()).toEqual(before);
});
