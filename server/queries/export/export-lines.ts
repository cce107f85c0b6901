// Export as JSON lines: the events in the order of their time, then of their place in their process, in slices of time,
// so that each reads its part of the tables only and no more than one slice is held.

import { DuckDBListValue, type DuckDBDataChunk } from '@duckdb/node-api';
import { encodeEvent, type EventRecord } from '../../../core/event.ts';
import { columnOf, tableOf } from '../../../core/columns.ts';
import { EVENT_NAMES, fieldsOf, type EventName, type FieldKey } from '../../../core/schema.ts';
import { eventsSql } from '../../../signals/event-tables.ts';
import { leaveHeldBytes } from '../../process/memory.ts';
import { SEALED_FIELDS } from '../../store/file/content-cipher.ts';
import type { ChunkQueryable, Queryable } from '../../store/file/database.ts';
import { readableSql } from '../field-values.ts';
import { LineSheet } from './line-sheet.ts';

const ROWS_PER_SLICE = 2000;

/** The lines of the events that `where` keeps, SQL over columns that every event has. */
export async function* exportLines(
  database: ChunkQueryable,
  where: string,
  names: readonly EventName[] = EVENT_NAMES,
): AsyncGenerator<Uint8Array> {
  const fields = await readFields(database, names);
  const sheet = new LineSheet();
  let after = '';
  for (const micros of await readSliceEnds(database, where, names)) {
    const end = `make_timestamptz(${String(micros)}::BIGINT)`;
    for (const [name, own] of fields)
      await readLines(database, name, own, `${where} ${after} AND timestamp <= ${end}`, sheet);
    // No events are left where retention deleted them meanwhile.
    const lines = sheet.take();
    if (lines.length > 0) yield lines;
    leaveHeldBytes(lines.length);
    after = `AND timestamp > ${end}`;
  }
}

/** The instants that slices end with, Unix microseconds. */
async function readSliceEnds(
  database: Queryable,
  where: string,
  names: readonly EventName[],
): Promise<number[]> {
  const ends = await database.all(
    `SELECT epoch_us(timestamp) AS micros FROM (
       SELECT timestamp, row_number() OVER (ORDER BY timestamp) AS place, count(*) OVER () AS rows
       FROM ${eventsSql(['timestamp'], names)} WHERE ${where})
     WHERE place % ${ROWS_PER_SLICE} = 0 OR place = rows ORDER BY place`,
  );
  return ends.map((row) => Number(row['micros']));
}

/** The fields that the file has of each event; an older one that is open for reading only lacks some. */
async function readFields(
  database: Queryable,
  names: readonly EventName[],
): Promise<ReadonlyMap<EventName, readonly FieldKey[]>> {
  const rows = await database.all(
    `SELECT table_name || '.' || column_name AS name FROM duckdb_columns() WHERE database_name = current_database()`,
  );
  const present = new Set(rows.map((row) => row['name']));
  return new Map(
    names.map((name) => [
      name,
      fieldsOf(name).filter(
        (key) =>
          present.has(`${tableOf(name)}.${columnOf(key)}`) &&
          !(SEALED_FIELDS as readonly FieldKey[]).includes(key),
      ),
    ]),
  );
}

/** In any order: the database would hold whole rows to sort them. */
async function readLines(
  database: ChunkQueryable,
  name: EventName,
  fields: readonly FieldKey[],
  where: string,
  sheet: LineSheet,
): Promise<void> {
  const columns = ['epoch_us(timestamp)::DOUBLE', ...fields.map(readableSql)];
  await database.readChunks(
    `SELECT ${columns.join(', ')} FROM ${tableOf(name)} WHERE ${where}`,
    [],
    (chunk) => addLines(chunk, name, fields, sheet),
  );
}

function addLines(
  chunk: DuckDBDataChunk,
  name: EventName,
  fields: readonly FieldKey[],
  sheet: LineSheet,
): void {
  const [micros, ...vectors] = Array.from({ length: fields.length + 1 }, (_, index) =>
    chunk.getColumnVector(index),
  );
  for (let row = 0; row < chunk.rowCount; row++) {
    const event: Record<string, unknown> = { 'event.name': name };
    for (const [index, vector] of vectors.entries()) {
      const value: unknown = vector.getItem(row);
      if (value !== null)
        event[fields[index] as FieldKey] = value instanceof DuckDBListValue ? value.items : value;
    }
    sheet.add(
      encodeEvent(event as unknown as EventRecord),
      micros?.getItem(row) as number,
      (event['tallyspan.seq'] as number | undefined) ?? Number.MAX_SAFE_INTEGER,
    );
  }
}
