// Peer spans: what another vendor's instrumentation opens around or inside a call that we observe. Where such
// a span comes through our pipeline, readers of foreign spans would count the call a second time; so it is
// given the id of the run, by which they know that the call has its event.

import type { Span } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { findDialect, OWN_ATTRIBUTE } from '../../core/dialects/normalise.ts';
import { guard } from '../process/guard.ts';

/** Run of the call that each open span belongs to, by span id: some vendors hand out spans in a wrapping. */
const runIds = new Map<string, string>();
/** Spans that never end are forgotten, the oldest first. */
const MAX_OPEN = 1_000;

/** The span encloses a call of the run, or was opened inside of it. */
export function relateSpan(span: Span | undefined, runId: string): void {
  if (span?.isRecording() !== true) return;
  runIds.set(span.spanContext().spanId, runId);
  for (const id of runIds.keys()) {
    if (runIds.size <= MAX_OPEN) break;
    runIds.delete(id);
  }
  // Providers before 2.3 do not tell of a span that ends.
  if (isReadable(span)) mark(span, runId);
}

/** A span ends: now all that says what it is has been said. */
export function markRelatedSpan(span: Span & ReadableSpan): void {
  const { spanId } = span.spanContext();
  const runId = runIds.get(spanId);
  if (runId === undefined) return;
  runIds.delete(spanId);
  mark(span, runId);
}

function mark(span: Span & ReadableSpan, runId: string): void {
  guard('peer span', () => {
    const { name, instrumentationScope, attributes } = span;
    if (findDialect({ name, scopeName: instrumentationScope.name, attributes }) !== undefined)
      span.setAttribute(OWN_ATTRIBUTE, runId);
  });
}

function isReadable(span: Span): span is Span & ReadableSpan {
  return 'instrumentationScope' in span && 'attributes' in span;
}
