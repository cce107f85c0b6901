// A migration moves a data file from one format to the next; the file remembers how many it has seen.
// New fields of the schema need no migration: missing columns are added when the file is opened.

import type { DuckDBConnection } from '@duckdb/node-api';
import { ServerError } from '../../process/server-error.ts';
import { columnOf } from '../../../core/columns.ts';
import { DATABASE_NAME } from './attached-file.ts';
import {
  CONTENT_TABLE,
  EVENT_TABLES,
  EVENTS_VIEW_SQL,
  FORWARDED_TABLE,
  SPAN_TABLE,
  WORD_TABLE,
  createTableSql,
  sqlTypeOf,
  type FieldColumn,
  type Table,
} from './tables.ts';

const TABLES: readonly Table[] = [
  ...EVENT_TABLES.values(),
  SPAN_TABLE,
  CONTENT_TABLE,
  WORD_TABLE,
  FORWARDED_TABLE,
];

/** Which formats the file has seen; every file of ours has it. */
const FORMAT_TABLE = 'tallyspan_format';

/** Names of the columns of each table, in the order that the file has them. */
type ColumnNames = ReadonlyMap<string, readonly string[]>;

/** Brings the file to the next format; `before` is what it had when it was opened. */
type Migration = (connection: DuckDBConnection, before: ColumnNames) => Promise<void>;

/** What leads to each format from the one before it, in order; append only. */
const MIGRATIONS: readonly Migration[] = [
  // 1: one table of all events. A new file starts with the tables of today.
  () => Promise.resolve(),
  // 2: one table per event.
  splitEvents,
];

export const STORE_FORMAT = MIGRATIONS.length;

/** Format of the file; 0 when it is new, undefined when it is of another program. */
async function readFormat(connection: DuckDBConnection): Promise<number | undefined> {
  const found = await connection.runAndReadAll(
    `SELECT table_name FROM duckdb_tables() WHERE database_name = $name
     UNION ALL SELECT view_name FROM duckdb_views() WHERE database_name = $name AND NOT internal`,
    { name: DATABASE_NAME },
  );
  const names = found.getRows().map(([name]) => name);
  if (!names.includes(FORMAT_TABLE)) return names.length === 0 ? 0 : undefined;
  const rows = await connection.runAndReadAll(`SELECT max(format) FROM ${DATABASE_NAME}.${FORMAT_TABLE}`);
  return Number(rows.getRows()[0]?.[0] ?? 0);
}

/**
 * Refuses a file written by a newer tallyspan or by another program. Its format; 0 when it is new.
 * @throws ServerError
 */
export async function checkFormat(connection: DuckDBConnection, file: string): Promise<number> {
  const format = await readFormat(connection);
  if (format === undefined)
    throw new ServerError(
      `${file} is a DuckDB file of another program, and stays as it is. Choose another folder with --data.`,
    );
  if (format > STORE_FORMAT)
    throw new ServerError(
      `${file} was written by a newer tallyspan (format ${format}; this one reads up to ${STORE_FORMAT}), and stays as it is. Upgrade tallyspan, or choose another folder with --data.`,
    );
  return format;
}

/**
 * Whether the file has today's format, and each table and column of today's schema: only then it can be read as it is.
 * @throws ServerError when it is of a newer tallyspan or of another program
 */
export async function isOfToday(connection: DuckDBConnection, file: string): Promise<boolean> {
  if ((await checkFormat(connection, file)) < STORE_FORMAT) return false;
  const present = await readColumnNames(connection);
  return TABLES.every((table) => {
    const names = new Set(present.get(table.name));
    return table.columns.every((column) => names.has(column.name));
  });
}

/** Brings the file to the current format and adds columns for fields that are new; whether its tables are others now. */
export async function migrate(connection: DuckDBConnection, file: string): Promise<boolean> {
  const format = await checkFormat(connection, file);
  await connection.run('BEGIN');
  try {
    await connection.run(`CREATE TABLE IF NOT EXISTS ${FORMAT_TABLE} (format INTEGER, since TIMESTAMPTZ)`);
    const before = await readColumnNames(connection);
    let isChanged = format < STORE_FORMAT;
    for (const table of TABLES)
      if (await bringUp(connection, table, before.get(table.name))) isChanged = true;
    for (let next = format; next < STORE_FORMAT; next++) {
      await (MIGRATIONS[next] as Migration)(connection, before);
      await connection.run(`INSERT INTO ${FORMAT_TABLE} VALUES (?, now())`, [next + 1]);
    }
    await connection.run(EVENTS_VIEW_SQL);
    await connection.run('COMMIT');
    return isChanged;
  } catch (error) {
    // It fails when DuckDB has rolled back by itself, and says nothing of the cause.
    await connection.run('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

/** Makes the table where it is missing, else the columns that it lacks; whether there was anything to do. */
async function bringUp(
  connection: DuckDBConnection,
  table: Table,
  present: readonly string[] | undefined,
): Promise<boolean> {
  if (present === undefined) {
    await connection.run(createTableSql(table));
    return true;
  }
  const missing = table.columns.filter((column) => !present.includes(column.name));
  for (const column of missing)
    await connection.run(`ALTER TABLE ${table.name} ADD COLUMN "${column.name}" ${sqlTypeOf(column)}`);
  return missing.length > 0;
}

/** Moves the rows of the one table of format 1 to the tables of their events. */
async function splitEvents(connection: DuckDBConnection, before: ColumnNames): Promise<void> {
  const present = before.get('events');
  if (present === undefined) return;
  for (const [name, table] of EVENT_TABLES) {
    const columns = table.columns
      .filter((column) => present.includes(column.name))
      .map((column) => `"${column.name}"`);
    await connection.run(
      `INSERT INTO ${table.name} (${columns.join(', ')})
       SELECT ${columns.join(', ')} FROM events WHERE ${columnOf('event.name')} = ?`,
      [name],
    );
  }
  await connection.run('DROP TABLE events');
}

async function readColumnNames(connection: DuckDBConnection): Promise<ColumnNames> {
  const rows = await connection.runAndReadAll(
    `SELECT table_name, list(column_name ORDER BY column_index) AS names FROM duckdb_columns()
     WHERE database_name = current_database() GROUP BY table_name`,
  );
  return new Map(rows.getRowsJS().map(([table, names]) => [table as string, names as readonly string[]]));
}

/**
 * The columns of each table in the order of the file, which differs from the schema's once a field was added.
 * @throws ServerError when the file has a column that this version does not know
 */
export async function columnsInFile(
  connection: DuckDBConnection,
): Promise<ReadonlyMap<string, readonly FieldColumn[]>> {
  const names = await readColumnNames(connection);
  return new Map(TABLES.map((table) => [table.name, columnsNamed(table, names.get(table.name) ?? [])]));
}

function columnsNamed(table: Table, names: readonly string[]): readonly FieldColumn[] {
  const byName = new Map(table.columns.map((column) => [column.name, column]));
  return names.map((name) => {
    const column = byName.get(name);
    if (column === undefined)
      throw new ServerError(
        `the table ${table.name} has a column ${name} that this tallyspan does not know: the file was written by a newer one. Upgrade tallyspan, or choose another folder with --data.`,
      );
    return column;
  });
}
