// From span to row of the `spans` table, for reading one run. Spans are kept whole but for content (what a
// prompt or an answer said): that is stored only where it is encrypted.

import { CONTENT_KEYS, CONTENT_KEY_PREFIXES } from '../../core/redaction.ts';
import { TEXT_LIMITS } from '../../core/field-limits.ts';
import { attributesJson, boundTime, cutText } from '../store/columns/bounds.ts';
import type { SpanRow } from '../store/file/tables.ts';
import type { FactSpan } from '../../core/dialects.ts';
import { factSpanOf, factsJson, resourceOf } from '../foreign/fact-span.ts';
import type { Attributes, Span, SpanGroup } from './otlp-model.ts';

/** Events of one span that are kept, and their characters as JSON. */
const EVENTS_LIMIT = 128;
const EVENTS_CHARS = 128 * 1024;

export interface RowsOfSpans {
  readonly rows: SpanRow[];
  /** The same spans, as events are made of them. */
  readonly spans: FactSpan[];
  /** Spans without a valid trace or span id. */
  readonly refused: number;
}

export function rowsOfSpans(groups: readonly SpanGroup[]): RowsOfSpans {
  const rows: SpanRow[] = [];
  const spans: FactSpan[] = [];
  let refused = 0;
  for (const group of groups) {
    const resource = attributesJson(group.resource);
    const serviceName = group.resource['service.name'];
    const shared = resourceOf(group.resource);
    const scope = { name: group.scope, version: group.scopeVersion };
    for (const span of group.spans) {
      if (span.traceId === '' || span.spanId === '') {
        refused++;
        continue;
      }
      const fact = factSpanOf(span, scope, shared);
      spans.push(fact);
      rows.push({
        ...rowOf(span, group.scope, resource, typeof serviceName === 'string' ? serviceName : undefined),
        facts: factsJson(fact),
      });
    }
  }
  return { rows, spans, refused };
}

function rowOf(span: Span, scope: string, resource: string, serviceName: string | undefined): SpanRow {
  const events = span.events
    .slice(0, EVENTS_LIMIT)
    .map(
      ({ timeMs, name, attributes }) =>
        `{"timeMs":${boundTime(timeMs)},"name":${JSON.stringify(cutText(name, TEXT_LIMITS.name))},"attributes":${attributesJson(withoutContent(attributes))}}`,
    );
  return {
    trace_id: span.traceId,
    span_id: span.spanId,
    parent_span_id: span.parentSpanId === '' ? undefined : span.parentSpanId,
    name: cutText(span.name, TEXT_LIMITS.name),
    kind: span.kind | 0,
    start_time: boundTime(span.startMs),
    end_time: boundTime(span.endMs),
    status_code: span.statusCode | 0,
    status_message: span.statusMessage === '' ? undefined : cutText(span.statusMessage, TEXT_LIMITS.prose),
    scope: scope === '' ? undefined : cutText(scope, TEXT_LIMITS.name),
    service_name: serviceName === undefined ? undefined : cutText(serviceName, TEXT_LIMITS.name),
    attributes: attributesJson(withoutContent(span.attributes)),
    events: events.length === 0 ? undefined : `[${withinChars(events, EVENTS_CHARS).join(',')}]`,
    resource,
  };
}

/** The first of the texts that have so many characters together. */
function withinChars(texts: readonly string[], limit: number): readonly string[] {
  let room = limit;
  const end = texts.findIndex((text) => (room -= text.length) < 0);
  return end < 0 ? texts : texts.slice(0, end);
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
