// The event log: turns facts into OTLP log records and lines of the daily file.
// Every event gets its number in the process here, so that a gap shows a loss.

import type { Attributes, HrTime, SpanContext } from '@opentelemetry/api';
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs';
import { encodeEvent, type EventRecord } from '../core/event.ts';
import { EVENT_SCOPE } from '../core/otlp-log.ts';
import { FIELD_KEYS, FIELDS, type EventName, type FieldDefinition } from '../core/schema.ts';
import type { DailyFile } from './daily-file.ts';
import { guard } from './guard.ts';
import type { Service } from './service.ts';

export type Fields = Partial<Omit<EventRecord, 'timestamp' | 'event.name'>>;

/** Takes a record; `isUrgent` when its loss would hide a run. */
export type RecordSink = (record: ReadableLogRecord, isUrgent: boolean) => void;

/** Made without a logger: it would check each attribute again, which is most of what an event costs. */
export class EventLog {
  readonly #sink: RecordSink;
  readonly #service: Service;
  readonly #scope: ReadableLogRecord['instrumentationScope'];
  readonly #file: DailyFile | undefined;
  #sequence = 0;

  constructor(sink: RecordSink, service: Service, version: string, file: DailyFile | undefined) {
    this.#sink = sink;
    this.#service = service;
    this.#scope = { name: EVENT_SCOPE, version };
    this.#file = file;
  }

  /** Emits one event of the span; the record as it was sent, for the journal. */
  emit(name: EventName, atMs: number, span: SpanContext, fields: Fields): EventRecord {
    this.#sequence += 1;
    const event: EventRecord = {
      ...fields,
      timestamp: atMs,
      'event.name': name,
      trace_id: span.traceId,
      span_id: span.spanId,
      'service.name': this.#service.name,
      'service.version': this.#service.version,
      'service.instance.id': this.#service.instanceId,
      'tallyspan.seq': this.#sequence,
    };
    guard('emit event', () => {
      const line = encodeEvent(event);
      const time = hrTimeOf(atMs);
      this.#sink(
        {
          eventName: name,
          hrTime: time,
          hrTimeObserved: time,
          spanContext: span,
          body: line,
          attributes: attributesOf(event),
          resource: this.#service.resource,
          instrumentationScope: this.#scope,
          droppedAttributesCount: 0,
        },
        name === 'agent.run.started',
      );
      this.#file?.add(line, atMs);
    });
    return event;
  }

  /** Writes the lines that have gathered for the daily file. */
  write(): void {
    this.#file?.write();
  }
}

const ATTRIBUTE_KEYS: ReadonlySet<string> = new Set(
  FIELD_KEYS.filter((key) => (FIELDS[key] as FieldDefinition).attribute === true),
);

/** The fields of an event that travel as attributes, on its record and on its span alike. */
export function attributesOf(fields: Fields | EventRecord): Attributes {
  const attributes: Attributes = {};
  for (const key in fields) {
    const value = fields[key as keyof typeof fields];
    if (value !== undefined && ATTRIBUTE_KEYS.has(key)) attributes[key] = value;
  }
  return attributes;
}

function hrTimeOf(atMs: number): HrTime {
  const seconds = Math.floor(atMs / 1_000);
  return [seconds, (atMs - seconds * 1_000) * 1_000_000];
}
