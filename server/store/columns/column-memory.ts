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

/** Writes the bits of the first `rows` rows. */
export function writeValidity(vector: Vector, valid: Uint8Array<ArrayBuffer>, rows: number): void {
  duckdb.vector_ensure_validity_writable(vector);
  duckdb.copy_data_to_vector_validity(vector, 0, valid.buffer, 0, Math.ceil(rows / 64) * 8);
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
  // Place and length of each list, 64 bits each: the lower halves are enough.
  const entries = new Uint32Array(rows * 4);
  const items: string[] = [];
  for (const [row, list] of lists) {
    entries[row * 4] = items.length;
    entries[row * 4 + 2] = list.length;
    for (const item of list) items.push(item);
  }
  duckdb.list_vector_reserve(vector, items.length);
  duckdb.list_vector_set_size(vector, items.length);
  const child = duckdb.list_vector_get_child(vector);
  for (let index = 0; index < items.length; index++) assignString(child, index, items[index] as string);
  duckdb.copy_data_to_vector(vector, 0, entries.buffer, 0, entries.byteLength);
}
