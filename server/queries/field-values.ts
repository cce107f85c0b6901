// Rows of events as JSON that people read: keys of the schema, money beside it in USD,
// times as ISO 8601 UTC, nothing where there is no value.

import { usdOf } from '../../core/money.ts';
import { columnOf } from '../../core/columns.ts';
import {
  EVENT_NAMES,
  FIELD_KEYS,
  FIELDS,
  fieldsOf,
  type FieldDefinition,
  type FieldKey,
} from '../../core/schema.ts';
import { SEALED_FIELDS } from '../store/file/content-cipher.ts';
import type { DatabaseRow } from '../store/file/database.ts';

/** What of a row is shown, with the names that it needs, made once. */
const SHOWN_FIELDS = FIELD_KEYS.filter((key) => !SEALED_FIELDS.some((sealed) => sealed === key)).map(
  (key) => ({
    key,
    column: columnOf(key),
    usdKey:
      (FIELDS[key] as FieldDefinition).unit === 'nanoUsd' ? key.replace('_nano_usd', '_usd') : undefined,
  }),
);

/** What rows of one event can have. */
const SHOWN_OF_EVENT: ReadonlyMap<unknown, typeof SHOWN_FIELDS> = new Map(
  EVENT_NAMES.map((name) => {
    const own = new Set(fieldsOf(name));
    return [name, SHOWN_FIELDS.filter(({ key }) => own.has(key))];
  }),
);

/** One event or summary as JSON. */
export type EventJson = Record<string, unknown>;

/** The event of a row, keys as in the schema, each money field followed by its USD. */
export function eventJson(row: DatabaseRow): EventJson {
  const json: EventJson = {};
  for (const { key, column, usdKey } of SHOWN_OF_EVENT.get(row['event_name']) ?? SHOWN_FIELDS) {
    const value = row[column];
    if (value === null || value === undefined) continue;
    json[key] = value instanceof Date ? value.toISOString() : value;
    if (usdKey !== undefined) json[usdKey] = usdOf(Number(value));
  }
  return json;
}

/** SQL of a field's value: integers and times as floating-point numbers, which hold them exactly and need no conversion. */
export function readableSql(key: FieldKey): string {
  const column = `"${columnOf(key)}"`;
  switch (FIELDS[key].type) {
    case 'time':
      return `epoch_ms(${column})::DOUBLE`;
    case 'int':
      return `${column}::DOUBLE`;
    default:
      return column;
  }
}

export function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

export function numberOrNull(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

export function isoOrNull(value: unknown): string | null {
  return value instanceof Date ? value.toISOString() : null;
}
