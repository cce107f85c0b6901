// A data file as older versions made it: in blocks of 16 KB, with the compression of an older DuckDB.

import { renameSync } from 'node:fs';
import path from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { tableOf } from '../../core/columns.ts';
import { EVENT_NAMES } from '../../core/schema.ts';

const OLD_BLOCK_BYTES = '16384';

/**
 * Puts the file of a folder, which nobody has open, into old blocks; `change` may change what is in it. What `commit` commits
 * stands in the log alone, as when the process was killed.
 */
export async function useOldBlocks(
  dataDir: string,
  change: (connection: DuckDBConnection) => Promise<void> = () => Promise.resolve(),
  commit?: (connection: DuckDBConnection) => Promise<void>,
): Promise<void> {
  const file = path.join(dataDir, 'tallyspan.duckdb');
  const old = `${file}.old`;
  const instance = await DuckDBInstance.create(':memory:', { default_block_size: OLD_BLOCK_BYTES });
  const connection = await instance.connect();
  await connection.run(`ATTACH '${file}' AS recent (READ_ONLY); ATTACH '${old}' AS old`);
  await connection.run('COPY FROM DATABASE recent TO old');
  await connection.run('USE old');
  await change(connection);
  await connection.run('CHECKPOINT old');
  await connection.run('PRAGMA disable_checkpoint_on_shutdown');
  await commit?.(connection);
  connection.closeSync();
  instance.closeSync();
  renameSync(old, file);
  if (commit !== undefined) renameSync(`${old}.wal`, `${file}.wal`);
}

/** Puts the tables into the first format: one of all events. */
export async function useFirstFormat(connection: DuckDBConnection): Promise<void> {
  await connection.run('CREATE TABLE kept AS SELECT * FROM events');
  await connection.run('DROP VIEW events');
  for (const name of EVENT_NAMES) await connection.run(`DROP TABLE ${tableOf(name)}`);
  await connection.run('ALTER TABLE kept RENAME TO events');
  await connection.run('DELETE FROM tallyspan_format WHERE format > 1');
}

/** Bytes of a block of the file that is open. */
export async function blockBytesOf(database: {
  all(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
}): Promise<number> {
  const [row] = await database.all(
    'SELECT block_size AS bytes FROM pragma_database_size() WHERE database_name = current_database()',
  );
  return Number(row?.['bytes']);
}
