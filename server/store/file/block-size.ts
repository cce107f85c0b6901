// Block size: DuckDB lays a file down in blocks of one size for good. A file that an older version made in smaller ones is
// written into a new file once, when it is opened; it takes half the space then.

import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { messageOf } from '../../process/server-error.ts';
import {
  BLOCK_BYTES,
  DATABASE_NAME,
  attachSql,
  putInPlace,
  withMostMemory,
  writeCopy,
} from './attached-file.ts';
import { roomReason, roomText } from './disk-fault.ts';
import { makeTemporaryFile, removeTemporaryFile } from './leftovers.ts';

/**
 * Writes the file in blocks of today's size when it has others. Nobody else may be at work with it, and its log is empty:
 * what it held is in the file since it was attached. Where that fails, on a full disk, the file stays as it is and works as
 * before: why, for people.
 * @throws when the file cannot be attached again
 */
export async function renewBlocks(
  instance: DuckDBInstance,
  writer: DuckDBConnection,
  file: string,
): Promise<string | undefined> {
  const { blockBytes, usedBytes } = await sizeOf(writer);
  if (blockBytes === BLOCK_BYTES) return undefined;
  let copy: string | undefined;
  try {
    const target = (copy = makeTemporaryFile(file));
    await withMostMemory(writer, () => writeCopy(writer, target));
    await replaceAttached(instance, file, target);
    return undefined;
  } catch (error) {
    if (!(await isAttached(instance))) throw error;
    // What it takes is not counted as missing.
    if (copy !== undefined) removeTemporaryFile(copy);
    const reason = roomReason(messageOf(error));
    const why =
      reason === undefined
        ? (messageOf(error).split('\n')[0] ?? '')
        : `${reason}: ${roomText(file, usedBytes)}`;
    return `${file} stays in its older form, which takes twice the space: it could not be written again (${why}). It works as before; ${reason === undefined ? '' : 'free some, and '}the next start tries again.`;
  } finally {
    if (copy !== undefined) removeTemporaryFile(copy);
  }
}

async function sizeOf(connection: DuckDBConnection): Promise<{ blockBytes: number; usedBytes: number }> {
  const found = await connection.runAndReadAll(
    `SELECT block_size::DOUBLE, (used_blocks * block_size)::DOUBLE FROM pragma_database_size()
     WHERE database_name = current_database()`,
  );
  const [blockBytes, usedBytes] = found.getRows()[0] ?? [];
  return { blockBytes: Number(blockBytes), usedBytes: Number(usedBytes) };
}

async function replaceAttached(instance: DuckDBInstance, file: string, copy: string): Promise<void> {
  // No connection whose tables are those of the file can detach it.
  const connection = await instance.connect();
  try {
    await connection.run(`DETACH ${DATABASE_NAME}`);
    try {
      putInPlace(copy, file);
    } finally {
      await connection.run(attachSql(file, DATABASE_NAME, false));
    }
  } finally {
    connection.closeSync();
  }
}

async function isAttached(instance: DuckDBInstance): Promise<boolean> {
  const connection = await instance.connect();
  try {
    const found = await connection.runAndReadAll('SELECT 1 FROM duckdb_databases() WHERE database_name = ?', [
      DATABASE_NAME,
    ]);
    return found.currentRowCount > 0;
  } finally {
    connection.closeSync();
  }
}
