// The part of the OTLP data model that is stored, the same whichever encoding it came in.
// Attributes are plain values: int64 as number, arrays and maps nested, bytes as base64.

export type AttributeValue =
  string | number | boolean | null | readonly AttributeValue[] | { readonly [key: string]: AttributeValue };

export type Attributes = Record<string, AttributeValue>;

export interface LogRecord {
  /** Unix milliseconds; 0 when the sender set none. */
  timeMs: number;
  observedTimeMs: number;
  eventName: string;
  severityText: string;
  body: AttributeValue;
  attributes: Attributes;
  traceId: string;
  spanId: string;
}

export interface LogGroup {
  readonly resource: Attributes;
  readonly scope: string;
  readonly records: readonly LogRecord[];
}

export interface SpanEvent {
  timeMs: number;
  name: string;
  attributes: Attributes;
}

export interface Span {
  traceId: string;
  spanId: string;
  parentSpanId: string;
  name: string;
  kind: number;
  /** Unix milliseconds, with a fraction. */
  startMs: number;
  endMs: number;
  statusCode: number;
  statusMessage: string;
  attributes: Attributes;
  events: SpanEvent[];
}

export interface SpanGroup {
  readonly resource: Attributes;
  readonly scope: string;
  readonly spans: readonly Span[];
}

/** The body is not what its content type says. */
export class MalformedBodyError extends Error {
  override readonly name = 'MalformedBodyError';
}

/** Levels of arrays and maps in a value; deeper ones are refused. */
export const NESTING_LIMIT = 32;

export function emptyLogRecord(): LogRecord {
  return {
    timeMs: 0,
    observedTimeMs: 0,
    eventName: '',
    severityText: '',
    body: null,
    attributes: {},
    traceId: '',
    spanId: '',
  };
}

export function emptySpan(): Span {
  return {
    traceId: '',
    spanId: '',
    parentSpanId: '',
    name: '',
    kind: 0,
    startMs: 0,
    endMs: 0,
    statusCode: 0,
    statusMessage: '',
    attributes: {},
    events: [],
  };
}

/** Sets an attribute; `__proto__` becomes a key like any other. */
export function setAttribute(attributes: Attributes, key: string, value: AttributeValue): void {
  if (key === '__proto__')
    Object.defineProperty(attributes, key, { value, enumerable: true, configurable: true });
  else attributes[key] = value;
}
