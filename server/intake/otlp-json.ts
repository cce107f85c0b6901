// OTLP as JSON: lowerCamelCase keys, ids in hex, enums and 64-bit integers as numbers or strings; or, as the libraries of
// protobuf write JSON by themselves, the keys of the proto files, ids in base64 and enums by their names. Unknown keys are
// skipped. A value of the wrong kind costs its record where it is in one, and else makes the body malformed, as does a body
// that holds none of the keys of its request.

import {
  BAD_ID,
  BadValueError,
  MalformedBodyError,
  NESTING_LIMIT,
  emptyLogRecord,
  emptySpan,
  isRemoteParent,
  setAttribute,
  settleSpan,
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
  const nowMs = Date.now();
  return readGroups(body, 'resourceSpans', 'scopeSpans', 'spans', (resource, scope, group) => ({
    resource,
    scope,
    scopeVersion: stringOf(valueAt(objectOf(group['scope'] ?? {}), 'version')),
    spans: objectsOf(group, 'spans').map((raw) => readSpan(raw, nowMs)),
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
  const request = objectOf(parsed);
  if (Object.keys(request).length > 0 && valueAt(request, resourceKey) === undefined)
    throw new MalformedBodyError(`the body is not OTLP: it has no ${resourceKey}`);
  return objectsOf(request, resourceKey).flatMap((resourceGroup) => {
    budget.takeRecord();
    const resource = attributesOf(objectOf(resourceGroup['resource'] ?? {}), 0);
    const resourceBytes = JSON.stringify(resource).length;
    return objectsOf(resourceGroup, scopeKey).map((group) => {
      const scope = stringOf(objectOf(group['scope'] ?? {})['name']);
      const messages = valueAt(group, messagesKey);
      const count = Array.isArray(messages) ? messages.length : 0;
      for (let taken = 0; taken <= count; taken++) budget.takeRecord();
      budget.takeShared(resourceBytes + scope.length, count);
      return read(resource, scope, group);
    });
  });
}

function objectOf(value: unknown): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new BadValueError('the body is not OTLP: an object was expected');
  return value as Json;
}

const SNAKE_NAMES = new Map<string, string>();

/** The value under a key, or under the same key as the proto files write it. */
function valueAt(parent: Json, key: string): unknown {
  const value = parent[key];
  if (value !== undefined) return value;
  let snake = SNAKE_NAMES.get(key);
  if (snake === undefined)
    SNAKE_NAMES.set(key, (snake = key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)));
  return snake === key ? undefined : parent[snake];
}

function objectsOf(parent: Json, key: string): Json[] {
  const value = valueAt(parent, key) ?? [];
  if (!Array.isArray(value)) throw new BadValueError(`the body is not OTLP: ${key} is not an array`);
  return value.map(objectOf);
}

function stringOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string') throw new BadValueError('the body is not OTLP: a string was expected');
  return value;
}

function numberOf(value: unknown): number {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  if (typeof number !== 'number' || Number.isNaN(number))
    throw new BadValueError('the body is not OTLP: a number was expected');
  return number;
}

/** An id; {@link BAD_ID} when it is none. */
function hexOf(value: unknown, bytes: number): string {
  const given = stringOf(value);
  const text = given.toLowerCase();
  if (text === '' || (text.length === bytes * 2 && /^[0-9a-f]+$/.test(text))) return text;
  // Base64 of so many bytes ends with a sign that hex does not have.
  if (!/^[A-Za-z0-9+/_-]+={1,2}$/.test(given)) return BAD_ID;
  const decoded = Buffer.from(given, 'base64');
  return decoded.length === bytes ? decoded.toString('hex') : BAD_ID;
}

/** Nanoseconds since the epoch as Unix milliseconds, whole or with microseconds as fraction. */
function timeMsOf(value: unknown, isPrecise: boolean): number {
  if (value === undefined || value === null) return 0;
  let nanos: bigint;
  try {
    nanos = BigInt(value as string | number);
  } catch {
    throw new BadValueError('the body is not OTLP: a time is not a whole number of nanoseconds');
  }
  if (nanos < 0n || nanos >= 1n << 64n)
    throw new BadValueError('the body is not OTLP: a time is not a 64-bit number');
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
  const holder = objectOf(raw);
  const at = (key: string): unknown => valueAt(holder, key);
  if (at('stringValue') !== undefined) return stringOf(at('stringValue'));
  if (at('boolValue') !== undefined) return at('boolValue') === true;
  if (at('intValue') !== undefined) return numberOf(at('intValue'));
  if (at('doubleValue') !== undefined) return doubleOf(at('doubleValue'));
  if (at('bytesValue') !== undefined) return stringOf(at('bytesValue'));
  if (at('arrayValue') !== undefined)
    return objectsOf(objectOf(at('arrayValue')), 'values').map((item) => valueOf(item, depth + 1));
  if (at('kvlistValue') !== undefined)
    return keyValuesOf(objectsOf(objectOf(at('kvlistValue')), 'values'), depth + 1);
  return null;
}

/** Protobuf's JSON writes what JSON cannot as these words. */
function doubleOf(value: unknown): number {
  if (value === 'NaN') return Number.NaN;
  if (value === 'Infinity') return Number.POSITIVE_INFINITY;
  if (value === '-Infinity') return Number.NEGATIVE_INFINITY;
  return numberOf(value);
}

/** What a record holds; where a value in it cannot be read, `fault` says so, and the others of its batch are read on. */
function readRecord<T extends { fault: string }>(empty: T, fill: (record: T) => void): T {
  try {
    fill(empty);
  } catch (error) {
    if (!(error instanceof BadValueError)) throw error;
    empty.fault = error.message.replace(/^the body is not OTLP: /, '');
  }
  return empty;
}

function readLogRecord(raw: Json): LogRecord {
  return readRecord(emptyLogRecord(), (record) => {
    record.eventName = stringOf(valueAt(raw, 'eventName'));
    record.attributes = attributesOf(raw, 0);
    record.body = valueOf(valueAt(raw, 'body'), 0);
    record.severityText = stringOf(valueAt(raw, 'severityText'));
    record.timeMs = timeMsOf(valueAt(raw, 'timeUnixNano'), false);
    record.observedTimeMs = timeMsOf(valueAt(raw, 'observedTimeUnixNano'), false);
    record.traceId = hexOf(valueAt(raw, 'traceId'), 16);
    record.spanId = hexOf(valueAt(raw, 'spanId'), 8);
    if ([record.traceId, record.spanId].includes(BAD_ID)) record.fault = 'its trace id or span id is none';
  });
}

function readSpan(raw: Json, nowMs: number): Span {
  return readRecord(emptySpan(), (span) => {
    const status = objectOf(valueAt(raw, 'status') ?? {});
    span.traceId = hexOf(valueAt(raw, 'traceId'), 16);
    span.spanId = hexOf(valueAt(raw, 'spanId'), 8);
    span.parentSpanId = hexOf(valueAt(raw, 'parentSpanId'), 8);
    span.hasRemoteParent = isRemoteParent(Number(valueAt(raw, 'flags') ?? 0));
    span.name = stringOf(valueAt(raw, 'name'));
    span.kind = enumOf(valueAt(raw, 'kind'), KINDS);
    span.startMs = timeMsOf(valueAt(raw, 'startTimeUnixNano'), true);
    span.endMs = timeMsOf(valueAt(raw, 'endTimeUnixNano'), true);
    span.statusCode = enumOf(status['code'], STATUS_CODES);
    span.statusMessage = stringOf(status['message']);
    span.attributes = attributesOf(raw, 0);
    span.events = objectsOf(raw, 'events').map((event) => ({
      timeMs: timeMsOf(valueAt(event, 'timeUnixNano'), true),
      name: stringOf(valueAt(event, 'name')),
      attributes: attributesOf(event, 0),
    }));
    settleSpan(span, nowMs);
  });
}

const KINDS: readonly string[] = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'].map(
  (name) => `SPAN_KIND_${name}`,
);
const STATUS_CODES: readonly string[] = ['UNSET', 'OK', 'ERROR'].map((name) => `STATUS_CODE_${name}`);

/** Its number, where `names` has the name of it at that place. */
function enumOf(value: unknown, names: readonly string[]): number {
  if (value === undefined || value === null) return 0;
  const named = typeof value === 'string' ? names.indexOf(value) : -1;
  const number = named === -1 ? numberOf(value) : named;
  if (!Number.isInteger(number)) throw new BadValueError('the body is not OTLP: an enum is no integer');
  return number;
}
