// Tables: each event of the schema has one, with a row per event and the columns that it may have; `spans` holds the
// raw spans, for reading one run. Numbers never come from `spans`. The view `events` is all events with all columns.

import {
  BIGINT,
  BLOB,
  BOOLEAN,
  DOUBLE,
  INTEGER,
  LIST,
  TIMESTAMPTZ,
  VARCHAR,
  type DuckDBType,
} from '@duckdb/node-api';
import { columnOf, tableOf } from '../../../core/columns.ts';
import {
  EVENT_NAMES,
  FIELDS,
  FIELD_KEYS,
  fieldsOf,
  type EventName,
  type FieldType,
} from '../../../core/schema.ts';
import { SQL_TYPES, eventsSql } from '../../../signals/event-tables.ts';

/** How the writer has to lay a column out. `small` is a 32-bit integer; `bytes` are written from a buffer. */
export type ColumnKind = FieldType | 'small' | 'bytes';

export interface FieldColumn {
  /** Property of the row object that fills the column. */
  readonly key: string;
  readonly name: string;
  readonly kind: ColumnKind;
}

const LOGICAL_TYPES: Record<ColumnKind, DuckDBType> = {
  string: VARCHAR,
  int: BIGINT,
  small: INTEGER,
  bytes: BLOB,
  float: DOUBLE,
  bool: BOOLEAN,
  strings: LIST(VARCHAR),
  time: TIMESTAMPTZ,
};

export interface Table {
  readonly name: string;
  readonly columns: readonly FieldColumn[];
}

/** The table of each event: one column per field that it may have, but its name, which is that of the table. */
export const EVENT_TABLES: ReadonlyMap<EventName, Table> = new Map(
  EVENT_NAMES.map((name) => [name, { name: tableOf(name), columns: columnsOfEvent(name) }]),
);

function columnsOfEvent(name: EventName): FieldColumn[] {
  return fieldsOf(name)
    .filter((key) => key !== 'event.name')
    .map((key) => ({ key, name: columnOf(key), kind: FIELDS[key].type }));
}

/** DDL of the view of all events, with a column per field of the schema. */
export const EVENTS_VIEW_SQL = `CREATE OR REPLACE VIEW events AS SELECT * FROM ${eventsSql(FIELD_KEYS)}`;

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
  /** What events were made of it (core/dialects/span-facts.ts), as JSON; absent where it is only a place in its trace. */
  readonly facts?: string | undefined;
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
  facts: 'string',
} as const satisfies Record<keyof SpanRow, ColumnKind>;

export const SPAN_TABLE: Table = {
  name: 'spans',
  columns: Object.entries(SPAN_KINDS).map(([name, kind]) => ({ key: name, name, kind })),
};

/** One piece of the recorded content of a call, encrypted. The pieces of one text have its `content_id`. */
export interface ContentRow {
  /** Of the call, Unix milliseconds. */
  readonly timestamp: number;
  readonly trace_id?: string | undefined;
  readonly span_id?: string | undefined;
  readonly field: string;
  readonly content_id: string;
  /** Place of the piece, from 0, and how many there are. */
  readonly piece: number;
  readonly pieces: number;
  readonly sealed: Buffer;
}

const CONTENT_KINDS = {
  timestamp: 'time',
  trace_id: 'string',
  span_id: 'string',
  field: 'string',
  content_id: 'string',
  piece: 'small',
  pieces: 'small',
  sealed: 'bytes',
} as const satisfies Record<keyof ContentRow, ColumnKind>;

/** Recorded content, apart from the events: pieces are short, so that no group of rows is large. */
export const CONTENT_TABLE: Table = {
  name: 'recorded_content',
  columns: Object.entries(CONTENT_KINDS).map(([name, kind]) => ({ key: name, name, kind })),
};

/** One stretch of what was recorded of a call, as the bits of its words (word-index.ts). */
export interface WordRow {
  /** Of the call, Unix milliseconds. */
  readonly timestamp: number;
  readonly trace_id?: string | undefined;
  readonly span_id?: string | undefined;
}

/** Columns of 32 bits each. */
export const WORD_COLUMNS = 128;

/** Column of a word of bits. */
export function wordColumn(index: number): string {
  return `w${index}`;
}

/** The words of recorded content: nobody reads them without the key. */
export const WORD_TABLE: Table = {
  name: 'recorded_words',
  columns: [
    { key: 'timestamp', name: 'timestamp', kind: 'time' },
    { key: 'trace_id', name: 'trace_id', kind: 'string' },
    { key: 'span_id', name: 'span_id', kind: 'string' },
    ...Array.from({ length: WORD_COLUMNS }, (_, index) => ({
      key: wordColumn(index),
      name: wordColumn(index),
      kind: 'small' as const,
    })),
  ],
};

const FORWARDED_KINDS = {
  event_name: 'string',
  event_key: 'string',
  timestamp: 'time',
} as const satisfies Record<string, ColumnKind>;

/** Events that were made here and handed on (server/forward), by the name and key that they have in their table. */
export const FORWARDED_TABLE: Table = {
  name: 'forwarded',
  columns: Object.entries(FORWARDED_KINDS).map(([name, kind]) => ({ key: name, name, kind })),
};

const OWN_TYPES = { small: 'INTEGER', bytes: 'BLOB' } as const;

/** SQL type of a column. */
export function sqlTypeOf({ kind }: FieldColumn): string {
  return kind === 'small' || kind === 'bytes' ? OWN_TYPES[kind] : SQL_TYPES[kind];
}

/** DuckDB type of a column, for data chunks. */
export function logicalTypeOf(column: FieldColumn): DuckDBType {
  return LOGICAL_TYPES[column.kind];
}

/** DDL of a table. */
export function createTableSql({ name, columns }: Table): string {
  const lines = columns.map((column) => `"${column.name}" ${sqlTypeOf(column)}`);
  return `CREATE TABLE ${name} (${lines.join(', ')})`;
}
