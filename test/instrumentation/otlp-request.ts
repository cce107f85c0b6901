// Whole OTLP requests as the schema reads them: every field of spans and log records, with its default where
// it is left out. Field numbers are those of opentelemetry-proto 1.x.

import protobuf from 'protobufjs';

const { root } = protobuf.parse(
  `
syntax = "proto3";
message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; ArrayValue array_value = 5; KeyValueList kvlist_value = 6; bytes bytes_value = 7; } }
message ArrayValue { repeated AnyValue values = 1; }
message KeyValueList { repeated KeyValue values = 1; }
message KeyValue { string key = 1; AnyValue value = 2; }
message Scope { string name = 1; string version = 2; repeated KeyValue attributes = 3; uint32 dropped = 4; }
message Resource { repeated KeyValue attributes = 1; uint32 dropped = 2; }
message LogRecord { fixed64 time = 1; int32 severity_number = 2; string severity_text = 3; AnyValue body = 5; repeated KeyValue attributes = 6; uint32 dropped = 7; fixed32 flags = 8; bytes trace_id = 9; bytes span_id = 10; fixed64 observed_time = 11; string event_name = 12; }
message Event { fixed64 time = 1; string name = 2; repeated KeyValue attributes = 3; uint32 dropped = 4; }
message Link { bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; repeated KeyValue attributes = 4; uint32 dropped = 5; fixed32 flags = 6; }
message Status { string message = 2; int32 code = 3; }
message Span { bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4; string name = 5; int32 kind = 6; fixed64 start_time = 7; fixed64 end_time = 8; repeated KeyValue attributes = 9; uint32 dropped_attributes = 10; repeated Event events = 11; uint32 dropped_events = 12; repeated Link links = 13; uint32 dropped_links = 14; Status status = 15; fixed32 flags = 16; }
message ScopeSpans { Scope scope = 1; repeated Span records = 2; string schema_url = 3; }
message ScopeLogs { Scope scope = 1; repeated LogRecord records = 2; string schema_url = 3; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scopes = 2; string schema_url = 3; }
message ResourceLogs { Resource resource = 1; repeated ScopeLogs scopes = 2; string schema_url = 3; }
message TracesRequest { repeated ResourceSpans resources = 1; }
message LogsRequest { repeated ResourceLogs resources = 1; }
`,
  { keepCase: true },
);
const TYPES = { logs: root.lookupType('LogsRequest'), traces: root.lookupType('TracesRequest') };

export interface OtlpRequest {
  readonly resources: readonly {
    readonly scopes: readonly { readonly records: readonly Readonly<Record<string, unknown>>[] }[];
  }[];
}

export function readRequest(kind: 'logs' | 'traces', bytes: Uint8Array): OtlpRequest {
  const type = TYPES[kind];
  const options = { longs: String, bytes: String, arrays: true, defaults: true };
  return type.toObject(type.decode(bytes), options) as OtlpRequest;
}

/** The records of a request, in order. */
export function recordsOf(request: OtlpRequest): Readonly<Record<string, unknown>>[] {
  return request.resources.flatMap(({ scopes }) => scopes.flatMap(({ records }) => records));
}
