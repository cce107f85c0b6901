// Observation of one call: whatever function of the SDK sends a Messages request, the promise that it gives
// back stays the same object; two of its fields are observed.

import { context, propagation, SpanKind, trace, type Context } from '@opentelemetry/api';
import { classifyError, isAbort, requestIdOf } from './api-errors.ts';
import { endWhenCollected } from './collected-reader.ts';
import { chain } from '../follow/chain.ts';
import { observeAttempts, type RequestOptions } from './attempts.ts';
import { helperSpanOf } from '../otel/foreign-fields.ts';
import { guard } from '../process/guard.ts';
import type { ModelCall } from '../record/model-call.ts';
import { bindSpan, watchNativeSpan } from './native-spans.ts';
import { expectStream } from './observe-stream.ts';
import { readAnswerBody, watchResponse } from './observe-response.ts';
import type { Observer, SentRequest } from './observer.ts';
import { readRequest } from '../record/request-facts.ts';
import { LIMIT_ERROR_TYPE } from '../limits/limit-error.ts';
import type { Refused } from '../limits/limited-request.ts';
import { refuseCall } from '../limits/refuse-call.ts';
import { asJson } from '../../core/model-call/json.ts';

interface ResponseProps {
  readonly response: Response;
  readonly controller: AbortController;
}

/** The fields that an APIPromise has had in every version. */
export interface ApiPromise {
  responsePromise: Promise<ResponseProps>;
  parseResponse: (...parameters: unknown[]) => unknown;
  asResponse?: () => Promise<Response>;
}

interface StreamWish {
  /** Whether the SDK hands out a stream; the body's word unless said. */
  readonly isStreamed?: boolean;
}

/** Sends a request through `send`, which gets the options and the body to use, and observes what comes of it. */
export function observeCall(
  observer: Observer,
  request: SentRequest & StreamWish,
  options: RequestOptions | undefined,
  send: (options: RequestOptions | undefined, body: unknown) => ApiPromise,
): ApiPromise {
  const start = guard('begin model call', () => beginCall(observer, request, options));
  const refusal = start === undefined ? observer.refuseFault(request.client) : errorOf(start);
  if (refusal !== undefined)
    return refuseCall(refusal, (own) => observer.send(() => send({ ...options, ...own }, request.body)));
  if (start === undefined || 'error' in start) return send(options, request.body);
  const { call, active } = start;
  let promise: ApiPromise;
  try {
    promise = observer.send(() => context.with(active, () => send(start.options, start.body)));
  } catch (error) {
    call.end({ type: 'failed', errorType: classifyError(error) });
    throw error;
  }
  guard('observe promise', () => {
    chooseSpan(observer, call, start.outer);
    observePromise(promise, call);
  });
  return promise;
}

function errorOf(start: CallStart | Refused): Error | undefined {
  return 'error' in start ? start.error : undefined;
}

interface CallStart {
  readonly call: ModelCall;
  /** Context for the SDK: the run is the parent, the native span is watched for, baggage is gone. */
  readonly active: Context;
  readonly outer: Context;
  readonly options: RequestOptions | undefined;
  /** The request as it may be sent. */
  readonly body: unknown;
}

function beginCall(
  observer: Observer,
  request: SentRequest & StreamWish,
  options: RequestOptions | undefined,
): CallStart | Refused {
  const current = context.active();
  const { client, body, isStreamed } = request;
  const read = readRequest(body);
  const facts = isStreamed === undefined ? read : { ...read, isStreamed };
  const run = observer.runs.runOf(facts, current);
  const conversationId = options?.openTelemetry?.conversationId;
  if (typeof conversationId === 'string' && run.identity.sessionId === undefined)
    run.identify({ sessionId: conversationId });
  if (facts.userId !== undefined && run.identity.userId === undefined) run.identify({ userId: facts.userId });
  observer.telemetry.peers.relate(trace.getSpan(current), run.id);
  const admitted = observer.admit({ run, facts, body, client, active: current });
  if (admitted !== undefined && 'error' in admitted) {
    if (run.isInferred && !run.isAdopted) observer.runs.end(run, 'budget_exceeded', LIMIT_ERROR_TYPE);
    return admitted;
  }
  const call = observer.beginCall(facts, run, request);
  call.admission = admitted?.admission;
  if ((options?.maxRetries ?? asJson(client)['maxRetries']) === 0)
    call.retrier = observer.telemetry.sightings.hasRetrier ? 'framework' : 'program';
  // A tool runner's own span is the active one already; everything else belongs below the run's.
  const outer = run.isAdopted ? current : run.contextOf(current);
  const helperSpan = helperSpanOf(options);
  if (helperSpan !== undefined) bindSpan(call, helperSpan);
  return {
    call,
    outer,
    active: watchNativeSpan(propagation.deleteBaggage(outer), call),
    options: observeAttempts(call, client, options),
    body: admitted?.maxTokens === undefined ? body : { ...asJson(body), max_tokens: admitted.maxTokens },
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
        else if (!call.isReadOnWire) endWhenCollected(promise, call);
      });
      return props;
    },
    (error: unknown) => {
      call.requestId ??= requestIdOf(error);
      call.end(endOf(error));
      throw error;
    },
  );

  // Not assigned as it is written: V8 would keep such a function, and the call with it, until a full collection.
  const parse = observedParse(promise.parseResponse, call);
  promise.parseResponse = parse;
  watchResponse(promise, call);
}

function observedParse(parse: ApiPromise['parseResponse'], call: ModelCall): ApiPromise['parseResponse'] {
  return function (this: unknown, ...parameters) {
    return chain(
      () => parse.apply(this, parameters),
      (data) => {
        if (!call.facts.isStreamed) {
          guard('read message', () => {
            readAnswerBody(data, call);
          });
          // A body that is no message still ends the call.
          call.end({ type: 'completed' });
        }
        return data;
      },
      (error) => {
        call.end(endOf(error));
      },
    );
  };
}

function endOf(error: unknown): Parameters<ModelCall['end']>[0] {
  return isAbort(error) ? { type: 'left' } : { type: 'failed', errorType: classifyError(error) };
}
