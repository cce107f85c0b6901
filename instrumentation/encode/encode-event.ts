// An event as a protobuf LogRecord of OTLP, straight from its fields: one walk over those it has writes the
// attributes and the JSON line that is the body. What never changes about a field is made beforehand.

import { ANY_VALUE, KEY_VALUE, LOG_RECORD } from '../../core/otlp/otlp-fields.ts';
import type { SpanContext } from '@opentelemetry/api';
import type { EventRecord } from '../../core/event.ts';
import { cutSentValue, SENT_NAME_CHARS } from '../../core/field-limits.ts';
import {
  FIELD_KEYS,
  FIELDS,
  type EventName,
  type FieldDefinition,
  type FieldKey,
  type FieldValue,
} from '../../core/schema.ts';
import { writeAnyValue, writeSpanContext, writeText } from './otlp-values.ts';
import { BYTES, FIXED64, ProtobufWriter } from './protobuf-writer.ts';

export type Fields = Partial<Omit<EventRecord, 'timestamp' | 'event.name'>>;

/** What the process adds to the fields of an event. */
export interface EventHeader {
  /** Unix milliseconds. */
  readonly timestamp: number;
  readonly 'event.name': EventName;
  readonly trace_id: string;
  readonly span_id: string;
  readonly 'service.name': string;
  readonly 'service.version': string | undefined;
  readonly 'service.instance.id': string;
  readonly 'tallyspan.process_id': string | undefined;
  readonly 'tallyspan.seq': number;
}

interface WrittenField {
  /** What stands before the value in the line. */
  readonly lineStart: Uint8Array;
  /** Its KeyValue up to the value, from the tag on, with an empty length; none where the field is no attribute. */
  readonly attributeStart: Uint8Array | undefined;
}

type Value = FieldValue<FieldKey>;

/** Where the length stands in an attribute's start. */
const LENGTH_AT = 1;
const WRITTEN_FIELDS: ReadonlyMap<string, WrittenField> = new Map(
  FIELD_KEYS.filter((key) => key !== 'timestamp').map((key) => [key, describeField(key)]),
);

/**
 * Writes the record and, apart, its line; both writers are empty before. The line has the fields of the header
 * first and the others in the order they have.
 */
export function encodeEventRecord(
  record: ProtobufWriter,
  line: ProtobufWriter,
  header: EventHeader,
  fields: Fields,
  span: SpanContext,
  common?: Fields,
): void {
  line.characters(lineStartAt(header.timestamp));
  writeField(record, line, 'event.name', header['event.name']);
  writeField(record, line, 'trace_id', header.trace_id);
  writeField(record, line, 'span_id', header.span_id);
  const origin = originOf(header);
  line.raw(origin.line);
  record.raw(origin.attributes);
  writeField(record, line, 'tallyspan.seq', header['tallyspan.seq']);
  if (common !== undefined)
    for (const key in common) writeField(record, line, key, common[key as keyof Fields]);
  for (const key in fields) writeField(record, line, key, fields[key as keyof Fields]);
  line.characters('}');
  const seconds = Math.floor(header.timestamp / 1_000);
  const nanoseconds = (header.timestamp - seconds * 1_000) * 1_000_000;
  record.tag(LOG_RECORD.time, FIXED64);
  record.time(seconds, nanoseconds);
  record.tag(LOG_RECORD.observedTime, FIXED64);
  record.time(seconds, nanoseconds);
  record.tag(LOG_RECORD.body, BYTES);
  const body = record.open();
  record.tag(ANY_VALUE.string, BYTES);
  record.message(line);
  record.close(body);
  writeSpanContext(record, span);
  writeText(record, LOG_RECORD.eventName, header['event.name']);
}

function writeField(
  record: ProtobufWriter,
  line: ProtobufWriter,
  key: string,
  unbound: Value | undefined,
): void {
  if (unbound === undefined) return;
  const field = WRITTEN_FIELDS.get(key);
  if (field === undefined) return;
  // Most texts are short, and nothing of them is cut.
  const isShort = typeof unbound === 'string' && unbound.length <= SENT_NAME_CHARS;
  const value = typeof unbound === 'number' || isShort ? unbound : cutSentValue(key as FieldKey, unbound);
  line.raw(field.lineStart);
  line.json(value);
  if (field.attributeStart === undefined) return;
  const mark = record.length + LENGTH_AT;
  record.raw(field.attributeStart);
  writeAnyValue(record, value);
  record.close(mark);
}

function describeField(key: FieldKey): WrittenField {
  const lineStart = new ProtobufWriter(key.length + 8);
  lineStart.characters(`,${JSON.stringify(key)}:`);
  const attributeStart = new ProtobufWriter(key.length + 8);
  attributeStart.tag(LOG_RECORD.attributes, BYTES);
  attributeStart.open();
  attributeStart.tag(KEY_VALUE.key, BYTES);
  attributeStart.text(key);
  attributeStart.tag(KEY_VALUE.value, BYTES);
  const isAttribute = (FIELDS[key] as FieldDefinition).attribute === true;
  return {
    lineStart: lineStart.view,
    attributeStart: isAttribute ? attributeStart.view : undefined,
  };
}

/** Where an event comes from, which is the same for nearly all of a process. */
const ORIGIN_KEYS = [
  'service.name',
  'service.version',
  'service.instance.id',
  'tallyspan.process_id',
] as const satisfies readonly (keyof EventHeader)[];

interface Origin {
  readonly of: Pick<EventHeader, (typeof ORIGIN_KEYS)[number]>;
  readonly line: Uint8Array;
  readonly attributes: Uint8Array;
}

let lastOrigin: Origin | undefined;

function originOf(header: EventHeader): Origin {
  const last = lastOrigin;
  if (last !== undefined && ORIGIN_KEYS.every((key) => last.of[key] === header[key])) return last;
  const attributes = new ProtobufWriter();
  const line = new ProtobufWriter();
  for (const key of ORIGIN_KEYS) writeField(attributes, line, key, header[key]);
  lastOrigin = { of: header, line: line.view, attributes: attributes.view };
  return lastOrigin;
}

/** The events of one call have one time. */
let lastTimeMs = Number.NaN;
let lastStart = '';

function lineStartAt(atMs: number): string {
  if (atMs !== lastTimeMs) {
    lastStart = `{"timestamp":"${new Date(atMs).toISOString()}"`;
    lastTimeMs = atMs;
  }
  return lastStart;
}
