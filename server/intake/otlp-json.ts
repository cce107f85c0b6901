// OTLP as JSON: lowerCamelCase keys, ids in hex, 64-bit integers as strings or numbers.
// Unknown keys are skipped; a key with a value of the wrong kind makes the body malformed.

import {
  MalformedBodyError,
  NESTING_LIMIT,
  emptyLogRecord,
  emptySpan,
  setAttribute,
  type AttributeValue,
  type Attributes,
  type LogGroup,
  type LogRecord,
  type Span,
  type SpanGroup,
} from './otlp-model.ts';
import { RequestBudget, checkJsonParts } from './request-limits.ts';

type Json = Readonly<Record<string, unknown>>;

/** ExportLogsServiceRequest. @throws MalformedBodyError */
export function decodeLogsJson(body: Uint8Array): LogGroup[] {
  return readGroups(body, 'resourceLogs', 'scopeLogs', 'logRecords', (resource, scope, group) => ({
    resource,
    scope,
    records: objectsOf(group, 'logRecords').map(readLogRecord),
  }));
}

/** ExportTraceServiceRequest. @throws MalformedBodyError */
export function decodeSpansJson(body: Uint8Array): SpanGroup[] {
  return readGroups(body, 'resourceSpans', 'scopeSpans', 'spans', (resource, scope, group) => ({
    resource,
    scope,
    spans: objectsOf(group, 'spans').map(readSpan),
  }));
}

/** Number of data points of an ExportMetricsServiceRequest. @throws MalformedBodyError */
export function countDataPointsJson(body: Uint8Array): number {
  const kinds = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'];
  const counts = readGroups(body, 'resourceMetrics', 'scopeMetrics', 'metrics', (_resource, _scope, group) =>
    objectsOf(group, 'metrics')
      .flatMap((metric) => kinds.map((kind) => metric[kind]))
      .filter((data) => data !== undefined && data !== null)
      .reduce<number>((sum, data) => sum + objectsOf(objectOf(data), 'dataPoints').length, 0),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

function readGroups<T>(
  body: Uint8Array,
  resourceKey: string,
  scopeKey: string,
  messagesKey: string,
  read: (resource: Attributes, scope: string, group: Json) => T,
): T[] {
  checkJsonParts(body);
  const budget = new RequestBudget();
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (error) {
    throw new MalformedBodyError(
      `the body is not JSON: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  return objectsOf(objectOf(parsed), resourceKey).flatMap((resourceGroup) => {
    budget.takeRecord();
    const resource = attributesOf(objectOf(resourceGroup['resource'] ?? {}), 0);
    const resourceBytes = JSON.stringify(resource).length;
    return objectsOf(resourceGroup, scopeKey).map((group) => {
      const scope = stringOf(objectOf(group['scope'] ?? {})['name']);
      const messages = group[messagesKey];
      const count = Array.isArray(messages) ? messages.length : 0;
      for (let taken = 0; taken <= count; taken++) budget.takeRecord();
      budget.takeShared(resourceBytes + scope.length, count);
      return read(resource, scope, group);
    });
  });
}

function objectOf(value: unknown): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new MalformedBodyError('the body is not OTLP: an object was expected');
  return value as Json;
}

function objectsOf(parent: Json, key: string): Json[] {
  const value = parent[key] ?? [];
  if (!Array.isArray(value)) throw new MalformedBodyError(`the body is not OTLP: ${key} is not an array`);
  return value.map(objectOf);
}

function stringOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string') throw new MalformedBodyError('the body is not OTLP: a string was expected');
  return value;
}

function numberOf(value: unknown): number {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  if (typeof number !== 'number' || Number.isNaN(number))
    throw new MalformedBodyError('the body is not OTLP: a number was expected');
  return number;
}

function hexOf(value: unknown, bytes: number): string {
  const text = stringOf(value).toLowerCase();
  if (text !== '' && !(text.length === bytes * 2 && /^[0-9a-f]+$/.test(text)))
    throw new MalformedBodyError(`the body is not OTLP: an id is not ${bytes} bytes in hex`);
  return text;
}

/** Nanoseconds since the epoch as Unix milliseconds, whole or with microseconds as fraction. */
function timeMsOf(value: unknown, isPrecise: boolean): number {
  if (value === undefined || value === null) return 0;
  let nanos: bigint;
  try {
    nanos = BigInt(value as string | number);
  } catch {
    throw new MalformedBodyError('the body is not OTLP: a time is not a whole number of nanoseconds');
  }
  if (nanos < 0n || nanos >= 1n << 64n)
    throw new MalformedBodyError('the body is not OTLP: a time is not a 64-bit number');
  return isPrecise ? Number(nanos / 1000n) / 1000 : Number(nanos / 1_000_000n);
}

function attributesOf(parent: Json, depth: number): Attributes {
  return keyValuesOf(objectsOf(parent, 'attributes'), depth);
}

function keyValuesOf(pairs: readonly Json[], depth: number): Attributes {
  const attributes: Attributes = {};
  for (const pair of pairs) setAttribute(attributes, stringOf(pair['key']), valueOf(pair['value'], depth));
  return attributes;
}

function valueOf(raw: unknown, depth: number): AttributeValue {
  if (depth > NESTING_LIMIT) throw new MalformedBodyError('a value is nested too deeply');
  if (raw === undefined || raw === null) return null;
  const value = objectOf(raw);
  if (value['stringValue'] !== undefined) return stringOf(value['stringValue']);
  if (value['boolValue'] !== undefined) return value['boolValue'] === true;
  if (value['intValue'] !== undefined) return numberOf(value['intValue']);
  if (value['doubleValue'] !== undefined) return doubleOf(value['doubleValue']);
  if (value['bytesValue'] !== undefined) return stringOf(value['bytesValue']);
  if (value['arrayValue'] !== undefined)
    return objectsOf(objectOf(value['arrayValue']), 'values').map((item) => valueOf(item, depth + 1));
  if (value['kvlistValue'] !== undefined)
    return keyValuesOf(objectsOf(objectOf(value['kvlistValue']), 'values'), depth + 1);
  return null;
}

/** Protobuf's JSON writes what JSON cannot as these words. */
function doubleOf(value: unknown): number {
  if (value === 'NaN') return Number.NaN;
  if (value === 'Infinity') return Number.POSITIVE_INFINITY;
  if (value === '-Infinity') return Number.NEGATIVE_INFINITY;
  return numberOf(value);
}

function readLogRecord(raw: Json): LogRecord {
  return {
    ...emptyLogRecord(),
    timeMs: timeMsOf(raw['timeUnixNano'], false),
    observedTimeMs: timeMsOf(raw['observedTimeUnixNano'], false),
    eventName: stringOf(raw['eventName']),
    severityText: stringOf(raw['severityText']),
    body: valueOf(raw['body'], 0),
    attributes: attributesOf(raw, 0),
    traceId: hexOf(raw['traceId'], 16),
    spanId: hexOf(raw['spanId'], 8),
  };
}

function readSpan(raw: Json): Span {
  const status = objectOf(raw['status'] ?? {});
  return {
    ...emptySpan(),
    traceId: hexOf(raw['traceId'], 16),
    spanId: hexOf(raw['spanId'], 8),
    parentSpanId: hexOf(raw['parentSpanId'], 8),
    name: stringOf(raw['name']),
    kind: enumOf(raw['kind']),
    startMs: timeMsOf(raw['startTimeUnixNano'], true),
    endMs: timeMsOf(raw['endTimeUnixNano'], true),
    statusCode: enumOf(status['code']),
    statusMessage: stringOf(status['message']),
    attributes: attributesOf(raw, 0),
    events: objectsOf(raw, 'events').map((event) => ({
      timeMs: timeMsOf(event['timeUnixNano'], true),
      name: stringOf(event['name']),
      attributes: attributesOf(event, 0),
    })),
  };
}

/** OTLP's JSON allows enums as integers only. */
function enumOf(value: unknown): number {
  if (value === undefined || value === null) return 0;
  if (!Number.isInteger(value)) throw new MalformedBodyError('the body is not OTLP: an enum is no integer');
  return value as number;
}
