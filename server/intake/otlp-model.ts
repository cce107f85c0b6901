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
  /** Why it is refused, and the others of its batch are not; empty where it is not. */
  fault: string;
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
  /** Whether the sender says that its parent is a span of another process. */
  hasRemoteParent: boolean;
  name: string;
  kind: number;
  /** Unix milliseconds, with a fraction. */
  startMs: number;
  endMs: number;
  statusCode: number;
  statusMessage: string;
  attributes: Attributes;
  events: SpanEvent[];
  /** Why it is refused, and the others of its batch are not; empty where it is not. */
  fault: string;
}

export interface OtlpScope {
  readonly name: string;
  readonly version: string;
}

/** What stands for an id that is none: its record is refused, and the others of its batch are not. */
export const BAD_ID = '?';

export interface SpanGroup {
  readonly resource: Attributes;
  readonly scope: string;
  readonly scopeVersion: string;
  readonly spans: readonly Span[];
}

/** The body is not what its content type says. */
export class MalformedBodyError extends Error {
  override readonly name = 'MalformedBodyError';
}

/** A value is not of its kind: within a record it costs that record alone, elsewhere the body. */
export class BadValueError extends MalformedBodyError {}

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
    fault: '',
  };
}

export function emptySpan(): Span {
  return {
    traceId: '',
    spanId: '',
    parentSpanId: '',
    hasRemoteParent: false,
    name: '',
    kind: 0,
    startMs: 0,
    endMs: 0,
    statusCode: 0,
    statusMessage: '',
    attributes: {},
    events: [],
    fault: '',
  };
}

/** Sets an attribute; `__proto__` becomes a key like any other. */
export function setAttribute(attributes: Attributes, key: string, value: AttributeValue): void {
  if (key === '__proto__')
    Object.defineProperty(attributes, key, { value, enumerable: true, configurable: true });
  else attributes[key] = value;
}

/** Bits of a span's flags: whether it is known where its parent is, and that it is in another process. */
const HAS_IS_REMOTE = 0x100;
const IS_REMOTE = 0x200;

export function isRemoteParent(flags: number): boolean {
  return (flags & HAS_IS_REMOTE) !== 0 && (flags & IS_REMOTE) !== 0;
}

const ONLY_ZEROS = /^0+$/;

function isNoId(id: string): boolean {
  return id === '' || id === BAD_ID || ONLY_ZEROS.test(id);
}

/**
 * Sets right what senders get wrong: a parent of zeros is no parent, a span without an end ended when it began, and
 * a span without ids is refused.
 */
export function settleSpan(span: Span, nowMs: number): void {
  if (ONLY_ZEROS.test(span.parentSpanId)) span.parentSpanId = '';
  if (isNoId(span.traceId) || isNoId(span.spanId) || span.parentSpanId === BAD_ID)
    span.fault ||= 'it has no valid trace id, span id or parent id';
  if (span.startMs <= 0) span.startMs = span.endMs > 0 ? span.endMs : nowMs;
  if (span.endMs < span.startMs) span.endMs = span.startMs;
}
