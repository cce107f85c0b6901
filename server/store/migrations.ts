// A migration moves a data file from one format to the next; the file remembers how many it has seen.
// New fields of the schema need no migration: missing columns are added when the file is opened.

import type { DuckDBConnection } from '@duckdb/node-api';
import { ServerError } from '../server-error.ts';
import { EVENT_COLUMNS, SPAN_COLUMNS, createTableSql, sqlTypeOf, type Column } from './tables.ts';

/** Statements per format, in order; append only. */
const MIGRATIONS: readonly (readonly string[])[] = [
  [createTableSql('events', EVENT_COLUMNS), createTableSql('spans', SPAN_COLUMNS)],
];

export const FORMAT = MIGRATIONS.length;

/** Format of the file; 0 when it is new. */
async function readFormat(connection: DuckDBConnection): Promise<number> {
  const tables = await connection.runAndReadAll(
    "SELECT 1 FROM duckdb_tables() WHERE table_name = 'tallyspan_format'",
  );
  if (tables.currentRowCount === 0) return 0;
  const rows = await connection.runAndReadAll('SELECT max(format) FROM tallyspan_format');
  return Number(rows.getRows()[0]?.[0] ?? 0);
}

/**
 * Refuses a file written by a newer tallyspan.
 * @throws ServerError
 */
export async function checkFormat(connection: DuckDBConnection, file: string): Promise<number> {
  const format = await readFormat(connection);
  if (format > FORMAT)
    throw new ServerError(
      `${file} was written by a newer tallyspan (format ${format}; this one reads up to ${FORMAT}). Upgrade tallyspan, or choose another folder with --data.`,
    );
  return format;
}

/** Brings the file to the current format and adds columns for fields that are new. */
export async function migrate(connection: DuckDBConnection, file: string): Promise<void> {
  const format = await checkFormat(connection, file);
  await connection.run('BEGIN');
  try {
    await connection.run('CREATE TABLE IF NOT EXISTS tallyspan_format (format INTEGER, since TIMESTAMPTZ)');
    for (let next = format; next < FORMAT; next++) {
      for (const statement of MIGRATIONS[next] as readonly string[]) await connection.run(statement);
      await connection.run('INSERT INTO tallyspan_format VALUES (?, now())', [next + 1]);
    }
    await addMissingColumns(connection, 'events', EVENT_COLUMNS);
    await addMissingColumns(connection, 'spans', SPAN_COLUMNS);
    await connection.run('COMMIT');
  } catch (error) {
    await connection.run('ROLLBACK');
    throw error;
  }
}

async function addMissingColumns(
  connection: DuckDBConnection,
  table: string,
  columns: readonly Column[],
): Promise<void> {
  const present = new Set(await columnNames(connection, table));
  for (const column of columns)
    if (!present.has(column.name))
      await connection.run(`ALTER TABLE ${table} ADD COLUMN "${column.name}" ${sqlTypeOf(column)}`);
}

/** Names of the columns in the order that the file has them. */
async function columnNames(connection: DuckDBConnection, table: string): Promise<string[]> {
  const rows = await connection.runAndReadAll(
    'SELECT column_name FROM duckdb_columns() WHERE table_name = ? ORDER BY column_index',
    [table],
  );
  return rows.getRows().map((row) => String(row[0]));
}

/**
 * The columns in the order of the file, which differs from the schema's once a field was added.
 * @throws ServerError when the file has a column that this version does not know
 */
export async function columnsInFile(
  connection: DuckDBConnection,
  table: string,
  columns: readonly Column[],
): Promise<readonly Column[]> {
  const byName = new Map(columns.map((column) => [column.name, column]));
  return (await columnNames(connection, table)).map((name) => {
    const column = byName.get(name);
    if (column === undefined)
      throw new ServerError(
        `the table ${table} has a column ${name} that this tallyspan does not know: the file was written by a newer one. Upgrade tallyspan, or choose another folder with --data.`,
      );
    return column;
  });
}
