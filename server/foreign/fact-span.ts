// Fact spans: a span as it came in OTLP, as the events of its trace are made of it, and the same kept in a row.

import type { FactSpan } from '../../core/dialects.ts';
import { readSpanFacts, type SpanFacts } from '../../core/dialects/span-facts.ts';
import { TEXT_LIMITS } from '../../core/field-limits.ts';
import type { Attributes, Span } from '../intake/otlp-model.ts';
import { boundText } from '../store/columns/bounds.ts';

/** Status code ERROR of a span. */
export const STATUS_ERROR = 2;

export type Resource = FactSpan['resource'];

/** What events take from the resource. */
export function resourceOf(attributes: Attributes): Resource {
  const resource: Record<string, unknown> = {};
  for (const key of ['service.name', 'service.version', 'service.instance.id'])
    if (attributes[key] !== undefined) resource[key] = attributes[key];
  return resource;
}

export function factSpanOf(
  span: Span,
  scope: { readonly name: string; readonly version: string },
  resource: Resource,
): FactSpan {
  const isError = span.statusCode === STATUS_ERROR;
  return {
    name: boundText(span.name, TEXT_LIMITS.name),
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    startMs: span.startMs,
    endMs: span.endMs,
    isError,
    resource,
    scope: scope.name === '' ? undefined : boundText(scope.name, TEXT_LIMITS.name),
    facts: readSpanFacts({
      name: span.name,
      scopeName: scope.name,
      scopeVersion: scope.version,
      attributes: span.attributes,
      durationMs: span.endMs - span.startMs,
      isError,
      spanKind: span.kind,
      hasRemoteParent: span.hasRemoteParent,
      exceptionType: exceptionTypeOf(span),
    }),
  };
}

/** Of several the last: those before it were caught. */
function exceptionTypeOf({ events }: Span): string | undefined {
  const type = events.findLast(({ name }) => name === 'exception')?.attributes['exception.type'];
  return typeof type === 'string' ? boundText(type, TEXT_LIMITS.name) : undefined;
}

/** Whether the span is of others and says something of an agent, a call, a tool or a step. */
export function isForeignStep({ facts: { kind } }: FactSpan): boolean {
  return kind !== 'own' && kind !== 'other';
}

/** The facts as they are kept in the row of the span; nothing of a span that is only a place in its trace. */
export function factsJson({ facts }: FactSpan): string | undefined {
  const isPlace =
    facts.kind === 'other' &&
    facts.isLocalRoot !== true &&
    facts.rule === undefined &&
    facts.retold === undefined;
  return isPlace && Object.keys(facts.standard).length === 0 ? undefined : JSON.stringify(facts);
}

export function parseFacts(json: unknown): SpanFacts {
  return typeof json === 'string' ? (JSON.parse(json) as SpanFacts) : { kind: 'other', standard: {} };
}
