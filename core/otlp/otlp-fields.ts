// Field numbers of OTLP: what the messages of opentelemetry-proto 1.x call their fields by on the wire. The
// preload writes by this table and the server reads by it. Source: the .proto files of opentelemetry-proto.

/** ResourceSpans and ResourceLogs in a request, and in them ScopeSpans and ScopeLogs: the same for all signals. */
export const REQUEST = { groups: 1 } as const;
export const RESOURCE_GROUP = { resource: 1, scopeGroups: 2, schemaUrl: 3 } as const;
export const RESOURCE = { attributes: 1 } as const;
export const SCOPE_GROUP = { scope: 1, records: 2, schemaUrl: 3 } as const;
export const SCOPE = { name: 1, version: 2, attributes: 3, droppedAttributesCount: 4 } as const;

export const KEY_VALUE = { key: 1, value: 2 } as const;
export const ANY_VALUE = { string: 1, bool: 2, int: 3, double: 4, array: 5, map: 6, bytes: 7 } as const;
/** ArrayValue and KeyValueList, the same. */
export const VALUE_LIST = { values: 1 } as const;

export const SPAN = {
  traceId: 1,
  spanId: 2,
  traceState: 3,
  parentSpanId: 4,
  name: 5,
  kind: 6,
  startTime: 7,
  endTime: 8,
  attributes: 9,
  droppedAttributesCount: 10,
  events: 11,
  droppedEventsCount: 12,
  links: 13,
  droppedLinksCount: 14,
  status: 15,
  flags: 16,
} as const;
export const SPAN_EVENT = { time: 1, name: 2, attributes: 3, droppedAttributesCount: 4 } as const;
export const SPAN_LINK = {
  traceId: 1,
  spanId: 2,
  traceState: 3,
  attributes: 4,
  droppedAttributesCount: 5,
  flags: 6,
} as const;
export const STATUS = { message: 2, code: 3 } as const;

export const LOG_RECORD = {
  time: 1,
  severityNumber: 2,
  severityText: 3,
  body: 5,
  attributes: 6,
  droppedAttributesCount: 7,
  flags: 8,
  traceId: 9,
  spanId: 10,
  observedTime: 11,
  eventName: 12,
} as const;

/** The kinds of data of a Metric; each lists its points in {@link DATA}. */
export const METRIC = { gauge: 5, sum: 7, histogram: 9, exponentialHistogram: 10, summary: 11 } as const;
export const DATA = { points: 1 } as const;

/** The answer to a request, and what it says of the part that was refused. */
export const ANSWER = { partialSuccess: 1 } as const;
export const PARTIAL_SUCCESS = { rejected: 1, message: 2 } as const;
