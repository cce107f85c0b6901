// An event line is the body of a record of ours: the event as one line of JSON, flat. As the instrumentation
// writes it (no blanks, no escapes, plain ASCII) it is read where it stands, into the cells of a batch; any other
// line, also one that is no JSON at all, is read as `core/event.ts` says.

import { decodeEvent } from '../../core/event.ts';
import { FIELD_INDEX, FIELD_TYPES, type EventBatch } from '../store/columns/event-batch.ts';
import { findEventName, findField } from './field-names.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const ZERO = 0x30;
const NINE = 0x39;

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/** Digits that are a safe integer whatever they are. */
const SAFE_DIGITS = 15;
const TIMESTAMP = FIELD_INDEX['timestamp'];
const NAME = FIELD_INDEX['event.name'];

/** What it is not written as, for the reader of plain lines. */
const NOT_PLAIN = -1;

/** Sets the fields of the line in the batch's next row; false when the line is no event, and nothing is set. */
export function readEventLine(batch: EventBatch, start: number, end: number): boolean {
  if (readPlainLine(batch, start, end)) return true;
  batch.clearRow();
  const event = decodeEvent(batch.body.toString('utf8', start, end));
  if (event === undefined) return false;
  batch.setEvent(event);
  return true;
}

function readPlainLine(batch: EventBatch, start: number, end: number): boolean {
  const { body } = batch;
  if (end - start < 2 || body[start] !== OPEN || body[end - 1] !== CLOSE) return false;
  let hasTime = false;
  let hasName = false;
  let at = start + 1;
  for (;;) {
    if (body[at] !== QUOTE) return false;
    const keyEnd = textEnd(body, at + 1, end);
    if (keyEnd === NOT_PLAIN || body[keyEnd + 1] !== COLON) return false;
    const field = findField(body, at + 1, keyEnd);
    at = keyEnd + 2;
    const first = body[at] as number;
    if (first === QUOTE) {
      const valueEnd = textEnd(body, at + 1, end);
      if (valueEnd === NOT_PLAIN) return false;
      if (field === TIMESTAMP) {
        const millis = Date.parse(asciiOf(body, at + 1, valueEnd));
        if (Number.isNaN(millis)) return false;
        batch.setCell(TIMESTAMP, millis);
        hasTime = true;
      } else if (field === NAME) {
        const name = findEventName(body, at + 1, valueEnd);
        if (name === undefined) return false;
        batch.setName(name);
        hasName = true;
      } else if (field >= 0 && FIELD_TYPES[field] === 'string') batch.setBytes(field, at + 1, valueEnd);
      at = valueEnd + 1;
    } else if (field === TIMESTAMP || field === NAME) return false;
    else if (first === MINUS || (first >= ZERO && first <= NINE)) {
      const valueEnd = numberEnd(body, at, end);
      const value = numberOf(body, at, valueEnd);
      if (Number.isNaN(value)) return false;
      if (field >= 0 && isNumberOf(field, value)) batch.setCell(field, value);
      at = valueEnd;
    } else if (first === OPEN_LIST) {
      const valueEnd = listEnd(body, at, end);
      if (valueEnd === NOT_PLAIN) return false;
      if (field >= 0 && FIELD_TYPES[field] === 'strings') batch.setListBytes(field, at, valueEnd);
      at = valueEnd;
    } else {
      const word = wordOf(body, at);
      if (word === undefined) return false;
      if (field >= 0 && FIELD_TYPES[field] === 'bool' && word !== 'null')
        batch.setCell(field, word === 'true' ? 1 : 0);
      at += word.length;
    }
    if (at === end - 1) return hasTime && hasName;
    if (body[at] !== COMMA) return false;
    at++;
  }
}

/** Whether a number is a value of the field. */
export function isNumberOf(field: number, value: number): boolean {
  const type = FIELD_TYPES[field];
  return type === 'int' ? Number.isSafeInteger(value) : type === 'float' && Number.isFinite(value);
}

/** Index of the quote that ends a text. */
function textEnd(body: Buffer, start: number, end: number): number {
  for (let at = start; at < end; at++) {
    const byte = body[at] as number;
    if (byte === QUOTE) return at;
    if (byte === BACKSLASH || byte < 0x20 || byte > 0x7e) return NOT_PLAIN;
  }
  return NOT_PLAIN;
}

function numberEnd(body: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && body[at] !== COMMA && body[at] !== CLOSE && body[at] !== CLOSE_LIST) at++;
  return at;
}

/** NaN when it is no number of JSON. */
function numberOf(body: Buffer, start: number, end: number): number {
  const isNegative = body[start] === MINUS;
  const digits = isNegative ? start + 1 : start;
  const count = end - digits;
  let value = 0;
  let at = digits;
  if (count <= SAFE_DIGITS)
    for (; at < end; at++) {
      const digit = (body[at] as number) - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
  const isPlain = at === end && count > 0 && (count === 1 || body[digits] !== ZERO);
  if (isPlain) return isNegative ? -value : value;
  const text = asciiOf(body, start, end);
  return NUMBER.test(text) ? Number(text) : Number.NaN;
}

/** Index after the list of texts. */
function listEnd(body: Buffer, start: number, end: number): number {
  if (body[start + 1] === CLOSE_LIST) return start + 2;
  for (let at = start + 1; ;) {
    if (body[at] !== QUOTE) return NOT_PLAIN;
    const itemEnd = textEnd(body, at + 1, end);
    if (itemEnd === NOT_PLAIN) return NOT_PLAIN;
    if (body[itemEnd + 1] === CLOSE_LIST) return itemEnd + 2;
    if (body[itemEnd + 1] !== COMMA) return NOT_PLAIN;
    at = itemEnd + 2;
  }
}

const WORDS = ['true', 'false', 'null'] as const;

function wordOf(body: Buffer, start: number): (typeof WORDS)[number] | undefined {
  return WORDS.find((word) => {
    for (let index = 0; index < word.length; index++)
      if (body[start + index] !== word.charCodeAt(index)) return false;
    return true;
  });
}

function asciiOf(body: Buffer, start: number, end: number): string {
  return body.toString('latin1', start, end);
}
