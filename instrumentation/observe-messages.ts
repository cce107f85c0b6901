// Observation of the Messages resource: `create` and `stream` on its prototype, in every copy and format
// of the SDK. The promise that `create` returns stays the same object; two of its fields are observed.

import { context, propagation, SpanKind, type Context } from '@opentelemetry/api';
import { classifyError, isAbort } from './api-errors.ts';
import { observeAttempts, type RequestOptions } from './attempts.ts';
import { clientOf, helperSpanOf } from './foreign-fields.ts';
import { guard } from './guard.ts';
import type { ModelCall } from './model-call.ts';
import { bindSpan, watchNativeSpan } from './native-spans.ts';
import { expectStream } from './observe-stream.ts';
import { endWhenCollected, watchResponse } from './observe-response.ts';
import type { Observer } from './observer.ts';
import { readRequest } from './request-facts.ts';

interface ResponseProps {
  readonly response: Response;
  readonly controller: AbortController;
}

/** The fields that an APIPromise has had in every version. */
interface ApiPromise {
  responsePromise: Promise<ResponseProps>;
  parseResponse: (...parameters: unknown[]) => unknown;
  asResponse?: () => Promise<Response>;
}

export interface MessagesClass {
  readonly prototype: MessagesPrototype;
}
interface MessagesPrototype {
  create?: (this: MessagesInstance, body: unknown, options?: RequestOptions) => ApiPromise;
  stream?: (this: MessagesInstance, body: unknown, options?: RequestOptions) => unknown;
}
type MessagesInstance = object;

export function observeMessagesClass(observer: Observer, messagesClass: MessagesClass): void {
  const { prototype } = messagesClass;
  const { create, stream } = prototype;
  if (typeof create !== 'function') return;

  prototype.create = function (body, options) {
    const start = guard('begin model call', () => beginCall(observer, this, body, options));
    if (start === undefined) return create.call(this, body, options);
    const { call, active } = start;
    let promise: ApiPromise;
    try {
      promise = context.with(active, () => create.call(this, body, start.options));
    } catch (error) {
      call.end({ type: 'failed', errorType: classifyError(error) });
      throw error;
    }
    guard('observe promise', () => {
      chooseSpan(observer, call, start.outer);
      observePromise(promise, call);
    });
    return promise;
  };

  if (typeof stream !== 'function') return;
  prototype.stream = function (body, options) {
    // The helper opens its span before it calls `create`, so the run must be the active one here already.
    const active = guard('begin stream', () => {
      const run = observer.runs.runOf(readRequest(body));
      return run.contextOf(context.active());
    });
    return active === undefined
      ? stream.call(this, body, options)
      : context.with(active, () => stream.call(this, body, options));
  };
}

interface CallStart {
  readonly call: ModelCall;
  /** Context for the SDK: the run is the parent, the native span is watched for, baggage is gone. */
  readonly active: Context;
  readonly outer: Context;
  readonly options: RequestOptions | undefined;
}

function beginCall(
  observer: Observer,
  resource: MessagesInstance,
  body: unknown,
  options: RequestOptions | undefined,
): CallStart {
  const current = context.active();
  const client = clientOf(resource);
  const facts = readRequest(body);
  const run = observer.runs.runOf(facts, current);
  const conversationId = options?.openTelemetry?.conversationId;
  if (typeof conversationId === 'string' && run.identity.sessionId === undefined)
    run.identify({ sessionId: conversationId });
  if (facts.userId !== undefined && run.identity.userId === undefined) run.identify({ userId: facts.userId });
  const call = observer.beginCall(facts, run, client, body);
  // A tool runner's own span is the active one already; everything else belongs below the run's.
  const outer = run.isAdopted ? current : run.contextOf(current);
  const helperSpan = helperSpanOf(options);
  if (helperSpan !== undefined) bindSpan(call, helperSpan);
  return {
    call,
    outer,
    active: watchNativeSpan(propagation.deleteBaggage(outer), call),
    options: observeAttempts(call, client, options),
  };
}

/** The SDK's own live span where it made one, else one of ours. */
function chooseSpan(observer: Observer, call: ModelCall, outer: Context): void {
  if (call.span?.isRecording() === true) {
    call.span.updateName(call.spanName);
    return;
  }
  call.isOwnSpan = true;
  call.span = observer.telemetry.tracer.startSpan(
    call.spanName,
    {
      kind: SpanKind.CLIENT,
      startTime: call.startMs,
      attributes: { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': call.facts.model },
    },
    outer,
  );
}

function observePromise(promise: ApiPromise, call: ModelCall): void {
  // The derived promise takes the place of the original, so that a failure that nobody handles stays one.
  promise.responsePromise = promise.responsePromise.then(
    (props) => {
      guard('response', () => {
        call.requestId = props.response.headers.get('request-id') ?? undefined;
        if (call.facts.isStreamed) expectStream(props.controller, call);
        else endWhenCollected(promise, call);
      });
      return props;
    },
    (error: unknown) => {
      call.end(endOf(error));
      throw error;
    },
  );

  const parse = promise.parseResponse;
  promise.parseResponse = async function (this: unknown, ...parameters) {
    let data: unknown;
    try {
      data = await parse.apply(this, parameters);
    } catch (error) {
      call.end(endOf(error));
      throw error;
    }
    if (!call.facts.isStreamed) {
      guard('read message', () => {
        call.answer.readMessage(data);
      });
      call.end({ type: 'completed' });
    }
    return data;
  };
  watchResponse(promise, call);
}

function endOf(error: unknown): Parameters<ModelCall['end']>[0] {
  return isAbort(error) ? { type: 'left' } : { type: 'failed', errorType: classifyError(error) };
}
