// The switching provider: what we register globally. Its tracers ask for the provider of the moment at each
// span, so that those handed out before the program registered its own provider go there as well.

import {
  ProxyTracerProvider,
  type Tracer,
  type TracerOptions,
  type TracerProvider,
} from '@opentelemetry/api';

export class SwitchingProvider implements TracerProvider {
  #target: TracerProvider = new ProxyTracerProvider();
  /** Called before each span: the place to switch. */
  readonly #settle: () => void;

  constructor(settle: () => void) {
    this.#settle = settle;
  }

  switchTo(target: TracerProvider): void {
    this.#target = target;
  }

  getTracer(name: string, version?: string, options?: TracerOptions): Tracer {
    let from: TracerProvider | undefined;
    let tracer: Tracer | undefined;
    const current = (): Tracer => {
      this.#settle();
      if (tracer === undefined || from !== this.#target) {
        from = this.#target;
        tracer = from.getTracer(name, version, options);
      }
      return tracer;
    };
    return {
      startSpan: (spanName, spanOptions, parent) => current().startSpan(spanName, spanOptions, parent),
      startActiveSpan: (...parameters: unknown[]) =>
        (current().startActiveSpan as (...all: unknown[]) => never)(...parameters),
    };
  }
}
