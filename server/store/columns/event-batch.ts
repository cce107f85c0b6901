// An event batch holds events as cells: one number per field and row, laid out by field. A text is not made
// a string but stays where it came in: its cell says where its bytes are. Most fields of most events go from
// the body of a request to the column of a table and are looked at by nobody.

import type { EventRecord } from '../../../core/event.ts';
import { addToGroup } from '../../../core/group-by.ts';
import {
  EVENT_NAMES,
  FIELDS,
  FIELD_KEYS,
  type EventName,
  type FieldKey,
  type FieldType,
} from '../../../core/schema.ts';

/** Place of a field in the schema. */
export type FieldIndex = number;

export const FIELD_INDEX = Object.fromEntries(FIELD_KEYS.map((key, index) => [key, index])) as Readonly<
  Record<FieldKey, FieldIndex>
>;
const NAME = FIELD_INDEX['event.name'];
export const FIELD_TYPES: readonly FieldType[] = FIELD_KEYS.map((key) => FIELDS[key].type);

const NAMES_TEXT = Buffer.from(EVENT_NAMES.join(''));
/** Where each name stands in that text, and the other way round. */
const NAME_STARTS = new Map<EventName, number>();
const NAMES_BY_START = new Map<number, EventName>();
for (const [index, name] of EVENT_NAMES.entries()) {
  const start = EVENT_NAMES.slice(0, index).join('').length;
  NAME_STARTS.set(name, start);
  NAMES_BY_START.set(start, name);
}

/** A text cell is start × this + length: both are exact, as a body has at most 20 MB. */
export const TEXT_SCALE = 2 ** 25;

/** Columns of cells that are kept for the next batches, all without a value, by their rows. */
const kept = new Map<number, Float64Array[]>();
let keptBytes = 0;
/** Those of a few requests of some hundred events. */
const KEPT_BYTES_LIMIT = 6 * 1024 * 1024;

/** Rows that a column has room for. */
function roomFor(rows: number): number {
  return Math.max(64, 2 ** Math.ceil(Math.log2(rows)));
}

function takeColumn(rows: number): Float64Array {
  const found = kept.get(rows)?.pop();
  if (found === undefined) return new Float64Array(rows).fill(Number.NaN);
  keptBytes -= found.byteLength;
  return found;
}

/** `used`: rows that may have a value. */
function keepColumn(column: Float64Array, used: number): void {
  if (keptBytes + column.byteLength > KEPT_BYTES_LIMIT) return;
  column.fill(Number.NaN, 0, used);
  addToGroup(kept, column.length, column);
  keptBytes += column.byteLength;
}

/**
 * Whoever makes a batch fills it row by row: sets the fields of the row {@link rows}, then {@link endRow}.
 * Values must have the types of their fields.
 */
export class EventBatch {
  /** Bytes that texts may point at: those of the request. */
  body: Buffer;
  /** Rows that are finished. */
  rows = 0;
  /** Texts that are not in the body as they have to be stored; their starts count from the end of the body. */
  #extra: Buffer;
  #extraLength: number;
  /** Whether the bytes of texts are another batch's. */
  #isBorrower: boolean;
  readonly #room: number;
  /** Cells of each field that has some. */
  readonly #columns: (Float64Array | undefined)[] = FIELD_KEYS.map(() => undefined);
  /** A list that stands in the body as plain JSON is its place there: it is made where somebody asks for it. */
  readonly #lists: (readonly string[] | number)[] = [];

  /** `capacity`: rows that it can hold; `lender`: whose body it has, and whose other texts. */
  constructor(body: Uint8Array, capacity: number, lender?: EventBatch) {
    this.body = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    this.#room = roomFor(capacity);
    this.#isBorrower = lender !== undefined;
    this.#extra = lender?.extra ?? Buffer.allocUnsafe(NAMES_TEXT.length + 1024 + capacity * 50);
    this.#extraLength = lender === undefined ? NAMES_TEXT.length : this.#extra.length;
    if (lender === undefined) NAMES_TEXT.copy(this.#extra);
  }

  /** An empty batch that text cells of this one mean the same in. It must be released before this one is. */
  borrower(capacity: number): EventBatch {
    return new EventBatch(this.body, capacity, this);
  }

  /** A batch of event records. */
  static of(events: readonly EventRecord[]): EventBatch {
    const batch = new EventBatch(new Uint8Array(0), events.length);
    for (const event of events) {
      batch.setEvent(event);
      batch.endRow();
    }
    return batch;
  }

  get extra(): Buffer {
    return this.#extra.subarray(0, this.#extraLength);
  }

  /** Cells of a field, by row; NaN where there is no value. Undefined when no row has one. */
  column(field: FieldIndex): Float64Array | undefined {
    return this.#columns[field]?.subarray(0, this.rows);
  }

  /** Cells of a field, by row, to be written: those of rows that are not finished, too. */
  cellsOf(field: FieldIndex): Float64Array {
    return (this.#columns[field] ??= takeColumn(this.#room));
  }

  list(cell: number): readonly string[] {
    const list = this.#lists[cell] as readonly string[] | number;
    return typeof list === 'number' ? this.#listAt(list) : list;
  }

  #listAt(place: number): readonly string[] {
    const start = Math.floor(place / TEXT_SCALE);
    const json = this.body.toString('latin1', start, start + (place - start * TEXT_SCALE));
    return JSON.parse(json) as readonly string[];
  }

  /** Bytes of a list where it stands in the body, more than its texts have; undefined where it does not. */
  bytesOfList(cell: number): number | undefined {
    const list = this.#lists[cell];
    return typeof list === 'number' ? list % TEXT_SCALE : undefined;
  }

  endRow(): void {
    this.rows++;
  }

  /** Finishes rows of one event whose other cells were written. */
  endRowsOf(name: EventName, count: number): void {
    const start = this.body.length + (NAME_STARTS.get(name) as number);
    this.cellsOf(NAME).fill(start * TEXT_SCALE + name.length, this.rows, this.rows + count);
    this.rows += count;
  }

  /** Leaves out what was set of the row that is not finished. */
  clearRow(): void {
    for (const column of this.#columns) if (column !== undefined) column[this.rows] = Number.NaN;
  }

  /** Sets a number, an instant (Unix milliseconds), 0 or 1 for a boolean, or a text by its place. */
  setCell(field: FieldIndex, cell: number): void {
    const column = this.#columns[field] ?? this.cellsOf(field);
    column[this.rows] = cell;
  }

  /** Sets a text that stands in the body in valid UTF-8. */
  setBytes(field: FieldIndex, start: number, end: number): void {
    this.setCell(field, start * TEXT_SCALE + (end - start));
  }

  setText(field: FieldIndex, text: string): void {
    this.setCell(field, this.addText(text));
  }

  setList(field: FieldIndex, list: readonly string[]): void {
    this.setCell(field, this.#lists.push(list) - 1);
  }

  /** Sets a list of texts that stands in the body as JSON, in ASCII and without escapes. */
  setListBytes(field: FieldIndex, start: number, end: number): void {
    this.setCell(field, this.#lists.push(start * TEXT_SCALE + (end - start)) - 1);
  }

  setName(name: EventName): void {
    const start = this.body.length + (NAME_STARTS.get(name) as number);
    this.setCell(NAME, start * TEXT_SCALE + name.length);
  }

  setEvent(event: Partial<EventRecord>): void {
    for (const key in event) {
      const field = FIELD_INDEX[key as FieldKey] as FieldIndex | undefined;
      const value = event[key as FieldKey] as unknown;
      if (field === undefined || value === undefined || value === null) continue;
      if (key === 'event.name') this.setName(value as EventName);
      else if (typeof value === 'string') this.setText(field, value);
      else if (Array.isArray(value)) this.setList(field, value as readonly string[]);
      else this.setCell(field, Number(value));
    }
  }

  /** Changes a finished row. */
  markDuplicate(row: number): void {
    this.replaceCell(row, FIELD_INDEX['tallyspan.duplicate'], 1);
  }

  /** Changes a finished row. */
  replaceCell(row: number, field: FieldIndex, cell: number): void {
    this.cellsOf(field)[row] = cell;
  }

  /** Changes a finished row. */
  replaceList(row: number, field: FieldIndex, list: readonly string[]): void {
    this.replaceCell(row, field, this.#lists.push(list) - 1);
  }

  /** Changes a finished row. */
  replaceText(row: number, field: FieldIndex, text: string): void {
    this.replaceCell(row, field, this.addText(text));
  }

  number(row: number, key: FieldKey): number | undefined {
    const cell = this.#columns[FIELD_INDEX[key]]?.[row];
    return cell === undefined || Number.isNaN(cell) ? undefined : cell;
  }

  text(row: number, key: FieldKey): string | undefined {
    const cell = this.number(row, key);
    if (cell === undefined) return undefined;
    const start = Math.floor(cell / TEXT_SCALE);
    const length = cell - start * TEXT_SCALE;
    const from = start - this.body.length;
    // No view is made of what becomes a string at once: there are thousands a second.
    if (from < 0) return this.body.toString('utf8', start, start + length);
    return this.#extra.toString('utf8', from, from + length);
  }

  /** The bytes that the cell of a text points at, where they are. */
  bytesOf(cell: number): Buffer {
    const start = Math.floor(cell / TEXT_SCALE);
    const length = cell - start * TEXT_SCALE;
    const from = start - this.body.length;
    return from < 0 ? this.body.subarray(start, start + length) : this.#extra.subarray(from, from + length);
  }

  /** Bytes that it holds for its texts, whether they are used or not. */
  get heldBytes(): number {
    return this.body.length + this.#extraLength;
  }

  /** Frees the bytes that no text points at; the body is not used any more. */
  compact(): void {
    for (let cell = 0; cell < this.#lists.length; cell++) this.#lists[cell] = this.list(cell);
    const bodyLength = this.body.length;
    const used: { readonly values: Float64Array; readonly isName: boolean }[] = [];
    let bytes = NAMES_TEXT.length;
    for (let field = 0; field < FIELD_KEYS.length; field++) {
      const values = FIELD_TYPES[field] === 'string' ? this.column(field) : undefined;
      if (values === undefined) continue;
      used.push({ values, isName: field === NAME });
      if (field === NAME) continue;
      for (const cell of values) if (!Number.isNaN(cell)) bytes += cell % TEXT_SCALE;
    }
    const texts = Buffer.allocUnsafe(bytes + 1024);
    NAMES_TEXT.copy(texts);
    let length = NAMES_TEXT.length;
    // Records of one resource share its text.
    const moved = new Map<number, number>();
    for (const { values, isName } of used)
      for (const [row, cell] of values.entries()) {
        if (Number.isNaN(cell)) continue;
        if (isName) {
          values[row] = cell - bodyLength * TEXT_SCALE;
          continue;
        }
        let to = moved.get(cell);
        if (to === undefined) {
          const text = this.bytesOf(cell);
          text.copy(texts, length);
          to = length * TEXT_SCALE + text.length;
          length += text.length;
          moved.set(cell, to);
        }
        values[row] = to;
      }
    this.#freeTexts();
    this.#extra = texts;
    this.#extraLength = length;
  }

  #freeTexts(): void {
    if (!this.#isBorrower) {
      freeBytes(this.body);
      freeBytes(this.#extra);
    }
    this.#isBorrower = false;
    this.body = NOTHING;
    this.#extra = NOTHING;
  }

  name(row: number): EventName {
    const cell = this.#columns[NAME]?.[row] as number;
    return NAMES_BY_START.get(Math.floor(cell / TEXT_SCALE) - this.body.length) as EventName;
  }

  /** Gives back all memory at once, that of the body included: the batch and its body must not be used any more. */
  release(): void {
    this.#freeTexts();
    for (const [field, column] of this.#columns.entries()) {
      if (column === undefined) continue;
      keepColumn(column, this.rows + 1);
      this.#columns[field] = undefined;
    }
  }

  /** Takes a text in; its cell. */
  addText(text: string): number {
    // A character of a string is at most three bytes.
    this.#reserve(text.length * 3);
    const length = this.#extra.write(text, this.#extraLength, 'utf8');
    const cell = (this.body.length + this.#extraLength) * TEXT_SCALE + length;
    this.#extraLength += length;
    return cell;
  }

  /** Takes in the bytes in hexadecimal; its cell. */
  addHex(bytes: Uint8Array, start: number, end: number): number {
    const length = (end - start) * 2;
    this.#reserve(length);
    const extra = this.#extra;
    let at = this.#extraLength;
    for (let index = start; index < end; index++) {
      const byte = bytes[index] as number;
      extra[at++] = HEX[byte >> 4] as number;
      extra[at++] = HEX[byte & 15] as number;
    }
    const cell = (this.body.length + this.#extraLength) * TEXT_SCALE + length;
    this.#extraLength = at;
    return cell;
  }

  #reserve(bytes: number): void {
    const wanted = this.#extraLength + bytes;
    if (wanted <= this.#extra.length) return;
    const larger = Buffer.allocUnsafe(Math.max(wanted, 2 * this.#extra.length));
    this.#extra.copy(larger, 0, 0, this.#extraLength);
    // What was borrowed stays the lender's; where it was not, it is collected.
    this.#extra = larger;
  }
}

const NOTHING = Buffer.alloc(0);
/** ES2024, which the compiler's library does not know yet. */
type Transferable = ArrayBuffer & { transfer(length: number): ArrayBuffer };

/** Bytes of requests would wait for the garbage collector, which does not see them as the megabytes that they are. */
function freeBytes(bytes: Uint8Array): void {
  const { buffer } = bytes;
  if (!(buffer instanceof ArrayBuffer) || bytes.byteLength === 0) return;
  // A buffer that others may have a part of, such as Node's pool for small ones, is left alone.
  if (buffer.byteLength === bytes.byteLength) (buffer as Transferable).transfer(0);
}

const HEX = Buffer.from('0123456789abcdef');
