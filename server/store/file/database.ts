// A database is the one DuckDB file of a data folder. One process writes it; the file's lock says so.
// Reading goes through connections of their own, so that a slow question never holds up intake.

import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DuckDBConnection, DuckDBDataChunk, DuckDBInstance, DuckDBValue } from '@duckdb/node-api';
import type { EventColumns } from '../../../core/columns.ts';
import { leaveNativeBytes } from '../../process/memory.ts';
import { ServerError, messageOf } from '../../process/server-error.ts';
import {
  DATABASE_NAME,
  attachFile,
  attachSql,
  bytesOf,
  connect,
  freeMemory,
  identityOf,
  isOutOfMemory,
  putInPlace,
  setUsualMemory,
  withMostMemory,
} from './attached-file.ts';
import { renewBlocks } from './block-size.ts';
import { FileGoneError, diskReason, isInvalidated, roomReason, roomText } from './disk-fault.ts';
import { removeCopies, removeLeftovers, removeUnbegun } from './leftovers.ts';
import { mendLog, setLogAside } from './write-ahead-log.ts';
import { checkFormat, isOfToday, migrate } from './migrations.ts';
import { keepFilesPrivate, makePrivate, makePrivateFolder } from './private-files.ts';
import { ReaderPool } from './reader-pool.ts';

/**
 * One row of an answer: integers as numbers, times as `Date`, lists as arrays, no value as `null`. Columns of events
 * have the types of their fields; what a statement names itself is unknown until it is looked at.
 */
export type DatabaseRow = EventColumns & Readonly<Record<string, unknown>>;

export type SqlValues = readonly DuckDBValue[] | Readonly<Record<string, DuckDBValue>>;

/** The texts of a value that holds them as a JSON list, for `IN`. */
export function textsSql(parameter: string): string {
  return `(SELECT unnest(from_json(${parameter}, '["VARCHAR"]')))`;
}

/** What the query functions need: something that answers SQL. */
export interface Queryable {
  /**
   * Values are positional (`?`) in an array or named (`$name`) in an object.
   * @throws when the statement fails or takes longer than the limit
   */
  all(sql: string, values?: SqlValues): Promise<DatabaseRow[]>;
}

/** For answers that are too long to be held as rows. */
export interface ChunkQueryable extends Queryable {
  /**
   * Hands over the answer in chunks of up to some thousand rows, column by column as the database holds them;
   * between chunks others have their turn.
   * @throws when the statement fails or takes longer than the limit
   */
  readChunks(sql: string, values: SqlValues, take: (chunk: DuckDBDataChunk) => void): Promise<void>;
}

/** Questions that may take as long as they need. */
export interface LongQueries extends ChunkQueryable {
  end(): void;
}

export interface Database extends ChunkQueryable {
  readonly file: string;
  /** The only connection that writes. Absent when opened read-only. */
  readonly writer: DuckDBConnection | undefined;
  /**
   * A connection for what takes long, such as a backup: one at a time, without a limit of time, beside all questions. Whoever
   * has it ends it; `signal` gives it up.
   * @throws ReadersBusyError when too many wait for their turn
   */
  readLong(signal: AbortSignal): Promise<LongQueries>;
  /** Resolves as soon as nobody is reading. */
  settleReaders(): Promise<void>;
  /** Gives what waits for a checkpoint its memory beside that of everything else; after a commit. */
  giveRoom(): Promise<void>;
  /** Gives memory back if nobody is reading. Call it where nobody is writing. */
  freeMemory(): Promise<void>;
  /**
   * Puts a copy in the place of the file, between two answers. Call it where nobody is writing. False, and nothing is
   * done, when somebody goes on reading for so long.
   */
  replaceFile(copy: string, patienceMs: number): Promise<boolean>;
  /**
   * Attaches the file again when the error says that it cannot be used as it is, which is how a full disk leaves it.
   * Call it where nobody is writing. @throws when that does not work either
   */
  reattachAfter(error: unknown): Promise<void>;
  /**
   * Looks whether the file that is open still is the one at its path.
   * @throws FileGoneError when it was deleted or another was put in its place
   */
  checkPlace(): void;
  /** What was found damaged when the file was opened, and what became of it, or what could not be renewed; for people. */
  readonly recovery: string | undefined;
  close(): Promise<void>;
}

export const DATA_FILE = 'tallyspan.duckdb';
/** It takes half a millisecond. */
const ROOM_EVERY_MS = 200;
const ROWS_PER_CHUNK = 2048;
/** A chunk has room for all its rows, however few it has; a value takes up to 16 bytes, its text not counted. */
const BYTES_PER_COLUMN = ROWS_PER_CHUNK * 16;

/** Files open in this process: the file lock does not guard a process against itself. */
const openFiles = new Set<string>();

/**
 * Opens the folder for reading and writing, making it when it is missing.
 * @throws ServerError when the folder cannot be written, is in use, or is newer than this version
 */
export async function openDatabase(dataDir: string): Promise<Database> {
  const folder = resolve(dataDir);
  try {
    makePrivateFolder(folder);
  } catch (error) {
    throw new ServerError(
      `cannot make the data folder ${folder} (${messageOf(error)}). Choose another with --data.`,
    );
  }
  const file = join(folder, DATA_FILE);
  const endPrivacy = keepFilesPrivate();
  let instance: DuckDBInstance | undefined;
  let writer: DuckDBConnection | undefined;
  try {
    removeUnbegun(file);
    const mended = mendLog(file);
    let recovery = mended;
    try {
      instance = await openInstance(file, false);
    } catch (error) {
      // What is left of the log builds on what is lost: better without it than not at all. Where the disk is full, or another
      // process has the file, the log is as good as it was.
      if (mended === undefined || !/replaying WAL/i.test(messageOf(error))) throw error;
      recovery = `${mended} ${setLogAside(file)}`;
      instance = await openInstance(file, false);
    }
    const connection = (writer = await connect(instance));
    makePrivate([file, `${file}.wal`]);
    removeLeftovers(file);
    // Before the tables are brought to today's form, which then has less to write.
    const renewal = await renewBlocks(instance, writer, file);
    // The tables stand in the file then, and the log has nothing but rows.
    if (await migrate(writer, file)) await withMostMemory(connection, () => connection.run('CHECKPOINT'));
    if (renewal !== undefined) recovery = recovery === undefined ? renewal : `${recovery} ${renewal}`;
    const database = await databaseOf(instance, file, writer, recovery);
    return { ...database, close: () => database.close().finally(endPrivacy) };
  } catch (error) {
    endPrivacy();
    // An instance that has a connection keeps the file open.
    writer?.closeSync();
    instance?.closeSync();
    if (instance !== undefined) openFiles.delete(file);
    throw error instanceof ServerError ? error : new ServerError(explainOpen(file, messageOf(error), false));
  }
}

/**
 * Opens the folder for reading, while no server has it.
 * @throws ServerError when there is no data, or a server has it
 */
export async function openDatabaseReadOnly(dataDir: string): Promise<Database> {
  const file = join(resolve(dataDir), DATA_FILE);
  let instance = await openInstance(file, true);
  try {
    const probe = await connect(instance);
    const canBeRead = await isOfToday(probe, file).finally(() => probe.closeSync());
    if (!canBeRead) {
      // An older file has to be brought to today's form before it can be read.
      instance.closeSync();
      openFiles.delete(file);
      await (await openDatabase(dataDir)).close();
      instance = await openInstance(file, true);
    }
    return await databaseOf(instance, file, undefined);
  } catch (error) {
    instance.closeSync();
    openFiles.delete(file);
    throw error;
  }
}

async function openInstance(file: string, isReadOnly: boolean): Promise<DuckDBInstance> {
  if (openFiles.has(file))
    throw new ServerError(`${file} is already open in this process. Stop the other server first.`);
  openFiles.add(file);
  try {
    return await attachFile(file, isReadOnly, async (connection) => {
      await checkFormat(connection, file);
      // What is in the log may need the room.
      if (!isReadOnly) removeCopies(file);
    });
  } catch (error) {
    openFiles.delete(file);
    if (error instanceof ServerError) throw error;
    throw new ServerError(explainOpen(file, messageOf(error), isReadOnly));
  }
}

function explainOpen(file: string, reason: string, isReadOnly: boolean): string {
  const pid = /\(PID (\d+)\)/.exec(reason)?.[1];
  if (/(?:set|conflicting) lock/i.test(reason)) {
    const user = `${file} is in use by another process${pid === undefined ? '' : ` (PID ${pid})`}`;
    return isReadOnly
      ? `${user}. If that is a tallyspan server, ask it: --url with the address of its page, such as http://127.0.0.1:4319. Else stop it, or choose another folder with --data.`
      : `${user}. Stop it, or choose another folder with --data.`;
  }
  const disk = roomReason(reason);
  if (disk !== undefined) {
    const logBytes = bytesOf(`${file}.wal`);
    return logBytes === 0
      ? `${file} cannot be opened: ${disk}. Free some, or choose another folder with --data.`
      : `${file} cannot be opened: ${disk}, and what ${file}.wal holds has to be moved to it: ${roomText(file, logBytes)}. Free some and start again; nothing is lost as long as both stay.`;
  }
  if (/WAL does not match|WAL checkpoint iteration/i.test(reason))
    return `${file}.wal belongs to another data file than ${file}, or to it at another time, as when one of the two was put back alone. Put both back, or move the log away: what only the log holds is missing then.`;
  if (/permission denied/i.test(reason))
    return `${file} cannot be ${isReadOnly ? 'read' : 'written'}: permission denied. Change its owner or its rights, or choose another folder with --data.`;
  if (/read-only file system|EROFS/i.test(reason))
    return `${file} cannot be written: the disk is mounted read-only. What only reads, such as \`tallyspan cost --data\`, works there; else mount it for writing, or choose another folder with --data.`;
  if (/too many open files|EMFILE|ENFILE/i.test(reason))
    return `${file} cannot be opened: too many files are open. Raise the limit (\`ulimit -n 1024\`, LimitNOFILE= of systemd).`;
  if (/does not exist/i.test(reason))
    return `there is no data at ${file}. Start \`tallyspan up\`, or name the folder with --data.`;
  if (/newer version/i.test(reason))
    return `${file} was written by a newer tallyspan. Upgrade tallyspan, or choose another folder with --data.`;
  const line = reason.split('\n')[0] ?? '';
  if (/not a valid duckdb|corrupt|checksum|enough bytes|serializ|INTERNAL/i.test(reason))
    return `${file} is damaged, or no file of tallyspan (${line}). Put a backup in its place (docs/server.md), or move it away: \`tallyspan up\` then begins a new one, and \`tallyspan import\` brings back what was exported.`;
  return `cannot open ${file}: ${line}`;
}

async function databaseOf(
  instance: DuckDBInstance,
  file: string,
  writer: DuckDBConnection | undefined,
  recovery?: string,
): Promise<Database> {
  const readers = await ReaderPool.open(instance);
  let isAttached = true;
  let roomGivenMs = -Infinity;
  let identity = identityOf(file);

  function checkPlace(): void {
    if (identityOf(file) !== identity) throw new FileGoneError();
  }

  /** Attaches the file again; `replace` may put another in its place meanwhile. Nobody may be at work. */
  async function reattach(replace?: () => void, withCheckpoint = false): Promise<void> {
    // To attach a file that is gone would make an empty one.
    checkPlace();
    // No connection whose tables are those of the file can detach it.
    const connection = await instance.connect();
    try {
      if (isAttached) await connection.run(`DETACH ${DATABASE_NAME}`);
      replace?.();
    } catch (error) {
      // A file that cannot be written says so, and is detached all the same.
      if (replace !== undefined) throw error;
    } finally {
      isAttached = false;
      await withMostMemory(connection, async () => {
        await connection.run(attachSql(file, DATABASE_NAME, false));
        // What did not fit into the usual memory must not have to do so at the next commit.
        if (withCheckpoint) await connection.run(`CHECKPOINT ${DATABASE_NAME}`);
      })
        .then(() => (isAttached = true))
        .finally(() => connection.closeSync());
      identity = identityOf(file);
    }
  }

  return {
    file,
    writer,
    recovery,
    checkPlace,
    ...queriesBy((work, canRepeat) => readers.use(work, canRepeat)),
    async readLong(signal) {
      const reader = await readers.readLong(signal);
      return { ...queriesBy((work) => reader.use(work)), end: () => reader.end() };
    },
    settleReaders: () => readers.settle(),
    async giveRoom() {
      const now = performance.now();
      if (writer === undefined || !readers.hasUsualMemory || now < roomGivenMs + ROOM_EVERY_MS) return;
      roomGivenMs = now;
      await setUsualMemory(writer);
    },
    async freeMemory() {
      await readers.workIfIdle(freeMemory);
    },
    async replaceFile(copy, patienceMs) {
      await Promise.race([readers.settle(), sleep(patienceMs, undefined, { ref: false })]);
      return readers.workIfIdle(async () => {
        checkPlace();
        await writer?.run('CHECKPOINT');
        await reattach(() => putInPlace(copy, file));
      });
    },
    async reattachAfter(error) {
      if (writer !== undefined && (!isAttached || isInvalidated(error)))
        await readers.workAlone(() => reattach(undefined, isOutOfMemory(error)));
    },
    async close() {
      readers.interrupt();
      try {
        if (writer === undefined) return;
        await withMostMemory(writer, () => writer.run('CHECKPOINT'));
        checkPlace();
      } catch (error) {
        if (error instanceof FileGoneError)
          throw new ServerError(
            `${file} was deleted or replaced while the server ran: nothing was stored in it since that was noticed, and what was stored before is in the file that is gone.`,
          );
        throw new ServerError(
          `what ${file}.wal holds could not be moved to ${file}: ${diskReason(error) ?? messageOf(error)}. Nothing is lost as long as both stay: the next start reads them, and moves it.`,
        );
      } finally {
        writer?.closeSync();
        readers.close();
        instance.closeSync();
        openFiles.delete(file);
      }
    },
  };
}

/** Answers by a connection that `use` lends. */
function queriesBy(
  use: <T>(work: (connection: DuckDBConnection) => Promise<T>, canRepeat?: () => boolean) => Promise<T>,
): ChunkQueryable {
  return {
    all: (sql, values = []) =>
      use(
        async (connection) => {
          const answer = await connection.runAndReadAll(sql, boundOf(values));
          const rows = answer.getRowObjectsJS().map(plainRow);
          const chunks = 1 + Math.ceil(rows.length / ROWS_PER_CHUNK);
          leaveNativeBytes(answer.columnCount * BYTES_PER_COLUMN * chunks);
          return rows;
        },
        () => true,
      ),
    readChunks(sql, values, take) {
      let isTaken = false;
      return use(
        async (connection) => {
          // Streamed: V8 would keep the whole of an answer long after its last chunk.
          const answer = await connection.stream(sql, boundOf(values));
          for await (const chunk of answer) {
            isTaken = true;
            take(chunk);
            leaveNativeBytes(chunk.columnCount * BYTES_PER_COLUMN);
          }
        },
        () => !isTaken,
      );
    },
  };
}

/** Undefined where there are none: a statement with values is prepared first. */
function boundOf(values: SqlValues): DuckDBValue[] | Record<string, DuckDBValue> | undefined {
  if (Object.keys(values).length === 0) return undefined;
  return values as DuckDBValue[] | Record<string, DuckDBValue>;
}

/** The row itself, which nobody else has: rows are wide, and most of their values are plain. */
function plainRow(row: Record<string, unknown>): DatabaseRow {
  for (const key in row) {
    const value = row[key];
    if (typeof value === 'bigint' || Array.isArray(value)) row[key] = plainValue(value);
  }
  return row;
}

function plainValue(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(plainValue);
  return value;
}
