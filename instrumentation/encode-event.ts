// An event as a protobuf LogRecord of OTLP, straight from its fields: one walk writes the attributes and the
// JSON line that is the body. Most fields belong to few events, so each event has a plan of those it may have.

import type { SpanContext } from '@opentelemetry/api';
import type { EventRecord } from '../core/event.ts';
import {
  COMMON_FIELDS,
  EVENTS,
  FIELD_KEYS,
  FIELDS,
  type EventName,
  type FieldDefinition,
  type FieldKey,
  type FieldValue,
} from '../core/schema.ts';
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
  readonly 'tallyspan.seq': number;
}

interface PlannedField {
  readonly key: FieldKey;
  /** In the header, not among the fields. */
  readonly isHeader: boolean;
  /** What stands before the value in the line. */
  readonly lineStart: Uint8Array;
  /** The key as it stands in a KeyValue; none where the field is no attribute. */
  readonly attributeStart: Uint8Array | undefined;
}

type Values = Readonly<Record<string, FieldValue<FieldKey> | undefined>>;

export const HEADER_KEYS: ReadonlySet<string> = new Set([
  'event.name',
  'trace_id',
  'span_id',
  'service.name',
  'service.version',
  'service.instance.id',
  'tallyspan.seq',
]);
const EVERY_FIELD: readonly PlannedField[] = FIELD_KEYS.filter((key) => key !== 'timestamp').map(planField);
const PLANS = Object.fromEntries(
  Object.entries(EVENTS).map(([name, { fields }]) => {
    const keys: ReadonlySet<string> = new Set<string>([...COMMON_FIELDS, ...fields]);
    return [name, EVERY_FIELD.filter(({ key }) => keys.has(key))];
  }),
) as Partial<Record<EventName, readonly PlannedField[]>>;

/** Writes the record and, apart, its line. Both writers are empty before. */
export function encodeEventRecord(
  record: ProtobufWriter,
  line: ProtobufWriter,
  header: EventHeader,
  fields: Fields,
  span: SpanContext,
): void {
  const values = fields as Values;
  let count = 0;
  for (const key in values) if (values[key] !== undefined) count++;
  if (writeFields(record, line, PLANS[header['event.name']] ?? EVERY_FIELD, header, values) !== count) {
    // A field that the event is not known to have: it is sent all the same.
    record.reset();
    line.reset();
    writeFields(record, line, EVERY_FIELD, header, values);
  }
  const seconds = Math.floor(header.timestamp / 1_000);
  const nanoseconds = (header.timestamp - seconds * 1_000) * 1_000_000;
  record.tag(1, FIXED64);
  record.time(seconds, nanoseconds);
  record.tag(11, FIXED64);
  record.time(seconds, nanoseconds);
  record.tag(5, BYTES);
  const body = record.open();
  record.tag(1, BYTES);
  record.bytes(line.view);
  record.close(body);
  writeSpanContext(record, span);
  writeText(record, 12, header['event.name']);
}

/** How many of the fields were written, those of the header left out. */
function writeFields(
  record: ProtobufWriter,
  line: ProtobufWriter,
  plan: readonly PlannedField[],
  header: EventHeader,
  fields: Values,
): number {
  let count = 0;
  line.raw(lineStartAt(header.timestamp));
  for (const { key, isHeader, lineStart, attributeStart } of plan) {
    const value = isHeader ? (header as unknown as Values)[key] : fields[key];
    if (value === undefined) continue;
    if (!isHeader) count++;
    line.raw(lineStart);
    line.json(value);
    if (attributeStart === undefined) continue;
    record.tag(6, BYTES);
    const mark = record.open();
    record.raw(attributeStart);
    writeAnyValue(record, value);
    record.close(mark);
  }
  line.characters('}');
  return count;
}

function planField(key: FieldKey): PlannedField {
  const lineStart = new ProtobufWriter(key.length + 8);
  lineStart.characters(`,${JSON.stringify(key)}:`);
  const attributeStart = new ProtobufWriter(key.length + 8);
  attributeStart.tag(1, BYTES);
  attributeStart.text(key);
  attributeStart.tag(2, BYTES);
  const isAttribute = (FIELDS[key] as FieldDefinition).attribute === true;
  return {
    key,
    isHeader: HEADER_KEYS.has(key),
    lineStart: lineStart.view,
    attributeStart: isAttribute ? attributeStart.view : undefined,
  };
}

/** The events of one call have one time. */
let lastTimeMs = Number.NaN;
const lastStart = new ProtobufWriter(64);

function lineStartAt(atMs: number): Uint8Array {
  if (atMs !== lastTimeMs) {
    const time = new Date(atMs).toISOString();
    lastStart.reset();
    lastStart.characters(`{"timestamp":"${time}"`);
    lastTimeMs = atMs;
  }
  return lastStart.view;
}
