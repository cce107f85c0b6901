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
import type { Resource } from '@opentelemetry/resources';
import { RandomIdGenerator, type ReadableSpan } from '@opentelemetry/sdk-trace';

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

/** Where ended spans go when nobody else reads spans. */
export interface SpanSink {
  readonly resource: Resource;
  readonly scope: InstrumentationScope;
  /** Takes it, or drops it where it is not sampled. */
  add(span: ReadableSpan): void;
}

const ids = new RandomIdGenerator();
/** Settings of OpenTelemetry that cut or drop attributes: its SDK knows how. */
const LIMITS = /^OTEL_(SPAN_|EVENT_|LINK_)?ATTRIBUTE_|^OTEL_SPAN_.*_LIMIT$/;

/** Whether the environment limits the attributes of spans. */
export function hasSpanLimits(environment: NodeJS.ProcessEnv): boolean {
  return Object.keys(environment).some((name) => LIMITS.test(name));
}

/** Writes the span below the active span of the context; gives its own context. A child is sampled as its parent is. */
export function writeEndedSpan(
  sink: SpanSink | undefined,
  tracer: Tracer,
  parent: Context,
  span: EndedSpan,
): SpanContext {
  const { name, kind, startMs, endMs, attributes, isError } = span;
  const parentSpanContext = trace.getSpanContext(parent);
  if (sink === undefined || parentSpanContext === undefined) {
    const made = tracer.startSpan(name, { kind, startTime: startMs, attributes }, parent);
    if (isError) made.setStatus({ code: SpanStatusCode.ERROR });
    made.end(endMs);
    return made.spanContext();
  }
  const { traceId, traceFlags, traceState } = parentSpanContext;
  const context: SpanContext = {
    traceId,
    spanId: ids.generateSpanId(),
    traceFlags,
    ...(traceState === undefined ? {} : { traceState }),
  };
  sink.add({
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
    resource: sink.resource,
    instrumentationScope: sink.scope,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  });
  return context;
}
