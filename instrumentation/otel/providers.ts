// The providers of spans and log records. Ours is registered before the program takes its first tracer, and switches: a
// provider that other code has registered, or registers however late, is joined: our processors are added to it, and
// all tracers go there. Trace context is the only propagation, so that baggage goes nowhere.

import {
  context,
  logs,
  propagation,
  trace,
  type Context,
  type SpanContext,
  type Tracer,
  type TracerProvider as Api,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator, type InstrumentationScope } from '@opentelemetry/core';
import { LoggerProvider } from '@opentelemetry/sdk-logs';
import { TracerProvider, type SpanProcessor } from '@opentelemetry/sdk-trace';
import { sayDebug } from '../process/diagnostics.ts';
import { writeEndedSpan, type EndedSpan } from './ended-spans.ts';
import { markOwn, providerResource, spanProcessorsOf } from './foreign-fields.ts';
import { GlobalApi, type Register } from './global-api.ts';
import { guard } from '../process/guard.ts';
import type { Pipeline } from '../deliver/pipeline.ts';
import { readSampler } from '../process/sampler.ts';
import { EVENT_SCOPE } from '../../core/otlp/otlp-log.ts';
import type { ServiceHolder } from '../process/service.ts';
import type { Settings } from '../process/settings.ts';
import { SwitchingProvider } from './switching-provider.ts';

export class Providers {
  /** Tracer of our own spans. */
  readonly tracer: Tracer;
  readonly #service: ServiceHolder;
  readonly #settings: Settings;
  readonly #pipeline: Pipeline;
  readonly #api = new GlobalApi(
    (type) => {
      if (type === 'trace') this.#isReplaced = true;
    },
    () => {
      this.#settle();
    },
  );
  readonly #processors: SpanProcessor[] = [];
  readonly #switching = new SwitchingProvider(() => {
    this.register();
    this.#settle();
  });
  #isRegistered = false;
  /** Feeds spans into the pipeline, where they are sent. */
  #feed: SpanProcessor | undefined;
  readonly #scope: InstrumentationScope;
  /** True between the program's registration and our joining it. */
  #isReplaced = false;

  constructor(service: ServiceHolder, settings: Settings, pipeline: Pipeline, version: string) {
    this.#service = service;
    this.#settings = settings;
    this.#pipeline = pipeline;
    this.#scope = { name: EVENT_SCOPE, version };
    this.tracer = this.#switching.getTracer(EVENT_SCOPE, version);
  }

  /** A processor that sees every span start and end; given before the first span. */
  watch(processor: SpanProcessor): void {
    this.#processors.push(processor);
  }

  /** The registering function of a copy of the API that the program loads. */
  wrapRegister(register: Register, version: string): Register {
    return this.#api.wrap(register, version);
  }

  /** The program's own file holds a copy of the API, and maybe a provider that will be registered with it. */
  seeBundled({
    version,
    hasProvider,
  }: {
    readonly version: string | undefined;
    readonly hasProvider: boolean;
  }): void {
    if (version !== undefined) this.#api.seeBundled(version);
    // In the place of ours, a copy of another version could not register.
    if (version !== undefined || !hasProvider) this.register();
  }

  /** Writes a span that is over, below the active one of the context. */
  writeEnded(parent: Context, span: EndedSpan): SpanContext {
    this.register();
    this.#settle();
    return writeEndedSpan(this.#feed, this.tracer, this.#scope, parent, span);
  }

  /** Registers or joins, once. */
  register(): void {
    if (this.#isRegistered) return;
    this.#isRegistered = true;
    const { sendsSpans, sendsEvents, sendsTraceContext } = this.#settings;
    const { resource } = this.#service.current;
    if (sendsSpans) this.#processors.push((this.#feed = this.#pipeline.spanProcessor()));
    for (const processor of this.#processors) markOwn(processor);
    const own = new TracerProvider({
      resource,
      sampler: readSampler(process.env),
      spanProcessors: [...this.#processors],
    });
    const foreign = this.#api.registered('trace');
    const joined = guard('join provider', () => this.#join(foreign));
    this.#switching.switchTo(joined ?? own);
    this.#api.register({
      trace: () => trace.setGlobalTracerProvider(this.#switching),
      context: () => context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()),
      ...(sendsTraceContext && foreign === undefined
        ? { propagation: () => propagation.setGlobalPropagator(new W3CTraceContextPropagator()) }
        : {}),
      // For log records of the program.
      ...(sendsEvents
        ? {
            logs: () =>
              logs.setGlobalLoggerProvider(
                new LoggerProvider({ resource, processors: [this.#pipeline.logProcessor()] }),
              ),
          }
        : {}),
    });
    sayDebug(joined === undefined ? 'registered providers' : 'joined the provider of the program');
  }

  /** Joins a provider that the program has registered in the place of ours. */
  #settle(): void {
    if (!this.#isReplaced) return;
    this.#isReplaced = false;
    guard('join late provider', () => {
      const joined = this.#join(this.#api.registered('trace'));
      if (joined !== undefined) this.#switching.switchTo(joined);
      sayDebug(joined === undefined ? 'the provider of the program takes no processors' : 'joined late');
    });
  }

  /** Adds our processors to a registered provider; the provider, where it takes them. */
  #join(registered: unknown): Api | undefined {
    if (typeof registered !== 'object' || registered === null) return undefined;
    const global = registered as Joinable;
    // The global one is a proxy of whichever copy of the API came first, so its class cannot be asked for.
    const found = typeof global.getDelegate === 'function' ? global.getDelegate() : global;
    guard('resource of provider', () => {
      this.#service.adopt(providerResource(found));
    });
    if (typeof found.addSpanProcessor === 'function') {
      for (const processor of this.#processors) found.addSpanProcessor(processor);
      return found;
    }
    const list = spanProcessorsOf(found);
    list?.push(...this.#processors);
    return list === undefined ? undefined : found;
  }
}

interface Joinable extends Api {
  getDelegate?: () => Joinable;
  addSpanProcessor?: (processor: SpanProcessor) => void;
}
