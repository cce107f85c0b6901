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
import { diskReason } from './disk-fault.ts';
import { makeTemporaryFile, removeTemporaryFile } from './leftovers.ts';

/**
 * Writes the file in blocks of today's size when it has others. Nobody else may be at work with it. Where that fails, on a
 * full disk, the file stays as it is and works as before: why, for people.
 * @throws when the file cannot be attached again
 */
export async function renewBlocks(
  instance: DuckDBInstance,
  writer: DuckDBConnection,
  file: string,
): Promise<string | undefined> {
  if ((await blockBytesOf(writer)) === BLOCK_BYTES) return undefined;
  let copy: string | undefined;
  try {
    const target = (copy = makeTemporaryFile(file));
    // What is in the log is copied as well: a checkpoint on a full disk would leave a file that cannot be used.
    await withMostMemory(writer, () => writeCopy(writer, target));
    await replaceAttached(instance, file, target);
    return undefined;
  } catch (error) {
    if (!(await isAttached(instance))) throw error;
    const reason = diskReason(error) ?? messageOf(error).split('\n')[0] ?? '';
    return `${file} stays in its older form, which takes twice the space: it could not be written again (${reason}). The next start tries again.`;
  } finally {
    if (copy !== undefined) removeTemporaryFile(copy);
  }
}

async function blockBytesOf(connection: DuckDBConnection): Promise<number> {
  const found = await connection.runAndReadAll(
    'SELECT block_size::INTEGER FROM pragma_database_size() WHERE database_name = current_database()',
  );
  return Number(found.getRows()[0]?.[0]);
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
