// Tables: `events` holds one row per event, its columns derived from the schema; `spans` holds the
// raw spans, for reading one run. Numbers never come from `spans`.

import {
  BIGINT,
  BOOLEAN,
  DOUBLE,
  INTEGER,
  LIST,
  TIMESTAMPTZ,
  VARCHAR,
  type DuckDBType,
} from '@duckdb/node-api';
import { FIELD_KEYS, FIELDS, columnOf, type FieldType } from '../../core/schema.ts';

/** How the writer has to lay a column out. `small` is a 32-bit integer. */
export type ColumnKind = FieldType | 'small';

export interface Column {
  /** Property of the row object that fills the column. */
  readonly key: string;
  readonly name: string;
  readonly kind: ColumnKind;
}

const SQL_TYPES: Record<ColumnKind, string> = {
  string: 'VARCHAR',
  int: 'BIGINT',
  small: 'INTEGER',
  float: 'DOUBLE',
  bool: 'BOOLEAN',
  strings: 'VARCHAR[]',
  time: 'TIMESTAMPTZ',
};

const LOGICAL_TYPES: Record<ColumnKind, DuckDBType> = {
  string: VARCHAR,
  int: BIGINT,
  small: INTEGER,
  float: DOUBLE,
  bool: BOOLEAN,
  strings: LIST(VARCHAR),
  time: TIMESTAMPTZ,
};

/** One column per field of the schema, in table order. */
export const EVENT_COLUMNS: readonly Column[] = FIELD_KEYS.map((key) => ({
  key,
  name: columnOf(key),
  kind: FIELDS[key].type,
}));

/** One raw span. Times are Unix milliseconds with their fraction; `attributes`, `events` and `resource` are JSON. */
export interface SpanRow {
  readonly trace_id: string;
  readonly span_id: string;
  readonly parent_span_id?: string | undefined;
  readonly name: string;
  readonly kind: number;
  readonly start_time: number;
  readonly end_time: number;
  readonly status_code: number;
  readonly status_message?: string | undefined;
  readonly scope?: string | undefined;
  readonly service_name?: string | undefined;
  readonly attributes: string;
  readonly events?: string | undefined;
  readonly resource: string;
}

const SPAN_KINDS = {
  trace_id: 'string',
  span_id: 'string',
  parent_span_id: 'string',
  name: 'string',
  kind: 'small',
  start_time: 'time',
  end_time: 'time',
  status_code: 'small',
  status_message: 'string',
  scope: 'string',
  service_name: 'string',
  attributes: 'string',
  events: 'string',
  resource: 'string',
} as const satisfies Record<keyof SpanRow, ColumnKind>;

export const SPAN_COLUMNS: readonly Column[] = Object.entries(SPAN_KINDS).map(([name, kind]) => ({
  key: name,
  name,
  kind,
}));

/** SQL type of a column. */
export function sqlTypeOf(column: Column): string {
  return SQL_TYPES[column.kind];
}

/** DuckDB type of a column, for data chunks. */
export function logicalTypeOf(column: Column): DuckDBType {
  return LOGICAL_TYPES[column.kind];
}

/** DDL of a table. */
export function createTableSql(table: string, columns: readonly Column[]): string {
  const lines = columns.map((column) => `"${column.name}" ${sqlTypeOf(column)}`);
  return `CREATE TABLE IF NOT EXISTS ${table} (${lines.join(', ')})`;
}
