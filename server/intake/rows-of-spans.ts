// From span to row of the `spans` table. Spans are kept whole, for reading one run.

import type { SpanRow } from '../store/tables.ts';
import type { Span, SpanGroup } from './otlp-model.ts';

export interface RowsOfSpans {
  readonly rows: SpanRow[];
  /** Spans without a valid trace or span id. */
  readonly refused: number;
}

export function rowsOfSpans(groups: readonly SpanGroup[]): RowsOfSpans {
  const rows: SpanRow[] = [];
  let refused = 0;
  for (const group of groups) {
    const resource = JSON.stringify(group.resource);
    const serviceName = group.resource['service.name'];
    for (const span of group.spans) {
      if (span.traceId === '' || span.spanId === '') {
        refused++;
        continue;
      }
      rows.push(
        rowOf(span, group.scope, resource, typeof serviceName === 'string' ? serviceName : undefined),
      );
    }
  }
  return { rows, refused };
}

function rowOf(span: Span, scope: string, resource: string, serviceName: string | undefined): SpanRow {
  return {
    trace_id: span.traceId,
    span_id: span.spanId,
    parent_span_id: span.parentSpanId === '' ? undefined : span.parentSpanId,
    name: span.name,
    kind: span.kind | 0,
    start_time: span.startMs,
    end_time: span.endMs,
    status_code: span.statusCode | 0,
    status_message: span.statusMessage === '' ? undefined : span.statusMessage,
    scope: scope === '' ? undefined : scope,
    service_name: serviceName,
    attributes: JSON.stringify(span.attributes),
    events: span.events.length === 0 ? undefined : JSON.stringify(span.events),
    resource,
  };
}
