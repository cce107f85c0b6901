// The event log: turns facts into OTLP log records and lines of the daily file.
// Every event gets its number in the process here, so that a gap shows a loss. It is encoded once, here, most of them a
// little later: the line is the body of the record, a line of the daily file, and, of a run that begins, a line of the journal.

import type { Attributes, Span, SpanContext } from '@opentelemetry/api';
import { encodeEvent, type EventRecord } from '../../core/event.ts';
import { cutSentValue } from '../../core/field-limits.ts';
import { EVENT_SCOPE } from '../../core/otlp/otlp-log.ts';
import {
  FIELD_KEYS,
  FIELDS,
  type EventName,
  type FieldDefinition,
  type FieldKey,
} from '../../core/schema.ts';
import type { DailyFile } from '../deliver/daily-file.ts';
import type { OnFate } from '../deliver/delivery.ts';
import { encodeEventRecord, type EventHeader, type Fields } from '../encode/encode-event.ts';
import type { EncodingQueue } from '../encode/encoding-queue.ts';
import { addLateFields } from '../encode/late-fields.ts';
import { isSeenByUsAlone, openSpanOf } from '../otel/foreign-fields.ts';
import { guard } from '../process/guard.ts';
import { Numbering } from '../process/numbering.ts';
import type { EncodedRecord, RecordScope } from '../encode/record-batch.ts';
import type { ServiceHolder } from '../process/service.ts';

export type { Fields } from '../encode/encode-event.ts';

/** Collectors take requests of 4 MB by default. The numbers of a call count more than its content. */
const MAX_RECORD_BYTES = 3_500_000;

/** Takes a record; `isUrgent` when its loss would hide a run. `onFate` is told what becomes of it. */
export type RecordSink = (record: EncodedRecord, isUrgent: boolean, onFate?: OnFate) => void;

/** Hears every event of the process as it is emitted. */
export type RecordListener = (event: EventRecord) => void;

/** Made without a logger: it would check each attribute again, which is most of what an event costs. */
export class EventLog {
  readonly #sink: RecordSink;
  readonly #service: ServiceHolder;
  readonly #counts = new Map<EventName, number>();
  readonly #scope: RecordScope;
  readonly #file: DailyFile | undefined;
  readonly #numbering: Numbering;
  /** Shared by all logs of the process; nobody listens as a rule. */
  readonly listeners: Set<RecordListener>;
  readonly #encoding: EncodingQueue | undefined;

  constructor(
    sink: RecordSink,
    service: ServiceHolder,
    version: string,
    file: DailyFile | undefined,
    numbering = new Numbering(),
    listeners = new Set<RecordListener>(),
    encoding?: EncodingQueue,
  ) {
    this.#encoding = encoding;
    this.listeners = listeners;
    this.#numbering = numbering;
    this.#sink = sink;
    this.#service = service;
    this.#scope = { name: EVENT_SCOPE, version };
    this.#file = file;
  }

  /**
   * Emits one event of the span; the fields belong to the log from here on. `onFate` is told what becomes of
   * it; `common` are more fields of it, apart because copying some sixty costs as much as writing them.
   */
  emit(
    name: EventName,
    atMs: number,
    span: SpanContext,
    fields: Fields,
    onFate?: OnFate,
    common?: Fields,
  ): void {
    const header = this.#headerOf(name, atMs, span);
    const { resource } = this.#service.current;
    const send = (): void => {
      guard('emit event', () => {
        this.#pass(encode(header, fields, span, common), header, resource, fields, onFate, common);
      });
    };
    if (this.#encoding === undefined) send();
    else {
      this.#encoding.add(send);
      if (this.listeners.size > 0 || hasContent(fields)) this.#encoding.encodeAll();
    }
  }

  /**
   * Emits the start of a run, encoded at once; gives the event as it is sent, for the journal. What waits goes on waiting,
   * and before it: a request is about to be sent.
   */
  emitStart(atMs: number, span: SpanContext, fields: Fields): EventRecord {
    const header = this.#headerOf('agent.run.started', atMs, span);
    const { resource } = this.#service.current;
    const event: EventRecord = { ...fields, ...header };
    guard('emit event', () => {
      const encoded = encode(header, fields, span);
      lines.set(event, encoded.line);
      const send = (): void => {
        this.#pass(encoded, header, resource, fields);
      };
      if (this.#encoding === undefined) send();
      else this.#encoding.addEncoded(send);
      if (this.listeners.size > 0) this.#encoding?.encodeAll();
    });
    return event;
  }

  /** Tells the listener of every event from here on; gives what ends that. */
  listen(listener: RecordListener): () => void {
    this.#encoding?.encodeAll();
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** Id of a run that begins, 32 hex digits. */
  makeRunId(): string {
    return this.#numbering.makeId();
  }

  /** How many events of that name there were. */
  count(name: EventName): number {
    return this.#counts.get(name) ?? 0;
  }

  /** Writes the lines that have gathered for the daily file. */
  write(): void {
    this.#encoding?.encodeAll();
    this.#file?.write();
  }

  /** What an event has beside its fields; counted, and numbered in the order of the calls. */
  #headerOf(name: EventName, atMs: number, span: SpanContext): EventHeader {
    const { name: service, version, instanceId } = this.#service.current;
    this.#counts.set(name, this.count(name) + 1);
    const sequence = this.#numbering.next();
    return {
      timestamp: atMs,
      'event.name': name,
      trace_id: span.traceId,
      span_id: span.spanId,
      'service.name': service,
      'service.version': version,
      'service.instance.id': instanceId,
      'tallyspan.process_id': this.#numbering.processId,
      'tallyspan.seq': sequence,
    };
  }

  #pass(
    { record, line }: EncodedEvent,
    header: EventHeader,
    resource: EncodedRecord['resource'],
    fields: Fields,
    onFate?: OnFate,
    common?: Fields,
  ): void {
    const isStart = header['event.name'] === 'agent.run.started';
    this.#sink({ resource, scope: this.#scope, record }, isStart, onFate);
    this.#file?.add(line, header.timestamp);
    if (this.listeners.size === 0) return;
    const event = known({ ...common, ...fields, ...header });
    for (const listener of this.listeners) listener(event);
  }
}

type EncodedEvent = ReturnType<typeof encodeEventRecord>;

function encode(header: EventHeader, fields: Fields, span: SpanContext, common?: Fields): EncodedEvent {
  const whole = encodeEventRecord(header, fields, span, common);
  return whole.record.length > MAX_RECORD_BYTES
    ? encodeEventRecord(header, withoutContent(fields), span, common)
    : whole;
}

/** The fields that are known. */
function known(event: EventRecord): EventRecord {
  return Object.fromEntries(
    Object.entries(event).filter(([, value]) => value !== undefined),
  ) as unknown as EventRecord;
}

/** What was said may be long: it is not kept a moment more. */
function hasContent(fields: Fields): boolean {
  return fields['tallyspan.request_json'] !== undefined || fields['tallyspan.response_json'] !== undefined;
}

/** The fields, with the request and the answer left out. */
function withoutContent(fields: Fields): Fields {
  const { 'tallyspan.request_json': _request, 'tallyspan.response_json': _response, ...rest } = fields;
  return { ...rest, 'tallyspan.content_cut': true };
}

const ATTRIBUTE_KEYS: ReadonlySet<string> = new Set(
  FIELD_KEYS.filter((key) => (FIELDS[key] as FieldDefinition).attribute === true),
);

/** The fields of an event that travel as attributes, on its record and on its span alike. */
export function attributesOf(fields: Fields | EventRecord): Attributes {
  const attributes: Attributes = {};
  for (const key in fields) {
    const value = fields[key as keyof typeof fields];
    if (value !== undefined && ATTRIBUTE_KEYS.has(key))
      attributes[key] = cutSentValue(key as FieldKey, value);
  }
  return attributes;
}

/** Puts the fields that travel as attributes on a span. */
export function setFields(span: Span, fields: Fields): void {
  const open = openSpanOf(span, ATTRIBUTE_KEYS.size);
  if (open === undefined) {
    span.setAttributes(attributesOf(fields));
    return;
  }
  const { attributes } = open;
  for (const key in fields) {
    const value = fields[key as keyof Fields];
    if (value === undefined || !ATTRIBUTE_KEYS.has(key)) continue;
    if (attributes[key] === undefined) open._attributesCount += 1; // oxlint-disable-line no-underscore-dangle
    attributes[key] = cutSentValue(key as FieldKey, value);
  }
}

/**
 * The same for the fields of its event, which does not change them any more: once for a span, before its end. Only
 * those that the span has already are set, as what it is given later counts more, where nobody else sees the others.
 */
export function setLastFields(span: Span, fields: Fields): void {
  const open = isSeenByUsAlone(span) ? openSpanOf(span, ATTRIBUTE_KEYS.size) : undefined;
  if (open === undefined) {
    setFields(span, fields);
    return;
  }
  const { attributes } = open;
  for (const key in attributes) {
    const value = fields[key as keyof Fields];
    if (value !== undefined && ATTRIBUTE_KEYS.has(key))
      attributes[key] = cutSentValue(key as FieldKey, value);
  }
  addLateFields(span, fields);
}

/** Lines of the events that the journal wants, too. */
const lines = new WeakMap<EventRecord, string>();

/** The line of an event as it was sent, or made now where it was not. */
export function lineOf(event: EventRecord): string {
  return lines.get(event) ?? encodeEvent(event);
}
