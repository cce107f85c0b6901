// An event appender writes rows of event batches into the tables of their events, laid out by column as DuckDB takes
// them. Texts go by the bytes that they point at (see text-memory.ts).

import duckdb from '@duckdb/node-bindings';
import {
  DuckDBDataChunk,
  type DuckDBAppender,
  type DuckDBConnection,
  type DuckDBType,
} from '@duckdb/node-api';
import { FIELD_INDEX, TEXT_SCALE, type EventBatch, type FieldIndex } from './event-batch.ts';
import { assignList, markValid, newValidity, putInt64, writeValidity, type Vector } from './column-memory.ts';
import { putText, STRING_BYTES, TextMemory, type HeldBytes, type TextCells } from './text-memory.ts';
import { logicalTypeOf, type FieldColumn, type ColumnKind } from '../file/tables.ts';
import { tableOf } from '../../../core/columns.ts';
import { EVENT_NAMES, type EventName, type FieldKey } from '../../../core/schema.ts';
import { groupBy } from '../../../core/group-by.ts';

/** Rows of a batch, in their order. */
export interface Selection {
  readonly batch: EventBatch;
  readonly rows: readonly number[];
}

const ROWS_PER_CHUNK = 2048;
/** A column while it is filled. */
const scratch = new Uint32Array((ROWS_PER_CHUNK * STRING_BYTES) / 4);
const scratchTexts: TextCells = { words: scratch, bytes: new Uint8Array(scratch.buffer) };
const scratchIntegers = new Int32Array(scratch.buffer);
const scratchFloats = new Float64Array(scratch.buffer);
const scratchValid = newValidity(ROWS_PER_CHUNK);

interface FilledColumn {
  readonly field: FieldIndex;
  readonly kind: ColumnKind;
}

/** Part of a chunk: consecutive rows of one batch. */
interface Part extends Selection {
  readonly body: HeldBytes;
  readonly extra: HeldBytes;
}

export class EventAppender {
  readonly #tables: ReadonlyMap<EventName, TableAppender>;
  readonly #texts = new TextMemory();
  readonly #hasTextMemory: boolean;

  /**
   * The columns of each table, in its order.
   * @param hasTextMemory whether texts may go by their place in memory; found out where nothing is said
   */
  constructor(
    connection: DuckDBConnection,
    columns: ReadonlyMap<string, readonly FieldColumn[]>,
    hasTextMemory?: boolean,
  ) {
    this.#hasTextMemory = hasTextMemory ?? this.#texts.hasKnownLayout();
    this.#tables = new Map(
      EVENT_NAMES.map((name) => {
        const table = tableOf(name);
        return [name, new TableAppender(connection, table, columns.get(table) ?? [], this.#hasTextMemory)];
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
      this.#texts.free();
    }
  }

  /** Starts again with the next rows. */
  forget(): void {
    for (const table of this.#tables.values()) table.forget();
  }

  /** One part per event that there is among the rows. */
  #partsOf({ batch, rows }: Selection): (Part & { readonly name: EventName })[] {
    if (rows.length === 0) return [];
    const hold = (bytes: Uint8Array): HeldBytes =>
      this.#hasTextMemory ? this.#texts.hold(bytes) : { bytes, address: 0 };
    const texts = { body: hold(batch.body), extra: hold(batch.extra) };
    const byName = groupBy(rows, (row) => batch.name(row));
    return [...byName].map(([name, own]) => ({ name, batch, rows: own, ...texts }));
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
  readonly #hasTextMemory: boolean;

  constructor(
    connection: DuckDBConnection,
    table: string,
    columns: readonly FieldColumn[],
    hasTextMemory: boolean,
  ) {
    this.#hasTextMemory = hasTextMemory;
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
    const valid = scratchValid.fill(0);
    let from = 0;
    const columns = parts.map(({ batch }) => batch.column(field));
    const isUsed = columns.some((cells) => cells !== undefined);
    const isText = kind === 'string' || kind === 'bytes';
    const isWritten = isUsed && kind !== 'strings' && (!isText || this.#hasTextMemory);
    const bytes = isWritten ? count * BYTES_PER_CELL[kind] : 0;
    scratch.fill(0, 0, (bytes + 3) >> 2);
    const lists: [number, readonly string[]][] = [];
    for (let index = 0; index < parts.length; index++) {
      const part = parts[index] as Part;
      const cells = columns[index];
      if (cells !== undefined) {
        if (isText) fillTexts(cells, part, valid, from, this.#hasTextMemory ? undefined : vector);
        else if (kind === 'strings') fillLists(cells, part, valid, from, lists);
        else fillNumbers(cells, part.rows, kind, valid, from);
      }
      from += part.rows.length;
    }
    if (isUsed && kind === 'strings') assignList(vector, count, lists);
    else if (isWritten) duckdb.copy_data_to_vector(vector, 0, scratch.buffer, 0, bytes);
    writeValidity(vector, valid, count);
  }
}

/** Fills the scratch column by places, or hands each text over to the vector that is given. */
function fillTexts(
  cells: Float64Array,
  { batch, rows, body, extra }: Part,
  valid: Uint8Array,
  from: number,
  vector: Vector | undefined,
): void {
  const inBody = batch.body.length;
  for (let index = 0; index < rows.length; index++) {
    const cell = cells[rows[index] as number] as number;
    if (Number.isNaN(cell)) continue;
    const at = from + index;
    markValid(valid, at);
    if (vector !== undefined) {
      duckdb.vector_assign_string_element_len(vector, at, batch.bytesOf(cell));
      continue;
    }
    const start = Math.floor(cell / TEXT_SCALE);
    const length = cell - start * TEXT_SCALE;
    if (start < inBody) putText(scratchTexts, at, body, start, length);
    else putText(scratchTexts, at, extra, start - inBody, length);
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
  // Times are stored in microseconds.
  const factor = kind === 'time' ? 1000 : 1;
  for (let index = 0; index < rows.length; index++) {
    const cell = cells[rows[index] as number] as number;
    if (Number.isNaN(cell)) continue;
    const at = from + index;
    markValid(valid, at);
    if (kind === 'bool') scratchTexts.bytes[at] = cell;
    else if (kind === 'float') scratchFloats[at] = cell;
    else putInt64(scratchIntegers, at, Math.round(cell * factor));
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
