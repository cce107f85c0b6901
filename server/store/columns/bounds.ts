// Bounds: every value that is stored is brought within the limits of its field here (core/field-limits.ts), whoever
// sent it and by whatever way. What was changed is named in `tallyspan.cut_fields` of its event.

import { createHash } from 'node:crypto';
import {
  LIST_LIMITS,
  TEXT_LIMITS,
  TIME_LIMITS,
  numberLimitsOf,
  textLimitOf,
  type NumberLimits,
} from '../../../core/field-limits.ts';
import { addToGroup } from '../../../core/group-by.ts';
import { FIELDS, FIELD_KEYS, type FieldDefinition, type FieldKey } from '../../../core/schema.ts';
import { FIELD_INDEX, TEXT_SCALE, type EventBatch } from './event-batch.ts';

/** Bytes for which a batch is worth copying without what was cut. */
const COMPACT_FROM_BYTES = 1024 * 1024;
const HASH_CHARACTERS = 12;
/** As JSON; an item takes at least two quotes and a comma. */
const SHORT_LIST_BYTES = Math.min(LIST_LIMITS.itemChars, LIST_LIMITS.chars, LIST_LIMITS.items * 3);
const ELLIPSIS = '…';
const MARK_BYTES = Buffer.byteLength(ELLIPSIS) + HASH_CHARACTERS;

/** Sets the field of a row to a value within its limits, if it is not. */
type Bound = (batch: EventBatch, cells: Float64Array, note: (row: number) => void) => void;

const BOUNDS: readonly (Bound | undefined)[] = FIELD_KEYS.map((key) => {
  const { type, text } = FIELDS[key] as FieldDefinition;
  const numbers = numberLimitsOf(key);
  if (numbers !== undefined) return boundNumbers(numbers);
  if (type === 'strings') return boundLists(FIELD_INDEX[key]);
  if (type !== 'string' || key === 'event.name') return undefined;
  return text === 'content' ? dropLongContent(textLimitOf(key)) : boundTexts(textLimitOf(key));
});
const CUT_FIELDS = FIELD_INDEX['tallyspan.cut_fields'];
const CONTENT_CUT = FIELD_INDEX['tallyspan.content_cut'];

/** Brings all values of the batch within their limits. */
export function boundBatch(batch: EventBatch): void {
  const cut = new Map<number, FieldKey[]>();
  let key: FieldKey;
  const note = (row: number): void => {
    addToGroup(cut, row, key);
  };
  for (let field = 0; field < BOUNDS.length; field++) {
    const bound = BOUNDS[field];
    const cells = bound === undefined ? undefined : batch.column(field);
    if (bound === undefined || cells === undefined) continue;
    key = FIELD_KEYS[field] as FieldKey;
    bound(batch, cells, note);
  }
  if (cut.size === 0) return;
  const before = batch.column(CUT_FIELDS);
  for (const [row, keys] of cut) {
    const cell = before?.[row] ?? Number.NaN;
    const known = Number.isNaN(cell) ? [] : batch.list(cell);
    batch.replaceList(row, CUT_FIELDS, [...new Set([...known, ...keys])].slice(0, LIST_LIMITS.items));
  }
  if (batch.heldBytes >= COMPACT_FROM_BYTES) batch.compact();
}

function boundNumbers({ least, most, isLeftOut }: NumberLimits): Bound {
  return (_batch, cells, note) => {
    for (let row = 0; row < cells.length; row++) {
      const cell = cells[row] as number;
      if (cell < least || cell > most) {
        cells[row] = isLeftOut ? Number.NaN : Math.min(most, Math.max(least, cell));
        note(row);
      }
    }
  };
}

function boundTexts(limit: number): Bound {
  return (batch, cells, note) => {
    // Records of one resource share its text. Most columns have none that is too long.
    let known: Map<number, number> | undefined;
    for (let row = 0; row < cells.length; row++) {
      const cell = cells[row] as number;
      if (!(cell - Math.floor(cell / TEXT_SCALE) * TEXT_SCALE > limit)) continue;
      let bounded = known?.get(cell);
      if (bounded === undefined) {
        bounded = batch.addText(cutBytes(batch.bytesOf(cell), limit));
        (known ??= new Map()).set(cell, bounded);
      }
      cells[row] = bounded;
      note(row);
    }
  };
}

/** A part of recorded content replays nothing. */
function dropLongContent(limit: number): Bound {
  return (batch, cells, note) => {
    for (let row = 0; row < cells.length; row++) {
      const cell = cells[row] as number;
      if (!(cell - Math.floor(cell / TEXT_SCALE) * TEXT_SCALE > limit)) continue;
      cells[row] = Number.NaN;
      batch.replaceCell(row, CONTENT_CUT, 1);
      note(row);
    }
  };
}

function boundLists(field: number): Bound {
  return (batch, cells, note) => {
    for (let row = 0; row < cells.length; row++) {
      const cell = cells[row] as number;
      if (Number.isNaN(cell)) continue;
      // Neither are its texts more or longer then than they may be.
      if ((batch.bytesOfList(cell) ?? Infinity) <= SHORT_LIST_BYTES) continue;
      const list = batch.list(cell);
      const bounded = boundList(list);
      if (bounded === list) continue;
      batch.replaceList(row, field, bounded);
      note(row);
    }
  };
}

function boundList(list: readonly string[]): readonly string[] {
  let chars = 0;
  let isLong = list.length > LIST_LIMITS.items;
  for (const item of list) {
    chars += item.length;
    if (item.length > LIST_LIMITS.itemChars) isLong = true;
  }
  if (!isLong && chars <= LIST_LIMITS.chars) return list;
  const bounded: string[] = [];
  let room: number = LIST_LIMITS.chars;
  for (const item of list.slice(0, LIST_LIMITS.items)) {
    const text = boundText(item, LIST_LIMITS.itemChars);
    room -= text.length;
    if (room < 0) break;
    bounded.push(text);
  }
  return bounded;
}

/**
 * A text of at most so many bytes in UTF-8. One that was longer ends with … and a hash of the whole, so that two that
 * differ stay two.
 */
export function boundText(text: string, limitBytes: number): string {
  // A character of a string is at most three bytes.
  if (text.length * 3 <= limitBytes || Buffer.byteLength(text) <= limitBytes) return text;
  return cutBytes(Buffer.from(text), limitBytes);
}

function cutBytes(bytes: Buffer, limitBytes: number): string {
  let end = limitBytes - MARK_BYTES;
  // Not within a character.
  while (end > 0 && ((bytes[end] as number) & 0xc0) === 0x80) end--;
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, HASH_CHARACTERS);
  return bytes.subarray(0, end).toString('utf8') + ELLIPSIS + hash;
}

/** An instant of a span, Unix milliseconds with their fraction. */
export function boundTime(millis: number): number {
  return Number.isFinite(millis)
    ? Math.min(TIME_LIMITS.most, Math.max(TIME_LIMITS.least, millis))
    : TIME_LIMITS.least;
}

/** Characters of the attributes of a span as JSON. */
const ATTRIBUTES_CHARS = 64 * 1024;

/** Attributes of a span as JSON; long texts are cut, and what is beyond 64 K characters is left out. */
export function attributesJson(attributes: Readonly<Record<string, unknown>>): string {
  const json = JSON.stringify(attributes);
  if (json.length <= TEXT_LIMITS.prose) return json;
  const bounded: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  let room = ATTRIBUTES_CHARS;
  for (const [key, value] of Object.entries(attributes)) {
    const name = boundText(key, TEXT_LIMITS.name);
    const kept = boundValue(value);
    room -= name.length + JSON.stringify(kept).length;
    if (room < 0) break;
    bounded[name] = kept;
  }
  return JSON.stringify(bounded);
}

/** A list or a map that is too long becomes a text, cut. */
function boundValue(value: unknown): unknown {
  if (typeof value === 'string') return boundText(value, TEXT_LIMITS.prose);
  if (typeof value !== 'object' || value === null) return value;
  const json = JSON.stringify(value);
  return json.length <= TEXT_LIMITS.prose ? value : boundText(json, TEXT_LIMITS.prose);
}
