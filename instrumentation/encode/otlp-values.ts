// OTLP values as protobuf: what spans, log records and resources share.

import { ANY_VALUE, KEY_VALUE, LOG_RECORD, VALUE_LIST } from '../../core/otlp/otlp-fields.ts';
import type { Attributes, HrTime, SpanContext } from '@opentelemetry/api';
import {
  BYTES,
  doubleText,
  FIXED32,
  fixed32Text,
  FIXED64,
  hexText,
  sizedText,
  tagText,
  timeText,
  utf8Text,
  VARINT,
  varintText,
  type ByteText,
} from './byte-text.ts';

const MAX_INT64 = 2 ** 63;
const KEY_TAG = tagText(KEY_VALUE.key, BYTES);
const VALUE_TAG = tagText(KEY_VALUE.value, BYTES);
const STRING_TAG = tagText(ANY_VALUE.string, BYTES);
const BOOL_TAG = tagText(ANY_VALUE.bool, VARINT);
const INT_TAG = tagText(ANY_VALUE.int, VARINT);
const DOUBLE_TAG = tagText(ANY_VALUE.double, FIXED64);
const ARRAY_TAG = tagText(ANY_VALUE.array, BYTES);
const MAP_TAG = tagText(ANY_VALUE.map, BYTES);
const BYTES_TAG = tagText(ANY_VALUE.bytes, BYTES);
const ITEM_TAG = tagText(VALUE_LIST.values, BYTES);
const FLAGS_TAG = tagText(LOG_RECORD.flags, FIXED32);

/** Each attribute as a KeyValue in the given field. */
export function attributesText(field: number, attributes: Attributes): ByteText {
  const tag = tagText(field, BYTES);
  let text = '';
  for (const key in attributes) {
    if (Object.hasOwn(attributes, key)) text += tag + pairText(keyText(key), attributes[key]);
  }
  return text;
}

/** The key of a KeyValue. */
export function keyText(key: string): ByteText {
  return KEY_TAG + sizedText(utf8Text(key));
}

/** A KeyValue with its length. */
export function pairText(key: ByteText, value: unknown): ByteText {
  return sizedText(key + VALUE_TAG + sizedText(anyValueText(value)));
}

/** An AnyValue. `null`, `undefined` and functions are an empty one. */
export function anyValueText(value: unknown): ByteText {
  switch (typeof value) {
    case 'string':
      return STRING_TAG + sizedText(utf8Text(value));
    case 'boolean':
      return BOOL_TAG + varintText(value ? 1 : 0);
    case 'number':
      return Number.isInteger(value) && value >= -MAX_INT64 && value < MAX_INT64
        ? INT_TAG + varintText(value)
        : DOUBLE_TAG + doubleText(value);
    case 'object':
      return value === null ? '' : objectText(value);
    default:
      return '';
  }
}

function objectText(value: object): ByteText {
  if (value instanceof Uint8Array)
    return (
      BYTES_TAG + sizedText(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1'))
    );
  if (!Array.isArray(value))
    return MAP_TAG + sizedText(attributesText(VALUE_LIST.values, value as Attributes));
  let items = '';
  for (const item of value as unknown[]) items += ITEM_TAG + sizedText(anyValueText(item));
  return ARRAY_TAG + sizedText(items);
}

/** A time in a field. */
export function timeField(field: number, [seconds, nanoseconds]: HrTime): ByteText {
  return tagText(field, FIXED64) + timeText(seconds, nanoseconds);
}

/** A text in a field, left out where there is none. */
export function textField(field: number, text: string | undefined): ByteText {
  return text === undefined || text === '' ? '' : bytesField(field, utf8Text(text));
}

/** Bytes or a message in a field. */
export function bytesField(field: number, bytes: ByteText): ByteText {
  return tagText(field, BYTES) + sizedText(bytes);
}

/** A count in a field, left out where it is 0. */
export function countField(field: number, count: number | undefined): ByteText {
  return count === undefined || count === 0 ? '' : tagText(field, VARINT) + varintText(count);
}

/** Ids of one kind, in hex digits: the last one is remembered, as most come several times in a row. */
class Ids {
  #last = '';
  #bytes: ByteText = '';

  /** An id in a field, left out where there is none. */
  field(field: number, id: string | undefined): ByteText {
    if (id === undefined || id === '') return '';
    if (id !== this.#last) {
      this.#bytes = sizedText(hexText(id));
      this.#last = id;
    }
    return tagText(field, BYTES) + this.#bytes;
  }
}

export const traceIds = new Ids();
export const spanIds = new Ids();
export const parentIds = new Ids();

/** The span that a log record belongs to. */
export function spanContextText({ traceFlags, traceId, spanId }: SpanContext): ByteText {
  const flags = traceFlags === 0 ? '' : FLAGS_TAG + fixed32Text(traceFlags);
  return flags + traceIds.field(LOG_RECORD.traceId, traceId) + spanIds.field(LOG_RECORD.spanId, spanId);
}
