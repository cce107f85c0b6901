// Foreign fields: the private fields of other packages that we reach into, all in one place. Each is asked
// for with care: where a version has none, what depends on it is left out.

/* oxlint-disable no-underscore-dangle */

import type { Span } from '@opentelemetry/api';
import type { SpanProcessor } from '@opentelemetry/sdk-trace';

/** Client that a resource of the Anthropic SDK belongs to. */
export function clientOf(resource: object): object | undefined {
  return (resource as { readonly _client?: object })._client;
}

/** Span that a helper of the Anthropic SDK opened before it made the call. */
export function helperSpanOf(options: object | undefined): Span | undefined {
  const { __span: call } = (options ?? {}) as { readonly __span?: { readonly span?: Span } };
  return call?.span;
}

/** The list in which tracer providers since 2.0 keep their processors; there is no public way to add one. */
export function spanProcessorsOf(provider: object): SpanProcessor[] | undefined {
  const { _activeSpanProcessor: active } = provider as {
    readonly _activeSpanProcessor?: { readonly _spanProcessors?: SpanProcessor[] };
  };
  const list = active?._spanProcessors;
  return Array.isArray(list) ? list : undefined;
}
