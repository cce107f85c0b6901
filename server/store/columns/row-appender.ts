// A row appender writes plain rows into one table, laid out by column as DuckDB takes them. Cells go
// straight into the columns' memory and only where a row has a value.
// The chunk is kept: a new one for each commit would wait for the garbage collector with its megabytes.

import duckdb from '@duckdb/node-bindings';
import { DuckDBDataChunk, type DuckDBAppender, type DuckDBConnection } from '@duckdb/node-api';
import {
  assignList,
  assignString,
  markValid,
  newValidity,
  putInt64,
  writeValidity,
  type Vector,
} from './column-memory.ts';
import { logicalTypeOf, type FieldColumn } from '../file/tables.ts';

const ROWS_PER_CHUNK = 2048;

type Row = Readonly<Record<string, unknown>>;

export class RowAppender {
  readonly #connection: DuckDBConnection;
  readonly #table: string;
  readonly #columns: readonly FieldColumn[];
  readonly #chunk: DuckDBDataChunk;
  #appender: DuckDBAppender | undefined;

  constructor(connection: DuckDBConnection, table: string, columns: readonly FieldColumn[]) {
    this.#connection = connection;
    this.#table = table;
    this.#columns = columns;
    this.#chunk = DuckDBDataChunk.create(columns.map(logicalTypeOf), ROWS_PER_CHUNK);
  }

  /** Writes the rows within the connection's transaction. Values must have the types of their columns. */
  async append(rows: readonly object[]): Promise<void> {
    if (rows.length === 0) return;
    const appender = (this.#appender ??= await this.#connection.createAppender(this.#table));
    try {
      for (let from = 0; from < rows.length; from += ROWS_PER_CHUNK)
        appender.appendDataChunk(this.#fill(rows.slice(from, from + ROWS_PER_CHUNK) as readonly Row[]));
      appender.flushSync();
    } catch (error) {
      // An appender that failed keeps its rows and would bring them again.
      this.#appender = undefined;
      throw error;
    }
  }

  /** starts again with the next rows. */
  forget(): void {
    this.#appender = undefined;
  }

  #fill(rows: readonly Row[]): DuckDBDataChunk {
    this.#chunk.reset();
    this.#chunk.rowCount = rows.length;
    for (const [index, column] of this.#columns.entries())
      fillColumn(duckdb.data_chunk_get_vector(this.#chunk.chunk, index), column, rows);
    return this.#chunk;
  }
}

function fillColumn(vector: Vector, column: FieldColumn, rows: readonly Row[]): void {
  const valid = newValidity(rows.length);
  const write = WRITERS[column.kind](vector, rows.length);
  for (let index = 0; index < rows.length; index++) {
    const value = (rows[index] as Row)[column.key];
    if (value === undefined || value === null) continue;
    markValid(valid, index);
    write.cell(index, value as never);
  }
  write.end?.();
  writeValidity(vector, valid, rows.length);
}

interface CellWriter<T> {
  cell(index: number, value: T): void;
  end?(): void;
}

const WRITERS = {
  string: writeStrings,
  bytes: writeBytes,
  int: (vector, count) => writeInt64(vector, count, 1),
  time: (vector, count) => writeInt64(vector, count, 1000),
  small: (vector, count) => {
    const data = new Int32Array(count);
    return { cell: (index, value: number) => (data[index] = value), end: () => copy(vector, data) };
  },
  float: (vector, count) => {
    const data = new Float64Array(count);
    return { cell: (index, value: number) => (data[index] = value), end: () => copy(vector, data) };
  },
  bool: (vector, count) => {
    const data = new Uint8Array(count);
    return {
      cell: (index, value: boolean) => (data[index] = value ? 1 : 0),
      end: () => copy(vector, data),
    };
  },
  strings: writeLists,
} satisfies Record<FieldColumn['kind'], (vector: Vector, count: number) => CellWriter<never>>;

function copy(vector: Vector, data: Int32Array | Float64Array | Uint8Array): void {
  duckdb.copy_data_to_vector(vector, 0, data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
}

function writeInt64(vector: Vector, count: number, factor: number): CellWriter<number> {
  const data = new Int32Array(count * 2);
  return {
    cell: (index, value) => {
      putInt64(data, index, Math.round(value * factor));
    },
    end: () => copy(vector, data),
  };
}

function writeStrings(vector: Vector): CellWriter<string> {
  return { cell: (index, value) => assignString(vector, index, value) };
}

function writeBytes(vector: Vector): CellWriter<Buffer> {
  return { cell: (index, value) => duckdb.vector_assign_string_element_len(vector, index, value) };
}

function writeLists(vector: Vector, count: number): CellWriter<readonly string[]> {
  const lists: [number, readonly string[]][] = [];
  return {
    cell: (index, value) => lists.push([index, value]),
    end: () => assignList(vector, count, lists),
  };
}
