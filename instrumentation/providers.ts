// The providers of spans and log records. A provider that other code has registered is joined: our
// processors are added to it. Otherwise ours becomes the global one, with W3C trace context as the
// only propagation, so that baggage goes nowhere.

import { context, logs, propagation, trace, type Tracer } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { LoggerProvider } from '@opentelemetry/sdk-logs';
import { TracerProvider, type SpanProcessor } from '@opentelemetry/sdk-trace';
import { spanProcessorsOf } from './foreign-fields.ts';
import { guard } from './guard.ts';
import type { Pipeline } from './pipeline.ts';
import { readSampler } from './sampler.ts';
import { EVENT_SCOPE } from '../core/otlp-log.ts';
import type { Service } from './service.ts';

export interface Providers {
  readonly tracer: Tracer;
  /** True when our processors were added to a provider that was there before. */
  readonly isJoined: boolean;
}

/** Registers or joins; `watcher` sees every span start and end. */
export function setUpProviders(
  service: Service,
  pipeline: Pipeline,
  watcher: SpanProcessor,
  version: string,
): Providers {
  const { resource } = service;
  const processors = [watcher, pipeline.spanProcessor()];
  const isJoined = guard('join provider', () => joinProvider(processors)) ?? false;
  const ownProvider = new TracerProvider({
    resource,
    sampler: readSampler(process.env),
    spanProcessors: processors,
  });
  if (!isJoined) {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    propagation.setGlobalPropagator(new W3CTraceContextPropagator());
    trace.setGlobalTracerProvider(ownProvider);
  }
  // For log records of the program; fails silently where it has registered a provider of its own.
  logs.setGlobalLoggerProvider(new LoggerProvider({ resource, processors: [pipeline.logProcessor()] }));
  const tracer = isJoined
    ? trace.getTracer(EVENT_SCOPE, version)
    : ownProvider.getTracer(EVENT_SCOPE, version);
  return { tracer, isJoined };
}

interface Joinable {
  getDelegate?: () => Joinable;
  addSpanProcessor?: (processor: SpanProcessor) => void;
}

/** Adds processors to a provider registered by other code; false when there is none that takes them. */
function joinProvider(processors: readonly SpanProcessor[]): boolean {
  const global = trace.getTracerProvider() as Joinable;
  // The global one is a proxy of whichever copy of the API came first, so its class cannot be asked for.
  const found = typeof global.getDelegate === 'function' ? global.getDelegate() : global;
  if (typeof found.addSpanProcessor === 'function') {
    for (const processor of processors) found.addSpanProcessor(processor);
    return true;
  }
  const list = spanProcessorsOf(found);
  list?.push(...processors);
  return list !== undefined;
}
