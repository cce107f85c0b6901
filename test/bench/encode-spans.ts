// Events as an OTLP request of spans in protobuf, for servers that take no logs: one span for each event, with
// the same attributes and times.

import protobuf from 'protobufjs';
import type { EventRecord } from '../../core/event.ts';
import { toOtlpLogs } from '../../core/otlp/otlp-log.ts';

const { root } = protobuf.parse(`
syntax = "proto3";
message Any { oneof value { string stringValue = 1; bool boolValue = 2; int64 intValue = 3; double doubleValue = 4; List arrayValue = 5; } }
message List { repeated Any values = 1; }
message Pair { string key = 1; Any value = 2; }
message Resource { repeated Pair attributes = 1; }
message Span { bytes traceId = 1; bytes spanId = 2; bytes parentSpanId = 4; string name = 5; int32 kind = 6; fixed64 startTimeUnixNano = 7; fixed64 endTimeUnixNano = 8; repeated Pair attributes = 9; }
message ScopeSpans { repeated Span spans = 2; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scopeSpans = 2; }
message TracesRequest { repeated ResourceSpans resourceSpans = 1; }
`);
const TRACES_REQUEST = root.lookupType('TracesRequest');

/** The request in protobuf; span ids are made of the first number and the places of the events. */
export function encodeSpans(events: readonly EventRecord[], firstSpan: number): Buffer {
  const logs = JSON.parse(JSON.stringify(toOtlpLogs(events))) as {
    resourceLogs: { resource: unknown; scopeLogs: { logRecords: { attributes: unknown }[] }[] }[];
  };
  const resourceSpans = logs.resourceLogs.map(({ resource, scopeLogs }) => ({
    resource,
    scopeSpans: scopeLogs.map(({ logRecords }) => ({
      spans: logRecords.map(({ attributes }, index) => {
        const event = events[index] as EventRecord;
        const endMs = event.timestamp;
        return {
          traceId: base64Of(event.trace_id ?? ''),
          spanId: base64Of((firstSpan + index + 1).toString(16).padStart(16, '0')),
          name: event['event.name'],
          kind: 1,
          startTimeUnixNano: `${endMs - (event.duration_ms ?? 0)}000000`,
          endTimeUnixNano: `${endMs}000000`,
          attributes,
        };
      }),
    })),
  }));
  return Buffer.from(TRACES_REQUEST.encode(TRACES_REQUEST.fromObject({ resourceSpans })).finish());
}

function base64Of(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64');
}
