// The providers of spans and log records. A provider that other code has registered is joined: our
// processors are added to it, whenever it comes. Until then ours is the global one, with W3C trace context as
// the only propagation, so that baggage goes nowhere.

import {
  context,
  logs,
  propagation,
  trace,
  type Tracer,
  type TracerProvider as Api,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { LoggerProvider } from '@opentelemetry/sdk-logs';
import { TracerProvider, type SpanProcessor } from '@opentelemetry/sdk-trace';
import { sayDebug } from '../process/diagnostics.ts';
import { spanProcessorsOf } from './foreign-fields.ts';
import { GlobalApi, type Register } from './global-api.ts';
import { guard } from '../process/guard.ts';
import type { Pipeline } from '../deliver/pipeline.ts';
import { readSampler } from '../process/sampler.ts';
import { EVENT_SCOPE } from '../../core/otlp-log.ts';
import type { Service } from '../process/service.ts';
import type { Settings } from '../process/settings.ts';
import { SwitchingProvider } from './switching-provider.ts';

export class Providers {
  readonly #api = new GlobalApi((type) => {
    if (type === 'trace') this.#isReplaced = true;
  });
  #processors: readonly SpanProcessor[] = [];
  #switching: SwitchingProvider | undefined;
  /** True between the program's registration and our joining it. */
  #isReplaced = false;

  /** The registering function of a copy of the API that the program loads. */
  wrapRegister(register: Register, version: string): Register {
    return this.#api.wrap(register, version);
  }

  /** Registers or joins; `watcher` sees every span start and end. Gives the tracer of our own spans. */
  setUp(
    service: Service,
    settings: Settings,
    pipeline: Pipeline,
    watcher: SpanProcessor,
    version: string,
  ): Tracer {
    const { resource } = service;
    this.#processors = settings.sendsSpans ? [watcher, pipeline.spanProcessor()] : [watcher];
    const own = new TracerProvider({
      resource,
      sampler: readSampler(process.env),
      spanProcessors: [...this.#processors],
    });
    const foreign = this.#api.registered('trace');
    const joined = guard('join provider', () => this.#join(foreign));
    this.#switching = new SwitchingProvider(joined ?? own, () => {
      this.#settle();
    });
    const switching = this.#switching;
    this.#api.register({
      trace: () => trace.setGlobalTracerProvider(switching),
      context: () => context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()),
      ...(settings.sendsTraceContext && foreign === undefined
        ? { propagation: () => propagation.setGlobalPropagator(new W3CTraceContextPropagator()) }
        : {}),
      // For log records of the program.
      ...(settings.sendsEvents
        ? {
            logs: () =>
              logs.setGlobalLoggerProvider(
                new LoggerProvider({ resource, processors: [pipeline.logProcessor()] }),
              ),
          }
        : {}),
    });
    sayDebug(joined === undefined ? 'registered providers' : 'joined the provider of the program');
    return switching.getTracer(EVENT_SCOPE, version);
  }

  /** Joins a provider that the program has registered in the place of ours. */
  #settle(): void {
    if (!this.#isReplaced) return;
    this.#isReplaced = false;
    guard('join late provider', () => {
      const joined = this.#join(this.#api.registered('trace'));
      if (joined !== undefined) this.#switching?.switchTo(joined);
      sayDebug(joined === undefined ? 'the provider of the program takes no processors' : 'joined late');
    });
  }

  /** Adds our processors to a registered provider; the provider, where it takes them. */
  #join(registered: unknown): Api | undefined {
    if (typeof registered !== 'object' || registered === null) return undefined;
    const global = registered as Joinable;
    // The global one is a proxy of whichever copy of the API came first, so its class cannot be asked for.
    const found = typeof global.getDelegate === 'function' ? global.getDelegate() : global;
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
