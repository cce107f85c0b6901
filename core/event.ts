// An event record: one flat object whose keys are fields of the schema.
// In memory a time is integer Unix milliseconds; as JSON it is ISO 8601 UTC. One line of JSON is
// the body of the OTLP log record and of the daily file alike.

import {
  EVENTS,
  FIELDS,
  type EventName,
  type FieldDefinition,
  type FieldKey,
  type FieldValue,
} from './schema.ts';

/** One event in memory. `timestamp` and `event.name` are always there. */
export type EventRecord = {
  readonly [K in FieldKey]?: FieldValue<K> | undefined;
} & { readonly timestamp: number; readonly 'event.name': EventName };

/** Whether a value read from outside has the type that the schema gives the field. */
export function isFieldValue(key: FieldKey, value: unknown): boolean {
  switch ((FIELDS[key] as FieldDefinition).type) {
    case 'string':
      return typeof value === 'string';
    case 'int':
    case 'time':
      return Number.isSafeInteger(value);
    case 'float':
      return typeof value === 'number' && Number.isFinite(value);
    case 'bool':
      return typeof value === 'boolean';
    case 'strings':
      return Array.isArray(value) && value.every((item) => typeof item === 'string');
  }
}

export function isEventName(value: unknown): value is EventName {
  return typeof value === 'string' && Object.hasOwn(EVENTS, value);
}

/** One line of JSON, without a line break, in the order of the schema. */
export function encodeEvent(event: EventRecord): string {
  // Written piece by piece: this runs several times for every call of a model.
  let line = `{"timestamp":"${new Date(event.timestamp).toISOString()}"`;
  for (const [key, start] of ENCODED_KEYS) {
    const value = event[key];
    if (value !== undefined)
      line += start + (typeof value === 'number' ? String(value) : JSON.stringify(value));
  }
  return `${line}}`;
}

/** Every key but the timestamp, with the text that its value follows. */
const ENCODED_KEYS = (Object.keys(FIELDS) as FieldKey[])
  .filter((key) => key !== 'timestamp')
  .map((key) => [key, `,${JSON.stringify(key)}:`] as const);

/**
 * Reads a line written by {@link encodeEvent}. Unknown keys and values of the wrong type are left out;
 * a line that is no JSON object, or names no known event or no valid time, gives `undefined`.
 */
export function decodeEvent(line: string): EventRecord | undefined {
  let raw: unknown;
  try {
    raw = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return undefined;
  const object = raw as Record<string, unknown>;
  const timestamp = typeof object['timestamp'] === 'string' ? Date.parse(object['timestamp']) : Number.NaN;
  if (Number.isNaN(timestamp) || !isEventName(object['event.name'])) return undefined;
  const event: Record<string, unknown> = { timestamp };
  for (const [key, value] of Object.entries(object)) {
    if (key !== 'timestamp' && Object.hasOwn(FIELDS, key) && isFieldValue(key as FieldKey, value))
      event[key] = value;
  }
  return event as unknown as EventRecord;
}
