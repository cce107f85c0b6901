// The part of the OTLP protobuf schema that spans and log records use, for the receiver of the tests.
// Field numbers are those of opentelemetry-proto 1.x.

import protobuf from 'protobufjs';

const SCHEMA = `
syntax = "proto3";
message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; ArrayValue array_value = 5; KeyValueList kvlist_value = 6; bytes bytes_value = 7; } }
message ArrayValue { repeated AnyValue values = 1; }
message KeyValueList { repeated KeyValue values = 1; }
message KeyValue { string key = 1; AnyValue value = 2; }
message Scope { string name = 1; string version = 2; repeated KeyValue attributes = 3; uint32 dropped_attributes_count = 4; }
message Resource { repeated KeyValue attributes = 1; }
message LogRecord { fixed64 time_unix_nano = 1; int32 severity_number = 2; string severity_text = 3; AnyValue body = 5; repeated KeyValue attributes = 6; uint32 dropped_attributes_count = 7; fixed32 flags = 8; bytes trace_id = 9; bytes span_id = 10; fixed64 observed_time_unix_nano = 11; string event_name = 12; }
message ScopeLogs { Scope scope = 1; repeated LogRecord log_records = 2; string schema_url = 3; }
message ResourceLogs { Resource resource = 1; repeated ScopeLogs scope_logs = 2; string schema_url = 3; }
message LogsRequest { repeated ResourceLogs resource_logs = 1; }
message SpanEvent { fixed64 time_unix_nano = 1; string name = 2; repeated KeyValue attributes = 3; uint32 dropped_attributes_count = 4; }
message Status { string message = 2; int32 code = 3; }
message SpanLink { bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; repeated KeyValue attributes = 4; }
message Span { bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4; string name = 5; int32 kind = 6; fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9; uint32 dropped_attributes_count = 10; repeated SpanEvent events = 11; repeated SpanLink links = 13; Status status = 15; fixed32 flags = 16; }
message ScopeSpans { Scope scope = 1; repeated Span spans = 2; string schema_url = 3; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; string schema_url = 3; }
message TracesRequest { repeated ResourceSpans resource_spans = 1; }
`;

/** Requests as they stand in the JSON form of OTLP, but for ids, which are bytes here. */
const jsonRoot = protobuf.parse(SCHEMA, { keepCase: false }).root;

/** A whole request of one signal, with every field that it has and no other. */
export function decodeRequest(signal: 'logs' | 'traces', bytes: Uint8Array): Record<string, unknown> {
  const type = jsonRoot.lookupType(signal === 'logs' ? 'LogsRequest' : 'TracesRequest');
  return type.toObject(type.decode(bytes), { longs: String, bytes: Buffer });
}

const ID_KEYS: ReadonlySet<string> = new Set(['traceId', 'spanId', 'parentSpanId']);

/** A request in the JSON form of OTLP, in protobuf. */
export function encodeRequest(signal: 'logs' | 'traces', request: object): Buffer {
  const type = jsonRoot.lookupType(signal === 'logs' ? 'LogsRequest' : 'TracesRequest');
  const plain: unknown = JSON.parse(JSON.stringify(request), (key, value: unknown) =>
    ID_KEYS.has(key) && typeof value === 'string' ? Buffer.from(value, 'hex').toString('base64') : value,
  );
  return Buffer.from(type.encode(type.fromObject(plain as object)).finish());
}

const { root } = protobuf.parse(SCHEMA, { keepCase: true });
const logsType = root.lookupType('LogsRequest');
const tracesType = root.lookupType('TracesRequest');

export interface ReceivedLog {
  readonly eventName: string;
  readonly scope: string;
  readonly timeMs: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly resource: Readonly<Record<string, unknown>>;
}

export interface ReceivedSpan {
  readonly name: string;
  readonly scope: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly statusCode: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly string[];
  readonly resource: Readonly<Record<string, unknown>>;
}

type Raw = Record<string, any>; // oxlint-disable-line typescript/no-explicit-any -- decoded by a schema given as text

export function decodeLogs(bytes: Uint8Array): ReceivedLog[] {
  return each(decode(logsType, bytes)['resource_logs'], (resourceLogs) => {
    const resource = attributesOf(resourceLogs['resource']?.attributes);
    return each(resourceLogs['scope_logs'], (scopeLogs) =>
      each(scopeLogs['log_records'], (record) => [
        {
          eventName: String(record['event_name'] ?? ''),
          scope: String(scopeLogs['scope']?.name ?? ''),
          timeMs: Number(record['time_unix_nano']) / 1e6,
          traceId: hex(record['trace_id']),
          spanId: hex(record['span_id']),
          body: textOf(record['body']),
          attributes: attributesOf(record['attributes']),
          resource,
        },
      ]),
    );
  });
}

export function decodeSpans(bytes: Uint8Array): ReceivedSpan[] {
  return each(decode(tracesType, bytes)['resource_spans'], (resourceSpans) => {
    const resource = attributesOf(resourceSpans['resource']?.attributes);
    return each(resourceSpans['scope_spans'], (scopeSpans) =>
      each(scopeSpans['spans'], (span) => [
        {
          name: String(span['name']),
          scope: String(scopeSpans['scope']?.name ?? ''),
          kind: Number(span['kind']),
          traceId: hex(span['trace_id']),
          spanId: hex(span['span_id']),
          parentSpanId: hex(span['parent_span_id']),
          startMs: Number(span['start_time_unix_nano']) / 1e6,
          endMs: Number(span['end_time_unix_nano']) / 1e6,
          statusCode: Number(span['status']?.code ?? 0),
          attributes: attributesOf(span['attributes']),
          events: each(span['events'], (event) => [String(event['name'])]),
          resource,
        },
      ]),
    );
  });
}

function decode(type: protobuf.Type, bytes: Uint8Array): Raw {
  return type.toObject(type.decode(bytes), { longs: String, bytes: Buffer, arrays: true });
}

function each<T>(list: unknown, map: (item: Raw) => T[]): T[] {
  return ((list ?? []) as Raw[]).flatMap(map);
}

function attributesOf(list: unknown): Record<string, unknown> {
  return Object.fromEntries(
    ((list ?? []) as Raw[]).map((item) => [String(item['key']), valueOf(item['value'] as Raw)]),
  );
}

function valueOf(value: Raw | null | undefined): unknown {
  if (value === null || value === undefined) return undefined;
  if (value['string_value'] !== undefined) return value['string_value'];
  if (value['bool_value'] !== undefined) return value['bool_value'];
  if (value['int_value'] !== undefined) return Number(value['int_value']);
  if (value['double_value'] !== undefined) return value['double_value'];
  if (value['array_value'] !== undefined) return each(value['array_value'].values, (item) => [valueOf(item)]);
  return undefined;
}

function textOf(value: Raw | undefined): string {
  const text = valueOf(value);
  return typeof text === 'string' ? text : '';
}

function hex(bytes: unknown): string {
  return bytes === undefined ? '' : Buffer.from(bytes as Uint8Array).toString('hex');
}
