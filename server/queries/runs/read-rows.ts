// Rows of events of every kind, each with the columns of its own table: what a run is rebuilt from and what an
// export writes. The view of all events would sort rows of a hundred columns, most of them empty.

import { tableOf } from '../../../core/columns.ts';
import { EVENT_NAMES, type EventName } from '../../../core/schema.ts';
import { OPEN_COLUMNS } from '../../store/file/content-cipher.ts';
import type { Queryable, DatabaseRow } from '../../store/file/database.ts';
import { numberOrNull } from '../field-values.ts';

/**
 * In the order of their time, then of their place in their process; recorded content is left out.
 * `where` is SQL over columns that every event has. Of more than `limit`, the first.
 */
export async function readEventRows(
  database: Queryable,
  where: string,
  limit: number,
  names: readonly EventName[] = EVENT_NAMES,
): Promise<DatabaseRow[]> {
  const ofEvents = await Promise.all(names.map((name) => readNamed(database, name, where, limit)));
  return ofEvents
    .flat()
    .sort((a, b) => timeOf(a) - timeOf(b) || seqOf(a) - seqOf(b) || microsOf(a) - microsOf(b))
    .slice(0, limit);
}

/** Up to `limit` rows in any order: the database takes as long to sort so many columns as to read them. */
async function readNamed(
  database: Queryable,
  name: EventName,
  where: string,
  limit: number,
): Promise<DatabaseRow[]> {
  const sql = `SELECT '${name}' AS event_name, epoch_us(timestamp) AS micros, ${OPEN_COLUMNS} FROM ${tableOf(name)} WHERE ${where}`;
  const rows = await database.all(`${sql} LIMIT ${limit + 1}`);
  if (rows.length <= limit) return rows;
  return database.all(`${sql} ORDER BY timestamp, tallyspan_seq LIMIT ${limit}`);
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
