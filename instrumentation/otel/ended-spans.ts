// Ended spans: spans of work that was seen only when it was over, so that nothing is ever begun inside of them. Where no
// other code reads the spans of the process, such a span is put together as plain data and goes straight to the pipeline;
// a span of the SDK for tracing costs several times that. Otherwise it is one of those.

import {
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type SpanContext,
  type SpanKind,
  type Tracer,
} from '@opentelemetry/api';
import { millisToHrTime, type InstrumentationScope } from '@opentelemetry/core';
import { RandomIdGenerator, type ReadableSpan, type SpanProcessor } from '@opentelemetry/sdk-trace';
import { isSeenByUsAlone, openSpanOf } from './foreign-fields.ts';

export interface EndedSpan {
  readonly name: string;
  readonly kind: SpanKind;
  /** Unix milliseconds. */
  readonly startMs: number;
  readonly endMs: number;
  /** Plain values, cut to what may be sent. */
  readonly attributes: Attributes;
  readonly isError: boolean;
}

const ids = new RandomIdGenerator();
/** A tool call has fewer; where a span takes no more than so many, OpenTelemetry's SDK knows what to cut. */
const MOST_ATTRIBUTES = 32;

/**
 * Writes the span below the active one of the context; gives its own context. A child is sampled as its parent is.
 * @param pipeline what takes the ended spans of our provider
 */
export function writeEndedSpan(
  pipeline: SpanProcessor | undefined,
  tracer: Tracer,
  scope: InstrumentationScope,
  parent: Context,
  span: EndedSpan,
): SpanContext {
  const { name, kind, startMs, endMs, attributes, isError } = span;
  const around = trace.getSpan(parent);
  const isOurs =
    around !== undefined && isSeenByUsAlone(around) && openSpanOf(around, MOST_ATTRIBUTES) !== undefined;
  if (pipeline === undefined || !isOurs) {
    const made = tracer.startSpan(name, { kind, startTime: startMs, attributes }, parent);
    if (isError) made.setStatus({ code: SpanStatusCode.ERROR });
    made.end(endMs);
    return made.spanContext();
  }
  const parentSpanContext = around.spanContext();
  const { traceId, traceFlags, traceState } = parentSpanContext;
  const context: SpanContext = {
    traceId,
    spanId: ids.generateSpanId(),
    traceFlags,
    ...(traceState === undefined ? {} : { traceState }),
  };
  pipeline.onEnd({
    name,
    kind,
    spanContext: () => context,
    parentSpanContext,
    startTime: millisToHrTime(startMs),
    endTime: millisToHrTime(endMs),
    duration: millisToHrTime(endMs - startMs),
    status: { code: isError ? SpanStatusCode.ERROR : SpanStatusCode.UNSET },
    attributes,
    events: [],
    links: [],
    ended: true,
    resource: (around as unknown as ReadableSpan).resource,
    instrumentationScope: scope,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  });
  return context;
}
