// Observation of token counting: a span with its own operation name, and nothing else. It asks no model and
// costs nothing, so it is no event: no signal can take it for a model call.

import { context, propagation, SpanKind, SpanStatusCode, type Span } from '@opentelemetry/api';
import { classifyError, isAbort } from './api-errors.ts';
import { guard } from '../process/guard.ts';
import { watchNativeCount, type TokenCount } from './native-spans.ts';
import type { ApiPromise } from './observe-call.ts';
import type { Observer } from './observer.ts';
import { replaceMethod } from './replace-method.ts';
import { asJson, asText } from '../../core/model-call/json.ts';

export interface CountPrototype {
  countTokens?: (this: object, body: unknown, ...rest: unknown[]) => ApiPromise;
}

const OPERATION = 'count_tokens';

export function observeCounting(observer: Observer, prototype: CountPrototype): void {
  replaceMethod<NonNullable<CountPrototype['countTokens']>>(
    prototype,
    'countTokens',
    (countTokens) =>
      function (body, ...rest) {
        const count = guard('begin count', () => describeCount(observer, body));
        if (count === undefined) return countTokens.call(this, body, ...rest);
        const current = context.active();
        const active = watchNativeCount(propagation.deleteBaggage(current), count);
        const promise = context.with(active, () => countTokens.call(this, body, ...rest));
        guard('observe count', () => {
          if (!count.isAdopted) observeOwnSpan(observer, promise, count);
        });
        return promise;
      },
  );
}

function describeCount(observer: Observer, body: unknown): TokenCount {
  const model = asText(asJson(body)['model']) ?? 'unknown';
  const runId = observer.runs.runIn(context.active())?.id;
  return {
    name: `${OPERATION} ${model}`,
    attributes: {
      'gen_ai.operation.name': OPERATION,
      'gen_ai.provider.name': 'anthropic',
      'gen_ai.request.model': model,
      ...(runId === undefined ? {} : { 'agent.run_id': runId }),
    },
    isAdopted: false,
  };
}

/** A span of ours ends with the response, or with the process. */
function observeOwnSpan(observer: Observer, promise: ApiPromise, { name, attributes }: TokenCount): void {
  const span = observer.telemetry.tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes });
  const end = observer.openUnit(() => {
    span.end();
  });
  promise.responsePromise = promise.responsePromise.then(
    (props) => {
      end();
      return props;
    },
    (error: unknown) => {
      guard('failed count', () => {
        markFailure(span, error);
      });
      end();
      throw error;
    },
  );
}

function markFailure(span: Span, error: unknown): void {
  if (isAbort(error)) return;
  span.setStatus({ code: SpanStatusCode.ERROR });
  span.setAttribute('error.type', classifyError(error));
}
