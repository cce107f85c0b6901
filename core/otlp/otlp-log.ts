// Events as an OTLP log request in JSON: what the preload sends, for those who hold finished events
// (an imported file, generated history). One resource per process that emitted them.

import { encodeEvent, type EventRecord } from '../event.ts';
import { groupBy } from '../group-by.ts';
import { FIELDS, FIELD_KEYS, type FieldDefinition, type FieldKey } from '../schema.ts';

type AnyValue =
  | { readonly stringValue: string }
  | { readonly intValue: string }
  | { readonly doubleValue: number }
  | { readonly boolValue: boolean }
  | { readonly arrayValue: { readonly values: readonly AnyValue[] } };

interface KeyValue {
  readonly key: string;
  readonly value: AnyValue;
}

/** Body of a request to `/v1/logs`, as an object to be sent as JSON. */
export interface OtlpLogRequest {
  readonly resourceLogs: readonly unknown[];
}

/** Name of the instrumentation scope of our own events. */
export const EVENT_SCOPE = 'tallyspan';

/** `INFO` in the severity numbers of OpenTelemetry. */
const SEVERITY_INFO = 9;

/** The request that carries these events, in their order within each process. */
export function toOtlpLogs(events: readonly EventRecord[]): OtlpLogRequest {
  const byProcess = groupBy(events, (event) =>
    JSON.stringify(RESOURCE_KEYS.map((key) => event[key] ?? null)),
  );
  return {
    resourceLogs: [...byProcess.values()].map((group) => ({
      resource: { attributes: keyValues(group[0], RESOURCE_KEYS) },
      scopeLogs: [{ scope: { name: EVENT_SCOPE }, logRecords: group.map(toLogRecord) }],
    })),
  };
}

const RESOURCE_KEYS = FIELD_KEYS.filter((key) => (FIELDS[key] as FieldDefinition).resource === true);
const ATTRIBUTE_KEYS = FIELD_KEYS.filter((key) => (FIELDS[key] as FieldDefinition).attribute === true);

function toLogRecord(event: EventRecord): Record<string, unknown> {
  const timeUnixNano = `${String(event.timestamp)}000000`;
  return {
    timeUnixNano,
    observedTimeUnixNano: timeUnixNano,
    severityNumber: SEVERITY_INFO,
    severityText: 'INFO',
    eventName: event['event.name'],
    body: { stringValue: encodeEvent(event) },
    attributes: keyValues(event, ATTRIBUTE_KEYS),
    ...(event.trace_id === undefined ? {} : { traceId: event.trace_id }),
    ...(event.span_id === undefined ? {} : { spanId: event.span_id }),
  };
}

function keyValues(event: EventRecord | undefined, keys: readonly FieldKey[]): KeyValue[] {
  return keys.flatMap((key) => {
    const value = event?.[key];
    return value === undefined ? [] : [{ key, value: anyValue(key, value) }];
  });
}

function anyValue(key: FieldKey, value: string | number | boolean | readonly string[]): AnyValue {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number') {
    return FIELDS[key].type === 'float' ? { doubleValue: value } : { intValue: String(value) };
  }
  return { arrayValue: { values: value.map((item) => ({ stringValue: item })) } };
}
