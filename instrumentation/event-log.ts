// The event log: turns facts into OTLP log records and lines of the daily file.
// Every event gets its number in the process here, so that a gap shows a loss.

import { context, trace, type Attributes, type Logger, type SpanContext } from '@opentelemetry/api';
import { encodeEvent, type EventRecord } from '../core/event.ts';
import { FIELDS, type EventName, type FieldDefinition, type FieldKey } from '../core/schema.ts';
import type { DailyFile } from './daily-file.ts';
import { guard } from './guard.ts';
import type { ContentMode } from './settings.ts';
import type { Service } from './service.ts';

export type Fields = Partial<Omit<EventRecord, 'timestamp' | 'event.name'>>;

export class EventLog {
  readonly #logger: Logger;
  readonly #service: Service;
  readonly #content: ContentMode;
  readonly #file: DailyFile | undefined;
  #sequence = 0;

  constructor(logger: Logger, service: Service, content: ContentMode, file: DailyFile | undefined) {
    this.#logger = logger;
    this.#service = service;
    this.#content = content;
    this.#file = file;
  }

  /** Emits one event of the span; the record as it was sent, for the journal. */
  emit(name: EventName, atMs: number, span: SpanContext, fields: Fields): EventRecord {
    this.#sequence += 1;
    const event: EventRecord = {
      ...(this.#content === 'none' ? withoutContent(fields) : fields),
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
      this.#logger.emit({
        eventName: name,
        timestamp: atMs,
        body: line,
        attributes: attributesOf(event),
        context: trace.setSpanContext(context.active(), span),
      });
      this.#file?.add(line, atMs);
    });
    return event;
  }

  /** Writes the lines that have gathered for the daily file. */
  write(): void {
    this.#file?.write();
  }
}

/** The fields of an event that travel as attributes, on its record and on its span alike. */
export function attributesOf(fields: Fields | EventRecord): Attributes {
  const attributes: Attributes = {};
  for (const [key, value] of Object.entries(fields)) {
    if (value === undefined || (FIELDS[key as FieldKey] as FieldDefinition).attribute !== true) continue;
    attributes[key] = Array.isArray(value) ? [...(value as string[])] : value;
  }
  return attributes;
}

function withoutContent(fields: Fields): Fields {
  const kept = Object.entries(fields).filter(
    ([key]) => (FIELDS[key as FieldKey] as FieldDefinition).sensitive !== true || key === 'agent.note.text',
  );
  return Object.fromEntries(kept);
}
