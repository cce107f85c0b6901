// Spans and metrics as protobuf. The messages are read field by field into the model, without building objects
// for what is not stored. Unknown fields are skipped, as protobuf asks.

import {
  ANY_VALUE,
  DATA,
  KEY_VALUE,
  LOG_RECORD,
  METRIC,
  REQUEST,
  RESOURCE,
  RESOURCE_GROUP,
  SCOPE,
  SCOPE_GROUP,
  SPAN,
  SPAN_EVENT,
  STATUS,
  VALUE_LIST,
} from '../../core/otlp/otlp-fields.ts';
import protobuf from 'protobufjs/minimal.js';
import {
  MalformedBodyError,
  NESTING_LIMIT,
  BAD_ID,
  emptySpan,
  isRemoteParent,
  setAttribute,
  settleSpan,
  type AttributeValue,
  type Attributes,
  type OtlpScope,
  type Span,
  type SpanEvent,
  type SpanGroup,
} from './otlp-model.ts';
import { OversizedBodyError, RequestBudget } from './request-limits.ts';

/** Shares the limits of its request with the readers of its other parts. */
type Reader = protobuf.Reader & { readonly budget: RequestBudget };

const KINDS_OF_DATA: readonly number[] = Object.values(METRIC);

export const WIRE_VARINT = 0;
export const WIRE_64 = 1;
export const WIRE_BYTES = 2;
export const WIRE_32 = 5;

/** Attributes of a Resource message. @throws MalformedBodyError, OversizedBodyError */
export function readResourceBytes(bytes: Uint8Array, into: Attributes, budget: RequestBudget): void {
  decode(bytes, budget, (reader) =>
    readAttributesOf(reader, { start: 0, end: reader.len }, RESOURCE.attributes, into),
  );
}

/** Attributes of a LogRecord message. @throws MalformedBodyError, OversizedBodyError */
export function readLogAttributes(bytes: Uint8Array, budget: RequestBudget): Attributes {
  const attributes: Attributes = {};
  decode(bytes, budget, (reader) =>
    readAttributesOf(reader, { start: 0, end: reader.len }, LOG_RECORD.attributes, attributes),
  );
  return attributes;
}

/** Value of an AnyValue message. @throws MalformedBodyError, OversizedBodyError */
export function readValueBytes(bytes: Uint8Array, budget: RequestBudget): AttributeValue {
  const [value = null] = decode(bytes, budget, (reader, out: AttributeValue[]) =>
    out.push(readAnyValue(reader, 0, { start: 0, end: reader.len })),
  );
  return value;
}

/** ExportTraceServiceRequest. @throws MalformedBodyError, OversizedBodyError */
export function decodeSpans(body: Uint8Array): SpanGroup[] {
  return decode(body, new RequestBudget(), (reader, groups: SpanGroup[]) =>
    readResourceGroups(reader, (resource, { name, version }, message) => {
      const nowMs = Date.now();
      const spans: Span[] = [];
      for (const one of message) spans.push(readSpan(reader, one, nowMs));
      groups.push({ resource, scope: name, scopeVersion: version, spans });
    }),
  );
}

/** Number of data points of an ExportMetricsServiceRequest. @throws MalformedBodyError, OversizedBodyError */
export function countDataPoints(body: Uint8Array): number {
  let points = 0;
  decode(body, new RequestBudget(), (reader) =>
    readResourceGroups(reader, (_resource, _scope, message) => {
      for (const one of message)
        eachField(reader, one, (field, wire) => {
          if (wire !== WIRE_BYTES || !KINDS_OF_DATA.includes(field)) return false;
          eachField(reader, bytesRange(reader), (inner) => {
            if (inner === DATA.points) points++;
            return false;
          });
          return true;
        });
    }),
  );
  return points;
}

/** Bytes from `start` to `end` of the buffer that is being read. */
interface Extent {
  readonly start: number;
  readonly end: number;
}

function decode<T>(
  body: Uint8Array,
  budget: RequestBudget,
  read: (reader: Reader, out: T[]) => unknown,
): T[] {
  const out: T[] = [];
  try {
    read(Object.assign(protobuf.Reader.create(body), { budget }), out);
  } catch (error) {
    if (error instanceof MalformedBodyError || error instanceof OversizedBodyError) throw error;
    throw new MalformedBodyError(
      `the body is not protobuf: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  return out;
}

/** Walks request → resource groups → scope groups, which have the same shape for all three signals. */
function readResourceGroups(
  reader: Reader,
  each: (resource: Attributes, scope: OtlpScope, messages: readonly Extent[]) => void,
): void {
  eachField(reader, { start: 0, end: reader.len }, (field, wire) => {
    if (field !== REQUEST.groups) return false;
    expectWire(wire, WIRE_BYTES);
    reader.budget.takeRecord();
    const resource: Attributes = {};
    let sharedBytes = 0;
    const scopeGroups: Extent[] = [];
    eachField(reader, bytesRange(reader), (inner, innerWire) => {
      if (inner !== RESOURCE_GROUP.resource && inner !== RESOURCE_GROUP.scopeGroups) return false;
      expectWire(innerWire, WIRE_BYTES);
      const extent = bytesRange(reader);
      if (inner === RESOURCE_GROUP.resource) {
        sharedBytes += extent.end - extent.start;
        readAttributesOf(reader, extent, RESOURCE.attributes, resource);
      } else {
        reader.budget.takeRecord();
        scopeGroups.push(extent);
        reader.pos = extent.end;
      }
      return true;
    });
    const end = reader.pos;
    for (const group of scopeGroups) {
      let scope: OtlpScope = { name: '', version: '' };
      const messages: Extent[] = [];
      eachField(reader, group, (inner, innerWire) => {
        if (inner !== SCOPE_GROUP.scope && inner !== SCOPE_GROUP.records) return false;
        expectWire(innerWire, WIRE_BYTES);
        const extent = bytesRange(reader);
        if (inner === SCOPE_GROUP.scope) {
          scope = readScope(reader, extent);
        } else {
          reader.budget.takeRecord();
          messages.push(extent);
        }
        reader.pos = extent.end;
        return true;
      });
      reader.budget.takeShared(sharedBytes + scope.name.length, messages.length);
      each(resource, scope, messages);
    }
    reader.pos = end;
    return true;
  });
}

/** Calls `read` for every field of a message; fields that it does not take are skipped. */
function eachField(reader: Reader, extent: Extent, read: (field: number, wire: number) => boolean): void {
  reader.pos = extent.start;
  while (reader.pos < extent.end) {
    const tag = reader.uint32();
    const field = tag >>> 3;
    if (field === 0) throw new MalformedBodyError('the body is not protobuf: field number 0');
    if (!read(field, tag & 7)) reader.skipType(tag & 7);
  }
  if (reader.pos !== extent.end)
    throw new MalformedBodyError('the body is not protobuf: a field ends outside its message');
}

function bytesRange(reader: Reader): Extent {
  const length = reader.uint32();
  const end = reader.pos + length;
  if (end > reader.len) throw new MalformedBodyError('the body is cut off');
  return { start: reader.pos, end };
}

function expectWire(wire: number, expected: number): void {
  if (wire !== expected)
    throw new MalformedBodyError(`the body is not OTLP: wire type ${wire} instead of ${expected}`);
}

function readScope(reader: Reader, extent: Extent): OtlpScope {
  const scope = { name: '', version: '' };
  eachField(reader, extent, (field, wire) => {
    if (field !== SCOPE.name && field !== SCOPE.version) return false;
    expectWire(wire, WIRE_BYTES);
    scope[field === SCOPE.name ? 'name' : 'version'] = reader.string();
    return true;
  });
  return scope;
}

function readAttributesOf(reader: Reader, extent: Extent, wanted: number, into: Attributes): void {
  eachField(reader, extent, (field, wire) => {
    if (field !== wanted) return false;
    expectWire(wire, WIRE_BYTES);
    readKeyValue(reader, into, 0);
    return true;
  });
}

function readKeyValue(reader: Reader, into: Attributes, depth: number): void {
  reader.budget.takeValue();
  let key = '';
  let value: AttributeValue = null;
  eachField(reader, bytesRange(reader), (field, wire) => {
    if (field !== KEY_VALUE.key && field !== KEY_VALUE.value) return false;
    expectWire(wire, WIRE_BYTES);
    if (field === KEY_VALUE.key) key = reader.string();
    else value = readAnyValue(reader, depth);
    return true;
  });
  setAttribute(into, key, value);
}

function readAnyValue(reader: Reader, depth: number, extent = bytesRange(reader)): AttributeValue {
  if (depth > NESTING_LIMIT) throw new MalformedBodyError('a value is nested too deeply');
  let value: AttributeValue = null;
  eachField(reader, extent, (field, wire) => {
    switch (field) {
      case ANY_VALUE.string:
        expectWire(wire, WIRE_BYTES);
        value = reader.string();
        return true;
      case ANY_VALUE.bool:
        expectWire(wire, WIRE_VARINT);
        value = reader.bool();
        return true;
      case ANY_VALUE.int:
        expectWire(wire, WIRE_VARINT);
        value = readInt64(reader);
        return true;
      case ANY_VALUE.double:
        expectWire(wire, WIRE_64);
        value = reader.double();
        return true;
      case ANY_VALUE.array: {
        expectWire(wire, WIRE_BYTES);
        const list: AttributeValue[] = [];
        eachField(reader, bytesRange(reader), (inner, innerWire) => {
          if (inner !== VALUE_LIST.values) return false;
          expectWire(innerWire, WIRE_BYTES);
          reader.budget.takeValue();
          list.push(readAnyValue(reader, depth + 1));
          return true;
        });
        value = list;
        return true;
      }
      case ANY_VALUE.map: {
        expectWire(wire, WIRE_BYTES);
        const map: Attributes = {};
        eachField(reader, bytesRange(reader), (inner, innerWire) => {
          if (inner !== VALUE_LIST.values) return false;
          expectWire(innerWire, WIRE_BYTES);
          readKeyValue(reader, map, depth + 1);
          return true;
        });
        value = map;
        return true;
      }
      case ANY_VALUE.bytes:
        expectWire(wire, WIRE_BYTES);
        value = Buffer.from(reader.bytes()).toString('base64');
        return true;
      default:
        return false;
    }
  });
  return value;
}

/** An int64 as a number; beyond 2^53 it loses digits, as every JSON reader does. */
function readInt64(reader: Reader): number {
  const value: unknown = reader.int64();
  if (typeof value === 'number') return value;
  const { low, high } = value as { low: number; high: number };
  return high * 4_294_967_296 + (low >>> 0);
}

/** Milliseconds with their fraction (to the microsecond) of a fixed64 of nanoseconds. */
function readPreciseTimeMs(reader: Reader): number {
  const low = reader.fixed32();
  const high = reader.fixed32();
  const rest = high * 967_296 + low;
  return high * 4294 + Math.floor(rest / 1_000_000) + Math.floor((rest % 1_000_000) / 1000) / 1000;
}

function readId(reader: Reader, length: number): string {
  const bytes = reader.bytes();
  if (bytes.length !== 0 && bytes.length !== length) return BAD_ID;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

function readSpan(reader: Reader, extent: Extent, nowMs: number): Span {
  const span = emptySpan();
  eachField(reader, extent, (field, wire) => {
    switch (field) {
      case SPAN.traceId:
        expectWire(wire, WIRE_BYTES);
        span.traceId = readId(reader, 16);
        return true;
      case SPAN.spanId:
        expectWire(wire, WIRE_BYTES);
        span.spanId = readId(reader, 8);
        return true;
      case SPAN.parentSpanId:
        expectWire(wire, WIRE_BYTES);
        span.parentSpanId = readId(reader, 8);
        return true;
      case SPAN.name:
        expectWire(wire, WIRE_BYTES);
        span.name = reader.string();
        return true;
      case SPAN.kind:
        expectWire(wire, WIRE_VARINT);
        span.kind = reader.int32();
        return true;
      case SPAN.startTime:
        expectWire(wire, WIRE_64);
        span.startMs = readPreciseTimeMs(reader);
        return true;
      case SPAN.endTime:
        expectWire(wire, WIRE_64);
        span.endMs = readPreciseTimeMs(reader);
        return true;
      case SPAN.attributes:
        expectWire(wire, WIRE_BYTES);
        readKeyValue(reader, span.attributes, 0);
        return true;
      case SPAN.events:
        expectWire(wire, WIRE_BYTES);
        reader.budget.takeValue();
        span.events.push(readSpanEvent(reader, bytesRange(reader)));
        return true;
      case SPAN.status:
        expectWire(wire, WIRE_BYTES);
        eachField(reader, bytesRange(reader), (inner, innerWire) => {
          if (inner === STATUS.message && innerWire === WIRE_BYTES) span.statusMessage = reader.string();
          else if (inner === STATUS.code && innerWire === WIRE_VARINT) span.statusCode = reader.int32();
          else return false;
          return true;
        });
        return true;
      case SPAN.flags:
        expectWire(wire, WIRE_32);
        span.hasRemoteParent = isRemoteParent(reader.fixed32());
        return true;
      default:
        return false;
    }
  });
  settleSpan(span, nowMs);
  return span;
}

function readSpanEvent(reader: Reader, extent: Extent): SpanEvent {
  const event: SpanEvent = { timeMs: 0, name: '', attributes: {} };
  eachField(reader, extent, (field, wire) => {
    switch (field) {
      case SPAN_EVENT.time:
        expectWire(wire, WIRE_64);
        event.timeMs = readPreciseTimeMs(reader);
        return true;
      case SPAN_EVENT.name:
        expectWire(wire, WIRE_BYTES);
        event.name = reader.string();
        return true;
      case SPAN_EVENT.attributes:
        expectWire(wire, WIRE_BYTES);
        readKeyValue(reader, event.attributes, 0);
        return true;
      default:
        return false;
    }
  });
  return event;
}
