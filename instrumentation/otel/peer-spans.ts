// Peer spans: what other instrumentation opens around, inside or beside a call that we observe. Where such a span comes
// through our pipeline, readers of foreign spans would count the call, its tools and its agent a second time; so it is
// given the id of the run, by which they know that there are events of it. What it says of agent and user is used.

import { trace, type Context, type Span } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { findDialect, normaliseSpan, OWN_ATTRIBUTE } from '../../core/dialects/normalise.ts';
import { NewestMap } from '../../core/newest-map.ts';
import { guard } from '../process/guard.ts';

interface OpenSpan {
  readonly span: Span;
  readonly parentId: string | undefined;
  /** Run of a call that it encloses, or that it was opened in. */
  runId: string | undefined;
}

/** What the spans around some work say of it. */
export interface SpokenFacts {
  agentName: string | undefined;
  sessionId: string | undefined;
  userId: string | undefined;
}

/** Spans that never end are forgotten, the oldest first. */
const MAX_OPEN = 1_000;
const MAX_DEPTH = 50;

export class PeerSpans {
  /** By span id: some vendors hand out spans in a wrapping. */
  readonly #open = new NewestMap<string, OpenSpan>();

  /** A span of other code begins. */
  open(span: Span, parent: Context): void {
    this.#add(span, trace.getSpanContext(parent)?.spanId);
  }

  /** The span encloses a call of the run, or was opened inside of it; so do those around it. */
  relate(span: Span | undefined, runId: string): void {
    if (span?.isRecording() !== true) return;
    const { spanId } = span.spanContext();
    if (!this.#open.has(spanId)) this.#add(span, undefined);
    for (const open of this.#around(spanId)) {
      open.runId ??= runId;
      // Providers before 2.3 do not tell of a span that ends.
      if (isReadable(open.span)) mark(open.span, open.runId);
    }
  }

  /** A span ends: now all that says what it is has been said. */
  close(span: Span & ReadableSpan): void {
    const { spanId } = span.spanContext();
    const open = this.#open.get(spanId);
    this.#open.delete(spanId);
    if (open === undefined) return;
    // A tool's span stands beside the call that asked for it.
    const runId = open.runId ?? this.#open.get(open.parentId ?? '')?.runId;
    if (runId !== undefined) mark(span, runId);
  }

  /** What the open spans around the context say; the nearest counts. */
  factsAround(active: Context): SpokenFacts {
    const facts: SpokenFacts = { agentName: undefined, sessionId: undefined, userId: undefined };
    const span = trace.getSpan(active);
    if (span === undefined) return facts;
    for (const { span: open } of this.#around(span.spanContext().spanId)) {
      if (!isReadable(open)) continue;
      guard('facts of span', () => {
        const { name, instrumentationScope, attributes } = open;
        // What it was marked with makes it none of a dialect.
        const { [OWN_ATTRIBUTE]: _own, ...others } = attributes;
        const spoken = normaliseSpan({ name, scopeName: instrumentationScope.name, attributes: others });
        if (spoken === undefined) return;
        facts.agentName ??=
          text(spoken.attributes['gen_ai.agent.name']) ?? text(others['ai.telemetry.functionId']);
        facts.sessionId ??= text(spoken.attributes['gen_ai.conversation.id']);
        facts.userId ??= text(spoken.attributes['user.id']);
      });
    }
    return facts;
  }

  /** Ids of the span and of the open ones around it, from the inside out. */
  idsAround(span: Span): string[] {
    const { spanId } = span.spanContext();
    const around = this.#around(spanId).map(({ span: open }) => open.spanContext().spanId);
    return around.length === 0 ? [spanId] : around;
  }

  #add(span: Span, parentId: string | undefined): void {
    this.#open.set(span.spanContext().spanId, { span, parentId, runId: undefined });
    while (this.#open.size > MAX_OPEN) this.#open.dropOldest();
  }

  /** The open span with the id and those around it, from the inside out. */
  #around(spanId: string): OpenSpan[] {
    const found: OpenSpan[] = [];
    let at = this.#open.get(spanId);
    while (at !== undefined && found.length < MAX_DEPTH) {
      found.push(at);
      at = at.parentId === undefined ? undefined : this.#open.get(at.parentId);
    }
    return found;
  }
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

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
