// Rows of events of every kind, each with the columns of its own table: what a run is rebuilt from and what an
// export writes. The view of all events would sort rows of a hundred columns, most of them empty.

import { tableOf } from '../../../core/columns.ts';
import { EVENT_NAMES, type EventName } from '../../../core/schema.ts';
import { OPEN_COLUMNS } from '../../store/file/content-cipher.ts';
import type { Queryable, DatabaseRow } from '../../store/file/database.ts';
import { numberOrNull } from '../field-values.ts';

/** Rows of one question: the database holds an answer whole, and its rows have dozens of columns. */
const ROWS_PER_PAGE = 4096;

/**
 * In the order of their time, then of their place in their process; recorded content is left out, and so are columns
 * without a value. `where` is SQL over columns that every event has. Of more than `limitOf` an event, the first.
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
  const sql = `SELECT '${name}' AS event_name, epoch_us(timestamp) AS micros, rowid AS place, ${OPEN_COLUMNS} FROM ${tableOf(name)} WHERE ${where}`;
  const most = Math.min(limit, ROWS_PER_PAGE);
  const first = await database.all(`${sql} LIMIT ${most + 1}`);
  if (first.length <= most) return first.map(withoutNulls);
  const rows = limit > ROWS_PER_PAGE ? await readPages(database, sql, limit) : first;
  if (rows.length <= limit) return rows;
  return (await database.all(`${sql} ORDER BY timestamp, tallyspan_seq LIMIT ${limit}`)).map(withoutNulls);
}

/** Page after page, until there are more than `limit`. */
async function readPages(database: Queryable, sql: string, limit: number): Promise<DatabaseRow[]> {
  const rows: DatabaseRow[] = [];
  for (let after = -1; rows.length <= limit;) {
    const page = await database.all(
      `${sql} AND rowid > ${after} ORDER BY rowid LIMIT ${String(ROWS_PER_PAGE)}`,
    );
    for (const row of page) rows.push(withoutNulls(row));
    if (page.length < ROWS_PER_PAGE) break;
    after = Number(page.at(-1)?.['place']);
  }
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
