// Events as an OTLP request in protobuf, without anything of the server.

import protobuf from 'protobufjs';
import type { EventRecord } from '../../core/event.ts';
import { toOtlpLogs } from '../../core/otlp/otlp-log.ts';

const { root } = protobuf.parse(`
syntax = "proto3";
message Any { oneof value { string stringValue = 1; bool boolValue = 2; int64 intValue = 3; double doubleValue = 4; List arrayValue = 5; } }
message List { repeated Any values = 1; }
message Pair { string key = 1; Any value = 2; }
message Scope { string name = 1; }
message Resource { repeated Pair attributes = 1; }
message LogRecord { fixed64 timeUnixNano = 1; int32 severityNumber = 2; string severityText = 3; Any body = 5; repeated Pair attributes = 6; bytes traceId = 9; bytes spanId = 10; fixed64 observedTimeUnixNano = 11; string eventName = 12; }
message ScopeLogs { Scope scope = 1; repeated LogRecord logRecords = 2; }
message ResourceLogs { Resource resource = 1; repeated ScopeLogs scopeLogs = 2; }
message LogsRequest { repeated ResourceLogs resourceLogs = 1; }
`);
const LOGS_REQUEST = root.lookupType('LogsRequest');

/** The request in protobuf. */
export function encodeLogs(events: readonly EventRecord[]): Buffer {
  const request: unknown = JSON.parse(JSON.stringify(toOtlpLogs(events)), (key, value: unknown) =>
    (key === 'traceId' || key === 'spanId') && typeof value === 'string'
      ? Buffer.from(value, 'hex').toString('base64')
      : value,
  );
  return Buffer.from(LOGS_REQUEST.encode(LOGS_REQUEST.fromObject(request as object)).finish());
}
