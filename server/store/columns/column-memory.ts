// Column memory: what the appenders share of writing into DuckDB's vectors.

import duckdb from '@duckdb/node-bindings';

const WORD = 2 ** 32;

export type Vector = ReturnType<typeof duckdb.data_chunk_get_vector>;

/** One bit per row, set where there is a value; none is. */
export function newValidity(rows: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Math.ceil(rows / 64) * 8);
}

/** There is a value in the row. */
export function markValid(valid: Uint8Array, index: number): void {
  valid[index >> 3] = (valid[index >> 3] as number) | (1 << (index & 7));
}

export function writeValidity(vector: Vector, valid: Uint8Array<ArrayBuffer>): void {
  duckdb.vector_ensure_validity_writable(vector);
  duckdb.copy_data_to_vector_validity(vector, 0, valid.buffer, 0, valid.byteLength);
}

/** A safe integer as the two halves of 64 bits: exact, and cheaper than a BigInt each. */
export function putInt64(data: Int32Array, index: number, value: number): void {
  data[index * 2] = value | 0;
  data[index * 2 + 1] = Math.floor(value / WORD);
}

export function assignString(vector: Vector, index: number, value: string): void {
  // The plain call takes a C string, which would end at a NUL.
  if (value.includes('\0')) duckdb.vector_assign_string_element_len(vector, index, Buffer.from(value));
  else duckdb.vector_assign_string_element(vector, index, value);
}

/** Writes the lists of a column of `rows` rows, each with its row. */
export function assignList(
  vector: Vector,
  rows: number,
  lists: readonly (readonly [number, readonly string[]])[],
): void {
  const entries = new BigUint64Array(rows * 2);
  const items: string[] = [];
  for (const [row, list] of lists) {
    entries[row * 2] = BigInt(items.length);
    entries[row * 2 + 1] = BigInt(list.length);
    for (const item of list) items.push(item);
  }
  duckdb.list_vector_reserve(vector, items.length);
  duckdb.list_vector_set_size(vector, items.length);
  const child = duckdb.list_vector_get_child(vector);
  for (const [index, item] of items.entries()) assignString(child, index, item);
  duckdb.copy_data_to_vector(vector, 0, entries.buffer, 0, entries.byteLength);
}
