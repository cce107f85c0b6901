// OTLP values as protobuf: what spans and log records share.

import { ANY_VALUE, KEY_VALUE, LOG_RECORD, VALUE_LIST } from '../../core/otlp/otlp-fields.ts';
import type { Attributes, HrTime, SpanContext } from '@opentelemetry/api';
import { readWithoutForeignContent } from '../../core/foreign-content.ts';
import { BYTES, FIXED32, FIXED64, VARINT, type ProtobufWriter } from './protobuf-writer.ts';

const MIN_INT64 = -(2 ** 63);
const MAX_INT64 = 2 ** 63;

/** Each attribute as a KeyValue in the given field. */
export function writeAttributes(writer: ProtobufWriter, field: number, attributes: Attributes): void {
  for (const key in attributes) {
    if (!Object.hasOwn(attributes, key)) continue;
    writer.tag(field, BYTES);
    writeKeyValue(writer, key, attributes[key]);
  }
}

/** Like {@link writeAttributes}, with a length in the place of each text that may be content. */
export function writeHarmlessAttributes(writer: ProtobufWriter, field: number, attributes: Attributes): void {
  readWithoutForeignContent(attributes, (key, value) => {
    writer.tag(field, BYTES);
    writeKeyValue(writer, key, value);
  });
}

function writeKeyValue(writer: ProtobufWriter, key: string, value: unknown): void {
  const pair = writer.open();
  writer.tag(KEY_VALUE.key, BYTES);
  writer.text(key);
  writer.tag(KEY_VALUE.value, BYTES);
  writeAnyValue(writer, value);
  writer.close(pair);
}

/** One AnyValue with its length. `null`, `undefined` and functions are an empty one. */
export function writeAnyValue(writer: ProtobufWriter, value: unknown): void {
  const mark = writer.open();
  switch (typeof value) {
    case 'string':
      writer.tag(ANY_VALUE.string, BYTES);
      writer.text(value);
      break;
    case 'boolean':
      writer.tag(ANY_VALUE.bool, VARINT);
      writer.varint(value ? 1 : 0);
      break;
    case 'number':
      if (Number.isInteger(value) && value >= MIN_INT64 && value < MAX_INT64) {
        writer.tag(ANY_VALUE.int, VARINT);
        writer.varint(value);
      } else {
        writer.tag(ANY_VALUE.double, FIXED64);
        writer.double(value);
      }
      break;
    case 'object':
      if (value !== null) writeObject(writer, value);
      break;
    default:
  }
  writer.close(mark);
}

function writeObject(writer: ProtobufWriter, value: object): void {
  if (value instanceof Uint8Array) {
    writer.tag(ANY_VALUE.bytes, BYTES);
    writer.bytes(value);
    return;
  }
  const isList = Array.isArray(value);
  writer.tag(isList ? ANY_VALUE.array : ANY_VALUE.map, BYTES);
  const mark = writer.open();
  if (isList) {
    for (const item of value as unknown[]) {
      writer.tag(VALUE_LIST.values, BYTES);
      writeAnyValue(writer, item);
    }
  } else writeAttributes(writer, VALUE_LIST.values, value as Attributes);
  writer.close(mark);
}

export function writeTime(writer: ProtobufWriter, field: number, [seconds, nanoseconds]: HrTime): void {
  writer.tag(field, FIXED64);
  writer.time(seconds, nanoseconds);
}

/** A text, left out where there is none. */
export function writeText(writer: ProtobufWriter, field: number, text: string | undefined): void {
  if (text === undefined || text === '') return;
  writer.tag(field, BYTES);
  writer.text(text);
}

/** An id in hex digits, left out where there is none. */
export function writeId(writer: ProtobufWriter, field: number, id: string | undefined): void {
  if (id === undefined || id === '') return;
  writer.tag(field, BYTES);
  writer.hex(id);
}

/** A count, left out where it is 0. */
export function writeCount(writer: ProtobufWriter, field: number, count: number | undefined): void {
  if (count === undefined || count === 0) return;
  writer.tag(field, VARINT);
  writer.varint(count);
}

/** The span that a log record belongs to. */
export function writeSpanContext(writer: ProtobufWriter, context: SpanContext): void {
  if (context.traceFlags !== 0) {
    writer.tag(LOG_RECORD.flags, FIXED32);
    writer.fixed32(context.traceFlags);
  }
  writeId(writer, LOG_RECORD.traceId, context.traceId);
  writeId(writer, LOG_RECORD.spanId, context.spanId);
}
