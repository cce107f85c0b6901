// An event appender writes rows of event batches into the tables of their events, laid out by column as DuckDB takes
// them. The bytes that texts point at are copied into DuckDB's memory once for the whole batch; a text is
// then a length and an address there, which is how DuckDB itself holds a text longer than 12 bytes
// (`duckdb_string_t` of its C interface), and no text becomes a string on the way.

import duckdb from '@duckdb/node-bindings';
import {
  BLOB,
  DuckDBDataChunk,
  type DuckDBAppender,
  type DuckDBConnection,
  type DuckDBType,
} from '@duckdb/node-api';
import { FIELD_INDEX, TEXT_SCALE, type EventBatch, type FieldIndex } from './event-batch.ts';
import { assignList, markValid, newValidity, putInt64, writeValidity, type Vector } from './column-memory.ts';
import { logicalTypeOf, type FieldColumn, type ColumnKind } from '../file/tables.ts';
import { tableOf } from '../../../core/columns.ts';
import { EVENT_NAMES, type EventName, type FieldKey } from '../../../core/schema.ts';
import { groupBy } from '../../group-by.ts';

/** Rows of a batch, in their order. */
export interface Selection {
  readonly batch: EventBatch;
  readonly rows: readonly number[];
}

const ROWS_PER_CHUNK = 2048;
/** Bytes of a text that stand in its column; a longer one stands elsewhere. */
const INLINE_BYTES = 12;
const STRING_BYTES = 16;
const WORD = 2 ** 32;
/** A column while it is filled. */
const scratch = new Uint32Array((ROWS_PER_CHUNK * STRING_BYTES) / 4);

interface FilledColumn {
  readonly field: FieldIndex;
  readonly kind: ColumnKind;
}

/** Part of a chunk: consecutive rows of one batch. */
interface Part extends Selection {
  /** Where the bytes of the batch are in DuckDB's memory. */
  readonly body: number;
  readonly extra: number;
}

export class EventAppender {
  readonly #tables: ReadonlyMap<EventName, TableAppender>;
  readonly #texts = DuckDBDataChunk.create([BLOB], 2);

  /** The columns of each table, in its order. */
  constructor(connection: DuckDBConnection, columns: ReadonlyMap<string, readonly FieldColumn[]>) {
    this.#tables = new Map(
      EVENT_NAMES.map((name) => {
        const table = tableOf(name);
        return [name, new TableAppender(connection, table, columns.get(table) ?? [])];
      }),
    );
  }

  /** Writes the rows within the connection's transaction. */
  async append(selections: readonly Selection[]): Promise<void> {
    try {
      const parts = selections.flatMap((selection) => this.#partsOf(selection));
      for (const [name, own] of groupBy(parts, (part) => part.name))
        await (this.#tables.get(name) as TableAppender).append(own);
    } finally {
      this.#texts.reset();
    }
  }

  /** starts again with the next rows. */
  forget(): void {
    for (const table of this.#tables.values()) table.forget();
  }

  /** One part per event that there is among the rows. */
  #partsOf({ batch, rows }: Selection): (Part & { readonly name: EventName })[] {
    if (rows.length === 0) return [];
    const texts = { body: this.#hold(batch.body), extra: this.#hold(batch.extra) };
    const byName = groupBy(rows, (row) => batch.name(row));
    return [...byName].map(([name, own]) => ({ name, batch, rows: own, ...texts }));
  }

  /** Copies bytes into DuckDB's memory, where they stay until the rows are appended; their address. */
  #hold(bytes: Uint8Array): number {
    if (bytes.length <= INLINE_BYTES) return 0;
    const vector = duckdb.data_chunk_get_vector(this.#texts.chunk, 0);
    duckdb.vector_assign_string_element_len(vector, 0, bytes);
    const [, , low = 0, high = 0] = new Uint32Array(
      duckdb.vector_get_data(vector, STRING_BYTES).slice().buffer,
    );
    return high * WORD + low;
  }
}

/** Writes into one table. */
class TableAppender {
  readonly #connection: DuckDBConnection;
  readonly #table: string;
  readonly #columns: readonly FilledColumn[];
  /** Kept: a new one for each commit would wait for the garbage collector with its megabytes. */
  #chunk: DuckDBDataChunk | undefined;
  readonly #types: readonly DuckDBType[];
  #appender: DuckDBAppender | undefined;

  constructor(connection: DuckDBConnection, table: string, columns: readonly FieldColumn[]) {
    this.#connection = connection;
    this.#table = table;
    this.#columns = columns.map(({ key, kind }) => ({ field: FIELD_INDEX[key as FieldKey], kind }));
    this.#types = columns.map(logicalTypeOf);
  }

  /** What the parts point at is in DuckDB's memory meanwhile. */
  async append(parts: readonly Part[]): Promise<void> {
    const appender = (this.#appender ??= await this.#connection.createAppender(this.#table));
    try {
      for (const chunk of chunksOf(parts)) appender.appendDataChunk(this.#fill(chunk));
      appender.flushSync();
    } catch (error) {
      // An appender that failed keeps its rows and would bring them again.
      this.#appender = undefined;
      throw error;
    }
  }

  forget(): void {
    this.#appender = undefined;
  }

  #fill(parts: readonly Part[]): DuckDBDataChunk {
    const chunk = (this.#chunk ??= DuckDBDataChunk.create(this.#types, ROWS_PER_CHUNK));
    chunk.reset();
    const count = parts.reduce((sum, { rows }) => sum + rows.length, 0);
    chunk.rowCount = count;
    for (const [index, column] of this.#columns.entries())
      this.#fillColumn(duckdb.data_chunk_get_vector(chunk.chunk, index), column, parts, count);
    return chunk;
  }

  #fillColumn(vector: Vector, { field, kind }: FilledColumn, parts: readonly Part[], count: number): void {
    const valid = newValidity(count);
    let from = 0;
    const isUsed = parts.some(({ batch }) => batch.column(field) !== undefined);
    const bytes = kind === 'strings' ? 0 : count * BYTES_PER_CELL[kind];
    if (isUsed) scratch.fill(0, 0, (bytes + 3) >> 2);
    const lists: [number, readonly string[]][] = [];
    for (const part of parts) {
      const cells = part.batch.column(field);
      if (cells !== undefined) {
        if (kind === 'string' || kind === 'bytes') this.#fillTexts(cells, part, valid, from);
        else if (kind === 'strings') fillLists(cells, part, valid, from, lists);
        else fillNumbers(cells, part.rows, kind, valid, from);
      }
      from += part.rows.length;
    }
    if (isUsed && kind === 'strings') assignList(vector, count, lists);
    else if (isUsed) duckdb.copy_data_to_vector(vector, 0, scratch.buffer, 0, bytes);
    writeValidity(vector, valid);
  }

  #fillTexts(cells: Float64Array, part: Part, valid: Uint8Array, from: number): void {
    const words = scratch;
    const inBytes = new Uint8Array(words.buffer);
    const { body, extra } = part.batch;
    const { rows } = part;
    for (let index = 0; index < rows.length; index++) {
      const cell = cells[rows[index] as number] as number;
      if (Number.isNaN(cell)) continue;
      const at = from + index;
      markValid(valid, at);
      let start = Math.floor(cell / TEXT_SCALE);
      const length = cell - start * TEXT_SCALE;
      const isInBody = start < body.length;
      const bytes = isInBody ? body : extra;
      if (!isInBody) start -= body.length;
      const word = at * 4;
      words[word] = length;
      if (length > INLINE_BYTES) {
        const address = (isInBody ? part.body : part.extra) + start;
        words[word + 1] =
          (bytes[start] as number) |
          ((bytes[start + 1] as number) << 8) |
          ((bytes[start + 2] as number) << 16) |
          ((bytes[start + 3] as number) << 24);
        words[word + 2] = address % WORD;
        words[word + 3] = Math.floor(address / WORD);
        continue;
      }
      const byte = word * 4 + 4;
      for (let offset = 0; offset < length; offset++)
        inBytes[byte + offset] = bytes[start + offset] as number;
    }
  }
}

/** The parts again, in groups that fit into a chunk. */
function* chunksOf(parts: readonly Part[]): Generator<readonly Part[]> {
  let chunk: Part[] = [];
  let room = ROWS_PER_CHUNK;
  for (const part of parts) {
    for (let from = 0; from < part.rows.length;) {
      const rows = part.rows.slice(from, from + room);
      chunk.push({ ...part, rows });
      from += rows.length;
      room -= rows.length;
      if (room > 0) continue;
      yield chunk;
      chunk = [];
      room = ROWS_PER_CHUNK;
    }
  }
  if (chunk.length > 0) yield chunk;
}

const BYTES_PER_CELL: Record<Exclude<ColumnKind, 'strings'>, number> = {
  string: STRING_BYTES,
  bytes: STRING_BYTES,
  int: 8,
  time: 8,
  float: 8,
  small: 4,
  bool: 1,
};

function fillNumbers(
  cells: Float64Array,
  rows: readonly number[],
  kind: Exclude<ColumnKind, 'string' | 'bytes' | 'strings'>,
  valid: Uint8Array,
  from: number,
): void {
  const integers = new Int32Array(scratch.buffer);
  const floats = new Float64Array(scratch.buffer);
  const booleans = new Uint8Array(scratch.buffer);
  // Times are stored in microseconds.
  const factor = kind === 'time' ? 1000 : 1;
  for (let index = 0; index < rows.length; index++) {
    const cell = cells[rows[index] as number] as number;
    if (Number.isNaN(cell)) continue;
    const at = from + index;
    markValid(valid, at);
    if (kind === 'bool') booleans[at] = cell;
    else if (kind === 'float') floats[at] = cell;
    else putInt64(integers, at, Math.round(cell * factor));
  }
}

function fillLists(
  cells: Float64Array,
  part: Part,
  valid: Uint8Array,
  from: number,
  lists: [number, readonly string[]][],
): void {
  const { batch, rows } = part;
  for (let index = 0; index < rows.length; index++) {
    const cell = cells[rows[index] as number] as number;
    if (Number.isNaN(cell)) continue;
    const at = from + index;
    markValid(valid, at);
    lists.push([at, batch.list(cell)]);
  }
}
