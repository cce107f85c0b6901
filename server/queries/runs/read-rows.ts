// Rows of events of every kind, each with the columns of its own table: what a run is rebuilt from and what an
// export writes. The view of all events would sort rows of a hundred columns, most of them empty.

import { tableOf } from '../../../core/columns.ts';
import { EVENT_NAMES, type EventName } from '../../../core/schema.ts';
import { OPEN_COLUMNS, SEALED_FIELDS } from '../../store/file/content-cipher.ts';
import type { Queryable, DatabaseRow } from '../../store/file/database.ts';
import { EVENT_TABLES } from '../../store/file/tables.ts';
import { numberOrNull } from '../field-values.ts';
import { instantOfMicros, microsSql, readWideRows } from '../read-columns.ts';

/** More are read column by column, which takes longer to plan. */
const FEW_ROWS = 256;
/** Rows of one question: the database holds an answer whole, and its rows have dozens of columns. */
const ROWS_PER_PAGE = 8192;

/**
 * In the order of their time, then of their place in their process; recorded content is left out, and so are columns
 * without any value. `where` is SQL over columns that every event has. Of more than `limitOf` an event, the first.
 */
export async function readEventRows(
  database: Queryable,
  where: string,
  limitOf: (name: EventName) => number,
  names: readonly EventName[] = EVENT_NAMES,
): Promise<DatabaseRow[]> {
  const ofEvents = await Promise.all(names.map((name) => readNamed(database, name, where, limitOf(name))));
  return ofEvents
    .flat()
    .sort((a, b) => timeOf(a) - timeOf(b) || seqOf(a) - seqOf(b) || microsOf(a) - microsOf(b));
}

/** Up to `limit` rows in any order: the database takes as long to sort so many columns as to read them. */
async function readNamed(
  database: Queryable,
  name: EventName,
  where: string,
  limit: number,
): Promise<DatabaseRow[]> {
  const few = Math.min(limit, FEW_ROWS);
  const first = await database.all(
    `SELECT '${name}' AS event_name, epoch_us(timestamp) AS micros, ${OPEN_COLUMNS} FROM ${tableOf(name)} WHERE ${where} LIMIT ${few + 1}`,
  );
  if (first.length <= few) return first.map(withoutNulls);
  if (limit > few) {
    const rows = await readPages(database, name, where, limit);
    if (rows.length <= limit) return rows;
  }
  return readPart(database, name, `${where} ORDER BY timestamp, tallyspan_seq LIMIT ${limit}`);
}

/** Page after page, until there are more than `limit`. */
async function readPages(
  database: Queryable,
  name: EventName,
  where: string,
  limit: number,
): Promise<DatabaseRow[]> {
  const rows: DatabaseRow[] = [];
  for (let after = -1; rows.length <= limit;) {
    const page = await readPart(
      database,
      name,
      `${where} AND rowid > ${after} ORDER BY rowid LIMIT ${String(ROWS_PER_PAGE)}`,
    );
    for (const row of page) {
      rows.push(row);
      after = Math.max(after, Number(row['place']));
    }
    if (page.length < ROWS_PER_PAGE) break;
  }
  return rows;
}

async function readPart(database: Queryable, name: EventName, rest: string): Promise<DatabaseRow[]> {
  const columns = Object.fromEntries(
    (EVENT_TABLES.get(name)?.columns ?? [])
      .filter(({ key }) => !SEALED_FIELDS.some((sealed) => sealed === key))
      .map(({ name: column, kind }) => [column, kind === 'time' ? microsSql(column) : column]),
  );
  const rows = await readWideRows(
    database,
    { ...columns, micros: microsSql('timestamp'), place: 'rowid' },
    `FROM ${tableOf(name)} WHERE ${rest}`,
  );
  for (const row of rows) Object.assign(row, { event_name: name, timestamp: instantOfMicros(row['micros']) });
  return rows;
}

/** A step of a run has values in a third of the columns. */
function withoutNulls(row: DatabaseRow): DatabaseRow {
  const kept: Record<string, unknown> = {};
  for (const column in row) if (row[column] !== null) kept[column] = row[column];
  return kept;
}

function timeOf(row: DatabaseRow): number {
  return (row['timestamp'] as Date).getTime();
}

/** Decides where no process counted; a `Date` has milliseconds. */
function microsOf(row: DatabaseRow): number {
  return row['micros'] as number;
}

function seqOf(row: DatabaseRow): number {
  return numberOrNull(row['tallyspan_seq']) ?? Number.MAX_SAFE_INTEGER;
}
