// From span to row of the `spans` table, for reading one run. Spans are kept whole but for content (what a
// prompt or an answer said): that is stored only where it is encrypted.

import { CONTENT_KEYS, CONTENT_KEY_PREFIXES } from '../../core/redaction.ts';
import type { SpanRow } from '../store/file/tables.ts';
import type { Attributes, Span, SpanGroup } from './otlp-model.ts';

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
    attributes: JSON.stringify(withoutContent(span.attributes)),
    events:
      span.events.length === 0
        ? undefined
        : JSON.stringify(
            span.events.map((event) => ({ ...event, attributes: withoutContent(event.attributes) })),
          ),
    resource,
  };
}

const contentKeys: ReadonlySet<string> = new Set(CONTENT_KEYS);
/** Whether a key holds content, for keys seen before: there are few of them. */
const known = new Map<string, boolean>();
const KEYS_KNOWN = 10_000;

function isContentKey(key: string): boolean {
  let isContent = known.get(key);
  if (isContent === undefined) {
    isContent = contentKeys.has(key) || CONTENT_KEY_PREFIXES.some((prefix) => key.startsWith(prefix));
    if (known.size < KEYS_KNOWN) known.set(key, isContent);
  }
  return isContent;
}

function withoutContent(attributes: Attributes): Attributes {
  if (!Object.keys(attributes).some(isContentKey)) return attributes;
  return Object.fromEntries(Object.entries(attributes).filter(([key]) => !isContentKey(key)));
}
