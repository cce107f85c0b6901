// Text memory: the bytes that texts of a batch point at, copied into DuckDB's memory once for the whole batch. A text
// in a column is then a length and an address there, as DuckDB itself holds a text longer than 12 bytes
// (`duckdb_string_t` of its C interface): no text becomes a string or a copy of its own on the way, which was two
// thirds of the time of a commit. The layout is checked against what DuckDB writes when a store is opened; where it
// is another one (another byte order, another DuckDB), texts are handed over one by one, by DuckDB's own call.

import duckdb from '@duckdb/node-bindings';
import { BLOB, DuckDBDataChunk } from '@duckdb/node-api';
import type { Vector } from './column-memory.ts';

/** Bytes of a text cell of a column. */
export const STRING_BYTES = 16;
/** Bytes of a text that stand in its column; a longer one stands elsewhere. */
const INLINE_BYTES = 12;
const WORD = 2 ** 32;

/** Bytes of one batch, and where they are in DuckDB's memory (0: nowhere, as no text of them is long). */
export interface HeldBytes {
  readonly bytes: Uint8Array;
  readonly address: number;
}

/** A column of texts while it is filled: the same memory as words and as bytes. */
export interface TextCells {
  readonly words: Uint32Array;
  readonly bytes: Uint8Array;
}

export class TextMemory {
  readonly #chunk = DuckDBDataChunk.create([BLOB], 2);
  #held: HeldBytes[] = [];

  /** Copies bytes into DuckDB's memory, where they stay until {@link free}; the same bytes once, whoever has them. */
  hold(bytes: Uint8Array): HeldBytes {
    if (bytes.length <= INLINE_BYTES) return { bytes, address: 0 };
    const known = this.#held.find((one) => isSame(one.bytes, bytes));
    if (known !== undefined) return known;
    const vector = duckdb.data_chunk_get_vector(this.#chunk.chunk, 0);
    duckdb.vector_assign_string_element_len(vector, 0, bytes);
    const held = { bytes, address: addressIn(readCell(vector)) };
    this.#held.push(held);
    return held;
  }

  free(): void {
    this.#held = [];
    this.#chunk.reset();
  }

  /** Whether this DuckDB on this machine holds texts as {@link putText} writes them. Nothing is read at an address. */
  hasKnownLayout(): boolean {
    const vector = duckdb.data_chunk_get_vector(this.#chunk.chunk, 0);
    const isAsWritten = [4, INLINE_BYTES, INLINE_BYTES + 1, 1000].every((length) => {
      const bytes = Uint8Array.from({ length }, (_, index) => (index * 7 + 1) & 0xff);
      duckdb.vector_assign_string_element_len(vector, 0, bytes);
      const written = readCell(vector);
      const own = new Uint32Array(STRING_BYTES / 4);
      putText(
        { words: own, bytes: new Uint8Array(own.buffer) },
        0,
        { bytes, address: addressIn(written) },
        0,
        length,
      );
      const isFar = length <= INLINE_BYTES || addressIn(written) > 0;
      return isFar && own.every((word, index) => word === written[index]);
    });
    this.#chunk.reset();
    return isAsWritten;
  }
}

/** Writes the cell of a text: its length, then its bytes, or the first four of them and the address of all. */
export function putText(
  cells: TextCells,
  cell: number,
  { bytes, address }: HeldBytes,
  start: number,
  length: number,
): void {
  const { words } = cells;
  const word = cell * (STRING_BYTES / 4);
  words[word] = length;
  if (length > INLINE_BYTES) {
    words[word + 1] =
      (bytes[start] as number) |
      ((bytes[start + 1] as number) << 8) |
      ((bytes[start + 2] as number) << 16) |
      ((bytes[start + 3] as number) << 24);
    words[word + 2] = (address + start) % WORD;
    words[word + 3] = Math.floor((address + start) / WORD);
    return;
  }
  const at = word * 4 + 4;
  for (let offset = 0; offset < length; offset++) cells.bytes[at + offset] = bytes[start + offset] as number;
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.buffer === other.buffer && one.byteOffset === other.byteOffset && one.length === other.length;
}

function readCell(vector: Vector): Uint32Array {
  return new Uint32Array(duckdb.vector_get_data(vector, STRING_BYTES).slice().buffer);
}

function addressIn(words: Uint32Array): number {
  return (words[3] as number) * WORD + (words[2] as number);
}
