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

/** Processors of ours. */
const ownProcessors = new WeakSet<object>();

/** The processor is of ours: what it does not see on a span, nobody misses. */
export function markOwn(processor: SpanProcessor): void {
  ownProcessors.add(processor);
}

/** Whether no processor but ours sees the span; false where that cannot be known. */
export function isSeenByUsAlone(span: object): boolean {
  const { _spanProcessor: processor } = span as {
    readonly _spanProcessor?: { readonly _spanProcessors?: readonly object[] };
  };
  const list = processor?._spanProcessors;
  return Array.isArray(list) && list.every((one: object) => ownProcessors.has(one));
}

interface OpenSpan {
  readonly attributes: Record<string, unknown>;
  _attributesCount: number;
}

/**
 * The span of the SDK for tracing itself, while it takes `count` more attributes without cutting any. Its own
 * way in looks into each value for cycles, which costs more than all the rest of an attribute.
 */
export function openSpanOf(span: Span, count: number): OpenSpan | undefined {
  const {
    attributes,
    _attributesCount: used,
    _spanLimits: limits,
    ended,
  } = span as Partial<OpenSpan> & {
    readonly ended?: boolean;
    readonly _spanLimits?: {
      readonly attributeCountLimit?: number;
      readonly attributeValueLengthLimit?: number;
    };
  };
  if (attributes === undefined || used === undefined || limits === undefined || ended !== false)
    return undefined;
  const { attributeCountLimit: most = 0, attributeValueLengthLimit: longest = 0 } = limits;
  return longest === Infinity && used + count <= most ? (span as unknown as OpenSpan) : undefined;
}

/** Sets texts, numbers and the like that need no check. */
export function setPlain(span: Span, attributes: Readonly<Record<string, string | number | boolean>>): void {
  const open = openSpanOf(span, Object.keys(attributes).length);
  if (open === undefined) {
    span.setAttributes(attributes);
    return;
  }
  for (const key in attributes) {
    if (open.attributes[key] === undefined) open._attributesCount += 1;
    open.attributes[key] = attributes[key];
  }
}

/** The attributes of a tracer provider's resource: who the program says it is. */
export function providerResource(provider: object): Readonly<Record<string, unknown>> | undefined {
  const { _resource: kept, resource } = provider as {
    readonly _resource?: { readonly attributes?: Readonly<Record<string, unknown>> };
    readonly resource?: { readonly attributes?: Readonly<Record<string, unknown>> };
  };
  return (kept ?? resource)?.attributes;
}
