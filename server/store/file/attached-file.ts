// The data file is attached to an instance that has nothing else: only an attached file can have row groups
// of another size than DuckDB's.

import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { totalmem } from 'node:os';
import { dirname } from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { textSql } from '../../../signals/sql-text.ts';
import { messageOf } from '../../process/server-error.ts';

/** Name of the database in SQL. */
export const DATABASE_NAME = 'tallyspan';

/**
 * Rows of one group. A checkpoint compresses the last group again until it is full, and its columns are in memory
 * meanwhile: with the usual 122,880 rows that is most of the work of storing an event of dozens of columns.
 */
const ROWS_PER_ROW_GROUP = 16_384;

/**
 * Of a block. DuckDB packs 64-bit integers, which most columns are, only where 4,096 of them fit into one
 * (docs/decisions/0185).
 */
export const BLOCK_BYTES = 65_536;
/** What DuckDB may write: from this version on it compresses texts and what is missing better. */
const STORAGE_VERSION = 'v1.4.0';

/** For pages of the file and tables of a question, bytes; rows that wait for a checkpoint have theirs besides. */
const USUAL_BYTES = 64_000_000;
/** Of that, what is left to pages of the file when memory is given back; the system has them, too. */
const BYTES_LEFT = 16_000_000;

/**
 * For a moment, when that is too little to read a log, or to write a group of wide rows, as older versions made them: better
 * than not at all.
 */
const MOST_BYTES = Math.floor(totalmem() * 0.8);

/** For a reader of much, as long as it reads. */
export const LONG_MEMORY_SQL = limitSql(256_000_000);
/** For a file of many columns, as long as it is written. */
export const EXPORT_MEMORY_SQL = limitSql(384_000_000);

const SETTINGS = {
  default_block_size: String(BLOCK_BYTES),
  // Rows wait in memory, uncompressed, until the log is so long.
  checkpoint_threshold: '8MB',
  // A statement runs where it is called. Questions are answered side by side as they are; a second thread for each
  // costs more than it brings, in time and in memory.
  threads: '1',
  preserve_insertion_order: 'false',
  // DuckDB's own way to read few columns before many costs the list of runs more than it brings.
  late_materialization_max_rows: '0',
  autoinstall_known_extensions: 'false',
  // Memory that a burst took goes back to the system.
  allocator_background_threads: 'true',
};

/**
 * Opens the file, and makes it where there is none. `look` sees it before anything of it is changed.
 * @throws what DuckDB says, or `look`
 */
export async function attachFile(
  file: string,
  isReadOnly: boolean,
  look: (connection: DuckDBConnection) => Promise<void>,
): Promise<DuckDBInstance> {
  try {
    return await attachWith(file, isReadOnly, look, USUAL_BYTES);
  } catch (error) {
    if (!isOutOfMemory(error)) throw error;
    return attachWith(file, isReadOnly, look, MOST_BYTES);
  }
}

async function attachWith(
  file: string,
  isReadOnly: boolean,
  look: (connection: DuckDBConnection) => Promise<void>,
  memoryBytes: number,
): Promise<DuckDBInstance> {
  const settings = { ...SETTINGS, memory_limit: `${memoryBytes}B`, temp_directory: `${file}.tmp` };
  const instance = await DuckDBInstance.create(':memory:', settings);
  let connection: DuckDBConnection | undefined;
  try {
    connection = await instance.connect();
    const hasLog = existsSync(`${file}.wal`);
    // What `look` refuses stays as it is, its log too.
    await connection.run('PRAGMA disable_checkpoint_on_shutdown');
    await connection.run(attachSql(file, DATABASE_NAME, isReadOnly));
    await look(connection);
    await connection.run('PRAGMA enable_checkpoint_on_shutdown');
    // A checkpoint that fails later, for want of memory, leaves a file that cannot be used until it is attached again.
    if (hasLog && !isReadOnly) await connection.run(`CHECKPOINT ${DATABASE_NAME}`);
    if (memoryBytes !== USUAL_BYTES) await freeMemory(connection);
    connection.closeSync();
    return instance;
  } catch (error) {
    connection?.closeSync();
    instance.closeSync();
    throw error;
  }
}

/**
 * The statement that attaches a file under a name. One that there is keeps its storage version: DuckDB raises a lower one in
 * place and may give the file another identifier than its log knows, so that after a kill the two do not match
 * (docs/decisions/0237).
 */
export function attachSql(file: string, name: string, isReadOnly: boolean): string {
  const options = [
    // Else DuckDB looks for what reads the files of others.
    'TYPE duckdb',
    `ROW_GROUP_SIZE ${ROWS_PER_ROW_GROUP}`,
    ...(existsSync(file) ? [] : [`STORAGE_VERSION '${STORAGE_VERSION}'`]),
    ...(isReadOnly ? ['READ_ONLY'] : []),
  ];
  return `ATTACH ${textSql(file)} AS ${name} (${options.join(', ')})`;
}

/** Writes all of the file into a new one. */
export async function writeCopy(connection: DuckDBConnection, copy: string): Promise<void> {
  await connection.run(attachSql(copy, 'copied', false));
  try {
    await connection.run(`COPY FROM DATABASE ${DATABASE_NAME} TO copied`);
    await connection.run('CHECKPOINT copied');
  } finally {
    await connection.run('DETACH copied');
  }
}

/**
 * Puts a copy in the place of a file that is checkpointed, both detached. After a crash there is the old file or the new
 * one, whole.
 * @throws when the log holds something, which the copy may not have; then nothing is done
 */
export function putInPlace(copy: string, file: string): void {
  const log = `${file}.wal`;
  if (bytesOf(log) > 0) throw new Error(`${log} is not empty`);
  // It is of the old file.
  rmSync(log, { force: true });
  renameSync(copy, file);
  syncFolder(dirname(file));
}

/** What is committed from now on would be lost with the new name of the file. */
function syncFolder(folder: string): void {
  // Windows opens no folder; there a name is on disk when it is given.
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Does work with as much memory as it takes, and goes back to the usual limit. @throws what the work throws */
export async function withMostMemory<T>(connection: DuckDBConnection, work: () => Promise<T>): Promise<T> {
  await connection.run(limitSql(MOST_BYTES));
  try {
    return await work();
  } finally {
    await freeMemory(connection);
  }
}

/** Whether it failed for want of memory. */
export function isOutOfMemory(error: unknown): boolean {
  return /out of memory|failed to (pin|allocate) block/i.test(messageOf(error));
}

/** Length of a file; 0 when there is none. */
export function bytesOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** Which file stands at the path; undefined when none does. */
export function identityOf(file: string): string | undefined {
  const found = statSync(file, { throwIfNoEntry: false, bigint: true });
  return found === undefined ? undefined : `${found.dev}/${found.ino}`;
}

/**
 * Gives memory back. Not while anybody works with the file, who might then have too little. Rows that wait for a
 * checkpoint stay: they would be written to a file for each column, and read again by the next commit.
 */
export async function freeMemory(connection: DuckDBConnection): Promise<void> {
  const waiting = await bytesWaiting(connection);
  const usualSql = limitSql(USUAL_BYTES + waiting);
  // Both in one: nothing else is asked meanwhile.
  await connection.run(`${limitSql(BYTES_LEFT + waiting)}; ${usualSql}`).catch(async () => {
    // So much is in use: what was not is given back.
    await connection.run(usualSql).catch(() => undefined);
  });
}

/**
 * The usual limit. A table with rows that wait for a checkpoint keeps a block for each of its columns, which counts as
 * used and is mostly not touched: were the limit the same for all, a few events of every kind would leave no room to work,
 * and each commit would write blocks to the disk to read others.
 */
export async function setUsualMemory(connection: DuckDBConnection): Promise<void> {
  await connection.run(limitSql(USUAL_BYTES + (await bytesWaiting(connection))));
}

function limitSql(bytes: number): string {
  return `SET memory_limit = '${bytes}B'`;
}

/** None where there is too little memory to ask. */
async function bytesWaiting(connection: DuckDBConnection): Promise<number> {
  const sql = "SELECT sum(memory_usage_bytes)::DOUBLE FROM duckdb_memory() WHERE tag = 'IN_MEMORY_TABLE'";
  const found = await connection.runAndReadAll(sql).catch(() => undefined);
  return Number(found?.getRows()[0]?.[0] ?? 0);
}

/** A connection whose tables are those of the attached file. */
export async function connect(instance: DuckDBInstance): Promise<DuckDBConnection> {
  const connection = await instance.connect();
  await connection.run(`USE ${DATABASE_NAME}`);
  return connection;
}
