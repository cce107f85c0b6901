// From foreign span to event: agents under other instrumentations count, too. Spans of our own have
// their events already.

import { translateSpan } from '../../core/dialects.ts';
import type { EventRecord } from '../../core/event.ts';
import type { SpanGroup } from './otlp-model.ts';

/** Status code ERROR of a span. */
const STATUS_ERROR = 2;

export function eventsOfSpans(groups: readonly SpanGroup[]): EventRecord[] {
  return groups.flatMap(({ resource, scope, spans }) =>
    spans.flatMap((span) => {
      if (span.traceId === '' || span.spanId === '') return [];
      const event = translateSpan({
        name: span.name,
        scopeName: scope,
        attributes: span.attributes,
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId,
        startMs: span.startMs,
        endMs: span.endMs,
        isError: span.statusCode === STATUS_ERROR,
        resource,
      });
      return event === undefined ? [] : [event];
    }),
  );
}
