// Event tables: the embedded store has one table per event, `agent.run` in `agent_run`. This is how SQL names
// the events of one kind or of several.

import { columnOf, tableOf } from '../core/columns.ts';
import {
  EVENT_NAMES,
  FIELDS,
  fieldsOf,
  type EventName,
  type FieldKey,
  type FieldType,
} from '../core/schema.ts';

/** DuckDB's types of the fields. */
export const SQL_TYPES: Readonly<Record<FieldType, string>> = {
  string: 'VARCHAR',
  int: 'BIGINT',
  float: 'DOUBLE',
  bool: 'BOOLEAN',
  strings: 'VARCHAR[]',
  time: 'TIMESTAMPTZ',
};

/**
 * What stands after FROM for the events of these names: a table, or where there are several, or some that have not
 * all of the fields, a query with one column per field. A field that an event has not is NULL.
 */
export function eventsSql(fields: readonly FieldKey[], names: readonly EventName[] = EVENT_NAMES): string {
  const [only] = names;
  if (names.length === 1 && only !== undefined) {
    const own = fieldsOf(only);
    if (fields.every((field) => field !== 'event.name' && own.includes(field))) return tableOf(only);
  }
  return `(${names.map((name) => selectSql(name, fields)).join('\n  UNION ALL ')})`;
}

/** One SELECT with a column per field. */
function selectSql(name: EventName, fields: readonly FieldKey[]): string {
  const own = fieldsOf(name);
  const columns = fields.map((field) => {
    const column = `"${columnOf(field)}"`;
    if (field === 'event.name') return `'${name}' AS ${column}`;
    return own.includes(field) ? column : `CAST(NULL AS ${SQL_TYPES[FIELDS[field].type]}) AS ${column}`;
  });
  return `SELECT ${columns.join(', ')} FROM ${tableOf(name)}`;
}
