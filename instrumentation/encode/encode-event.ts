// An event as a protobuf LogRecord of OTLP, straight from its fields: one walk over those it has joins the attributes and
// the JSON line that is the body. Most fields have the value that they had in the event before: its text stands ready.

import { LOG_RECORD, SPAN } from '../../core/otlp/otlp-fields.ts';
import type { Attributes, HrTime, SpanContext } from '@opentelemetry/api';
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
import { BYTES, flatText, sizedText, tagText, type ByteText } from './byte-text.ts';
import { anyValueText, keyText, pairText, spanContextText, textField, timeField } from './otlp-values.ts';

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

type Value = FieldValue<FieldKey>;

/** A field, and the value that it had last, which most fields have in the next event, too. */
interface WrittenField {
  readonly key: FieldKey;
  /** What stands before the value in the line. */
  readonly lineStart: string;
  /** Its key in an attribute; none where the field is no attribute. */
  readonly attributeKey: ByteText | undefined;
  /** Whether its texts are names: nothing of prose and content is kept. */
  readonly isName: boolean;
  lastValue: string | number | boolean | undefined;
  /** Of the last value: its part of the line, and its attribute of the record and of the span. */
  line: string;
  attribute: ByteText;
  spanAttribute: ByteText;
}

const WRITTEN_FIELDS: ReadonlyMap<string, WrittenField> = new Map(
  FIELD_KEYS.filter((key) => key !== 'timestamp').map((key) => [key, describeField(key)]),
);
const ATTRIBUTE_TAG = tagText(LOG_RECORD.attributes, BYTES);
const SPAN_TAG = tagText(SPAN.attributes, BYTES);
/** Texts that are their own JSON, but for the quotes. */
const PLAIN = /^[ !#-[\]-~]*$/;

const BODY_TAG = tagText(LOG_RECORD.body, BYTES);

/** A record while it is made: what has been joined of it so far. */
interface Draft {
  line: string;
  attributes: ByteText;
}

export interface EncodedEvent {
  readonly record: ByteText;
  /** Its body: the fields of the header first, and the others in the order they have. */
  readonly line: string;
}

export function encodeEventRecord(
  header: EventHeader,
  fields: Fields,
  span: SpanContext,
  common?: Fields,
): EncodedEvent {
  const time = timeOf(header.timestamp);
  const draft: Draft = { line: time.lineStart, attributes: '' };
  writeField(draft, 'event.name', header['event.name']);
  writeField(draft, 'trace_id', header.trace_id);
  writeField(draft, 'span_id', header.span_id);
  writeField(draft, 'service.name', header['service.name']);
  writeField(draft, 'service.version', header['service.version']);
  writeField(draft, 'service.instance.id', header['service.instance.id']);
  writeField(draft, 'tallyspan.process_id', header['tallyspan.process_id']);
  writeField(draft, 'tallyspan.seq', header['tallyspan.seq']);
  if (common !== undefined) for (const key in common) writeField(draft, key, common[key as keyof Fields]);
  for (const key in fields) writeField(draft, key, fields[key as keyof Fields]);
  const line = `${draft.line}}`;
  const record =
    draft.attributes +
    time.record +
    BODY_TAG +
    sizedText(anyValueText(line)) +
    spanContextText(span) +
    textField(LOG_RECORD.eventName, header['event.name']);
  return { record, line };
}

function writeField(draft: Draft, key: string, value: Value | undefined): void {
  if (value === undefined) return;
  const field = WRITTEN_FIELDS.get(key);
  if (field === undefined) return;
  if (value === field.lastValue || remember(field, value)) {
    draft.line += field.line;
    draft.attributes += field.attribute;
    return;
  }
  const sent = cutSentValue(field.key, value);
  draft.line += field.lineStart + JSON.stringify(sent);
  draft.attributes += attributeOf(field, ATTRIBUTE_TAG, sent);
}

/** The fields that travel as attributes, for the span of an event; those that the span has of itself are left out. */
export function spanAttributesOf(fields: Fields, attributes: Attributes): ByteText {
  let text = '';
  for (const key in fields) {
    const value = fields[key as keyof Fields];
    if (value === undefined) continue;
    const field = WRITTEN_FIELDS.get(key);
    if (field?.attributeKey === undefined || attributes[key] !== undefined) continue;
    text +=
      value === field.lastValue || remember(field, value)
        ? field.spanAttribute
        : attributeOf(field, SPAN_TAG, cutSentValue(field.key, value));
  }
  return text;
}

/** False where the value is not for keeping. */
function remember(field: WrittenField, value: Value): boolean {
  if (typeof value === 'object') return false;
  let json: string;
  if (typeof value === 'string') {
    // Longer ones are cut.
    if (!field.isName || value.length > SENT_NAME_CHARS) return false;
    json = PLAIN.test(value) ? `"${value}"` : JSON.stringify(value);
  } else json = String(value);
  field.attribute = flatText(attributeOf(field, ATTRIBUTE_TAG, value));
  field.spanAttribute = flatText(attributeOf(field, SPAN_TAG, value));
  field.line = flatText(field.lineStart + json);
  field.lastValue = value;
  return true;
}

function attributeOf({ attributeKey }: WrittenField, tag: ByteText, value: Value): ByteText {
  return attributeKey === undefined ? '' : tag + pairText(attributeKey, value);
}

function describeField(key: FieldKey): WrittenField {
  const { attribute: isAttribute, text: kind = 'name' } = FIELDS[key] as FieldDefinition;
  return {
    key,
    lineStart: `,${JSON.stringify(key)}:`,
    attributeKey: isAttribute === true ? keyText(key) : undefined,
    isName: kind === 'name',
    lastValue: undefined,
    line: '',
    attribute: '',
    spanAttribute: '',
  };
}

/** What an event has of its time. */
interface WrittenTime {
  readonly atMs: number;
  readonly lineStart: string;
  readonly record: ByteText;
}

/** The events of one call have one time. */
let lastTime: WrittenTime | undefined;

function timeOf(atMs: number): WrittenTime {
  if (lastTime?.atMs === atMs) return lastTime;
  const seconds = Math.floor(atMs / 1_000);
  const time: HrTime = [seconds, (atMs - seconds * 1_000) * 1_000_000];
  lastTime = {
    atMs,
    lineStart: `{"timestamp":"${new Date(atMs).toISOString()}"`,
    record: timeField(LOG_RECORD.time, time) + timeField(LOG_RECORD.observedTime, time),
  };
  return lastTime;
}
