// Export: the stored events as a file that others can read. JSON lines are those of the daily file, so
// that they can be imported again; CSV and Parquet have the columns of the table.

import { createReadStream } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { DuckDBInstance } from '@duckdb/node-api';
import { columnOf } from '../../../core/columns.ts';
import { FIELDS, FIELD_KEYS, type EventName, type FieldKey } from '../../../core/schema.ts';
import { eventsSql } from '../../../signals/event-tables.ts';
import { instantSql, textSql } from '../../../signals/sql-text.ts';
import { OPEN_COLUMNS, SEALED_FIELDS } from '../../store/file/content-cipher.ts';
import {
  DATABASE_NAME,
  EXPORT_MEMORY_SQL,
  BLOCK_BYTES,
  LONG_MEMORY_SQL,
  attachSql,
  isOutOfMemory,
} from '../../store/file/attached-file.ts';
import type { Database, LongQueries } from '../../store/file/database.ts';
import { makeTemporaryFile, removeTemporaryFile } from '../../store/file/leftovers.ts';
import { exportLines } from './export-lines.ts';

export const EXPORT_FORMATS = ['jsonl', 'csv', 'parquet'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export interface ExportRequest {
  readonly format: ExportFormat;
  /** Unix milliseconds; events after it. */
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  /** Only these events; all when absent. */
  readonly names?: readonly EventName[] | undefined;
}

const ROWS_PER_GROUP = 6144;
/** For who does not stop before the end. */
const NEVER = new AbortController().signal;

/** The bytes of the file; JSON lines with the oldest event first, the others as stored. Nothing is held but one slice of time, or a temporary file beside the data. */
export async function* exportEvents(
  database: Database,
  request: ExportRequest,
  signal: AbortSignal = NEVER,
): AsyncGenerator<Uint8Array> {
  if (request.format === 'jsonl') {
    const reader = await database.readLong(signal);
    try {
      yield* exportLines(reader, withinSql(request), request.names);
    } finally {
      reader.end();
    }
    return;
  }
  // Small row groups: a wide one is held in memory until it is written.
  const options =
    request.format === 'csv'
      ? 'FORMAT csv, HEADER'
      : `FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${ROWS_PER_GROUP}`;
  const columns = request.format === 'csv' ? `* REPLACE (${textColumnsSql()})` : '*';
  yield* throughFile(database, signal, async (file, reader) => {
    const copySql = `COPY (SELECT ${columns} FROM (SELECT ${OPEN_COLUMNS} FROM ${eventsSql(FIELD_KEYS, request.names)} WHERE ${withinSql(request)})) TO ${textSql(file)} (${options})`;
    await reader.all(copySql).catch(async (error: unknown) => {
      if (!isOutOfMemory(error)) throw error;
      // A hundred columns of long texts: one export at a time may take more.
      await reader.all(EXPORT_MEMORY_SQL);
      try {
        await reader.all(copySql);
      } finally {
        await reader.all(LONG_MEMORY_SQL);
      }
    });
  });
}

/** A text that a spreadsheet would run as a formula gets an apostrophe in front, as the spreadsheet itself would write it. */
function textColumnsSql(): string {
  const sealed = new Set<FieldKey>(SEALED_FIELDS);
  return FIELD_KEYS.filter((key) => FIELDS[key].type === 'string' && !sealed.has(key))
    .map((key) => `"${columnOf(key)}"`)
    .map((column) => `regexp_replace(${column}, '^([=+@\\t\\r\\n-])', '''\\1') AS ${column}`)
    .join(', ');
}

/** The bytes of a database file with everything that is committed, while the server goes on. */
export async function* backupDatabase(
  database: Database,
  signal: AbortSignal = NEVER,
): AsyncGenerator<Uint8Array> {
  yield* throughFile(database, signal, async (file, reader) => {
    if (database.writer === undefined) return copyFolder(database.file, file);
    const name = `backup_${randomUUID().replaceAll('-', '')}`;
    await reader.all(attachSql(file, name, false));
    try {
      await reader.all(`COPY FROM DATABASE ${DATABASE_NAME} TO ${name}`);
    } finally {
      // Also when it was given up, or the file would stay open.
      await database.all(`DETACH ${name}`);
    }
  });
}

/** A database that is open for reading only can attach no other for writing: one in memory copies between them. */
async function copyFolder(from: string, to: string): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:', { default_block_size: String(BLOCK_BYTES) });
  try {
    const connection = await instance.connect();
    await connection.run(attachSql(from, 'source', true));
    await connection.run(attachSql(to, 'target', false));
    await connection.run('COPY FROM DATABASE source TO target');
    await connection.run('DETACH target');
    connection.closeSync();
  } finally {
    instance.closeSync();
  }
}

async function* throughFile(
  database: Database,
  signal: AbortSignal,
  write: (file: string, reader: LongQueries) => Promise<void>,
): AsyncGenerator<Uint8Array> {
  const reader = await database.readLong(signal);
  let file: string | undefined;
  try {
    file = makeTemporaryFile(database.file);
    await write(file, reader);
    // Whoever reads the file slowly keeps nobody from the next turn.
    reader.end();
    for await (const chunk of createReadStream(file, { signal })) yield chunk as Uint8Array;
  } finally {
    reader.end();
    if (file !== undefined) removeTemporaryFile(file);
  }
}

/** Which events, but for their names. */
function withinSql({ since, until }: ExportRequest): string {
  const conditions = [
    since === undefined ? undefined : `timestamp > ${instantSql(since)}`,
    until === undefined ? undefined : `timestamp <= ${instantSql(until)}`,
  ].filter((condition) => condition !== undefined);
  return conditions.length === 0 ? 'true' : conditions.join(' AND ');
}
