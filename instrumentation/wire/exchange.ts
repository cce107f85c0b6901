// An exchange: one HTTP request to an endpoint and its answer, seen as its bytes pass. Nothing of it is held back, read
// ahead or changed; what it comes to is one attempt of a model call.

import type { Context } from '@opentelemetry/api';
import { AsyncResource } from 'node:async_hooks';
import type { UnreadReason } from '../../core/process-report.ts';
import { hasSlot, withSlot, type AdmissionSlot } from '../limits/admission-slot.ts';
import type { MessageReader } from '../../core/model-call/message-reader.ts';
import { youngFunction } from '../process/young-function.ts';
import { guard } from '../process/guard.ts';
import type { CallEnd, ModelCall } from '../record/model-call.ts';
import { AnswerBody } from './answer-body.ts';
import { answerHeadOf, endOfAnswer, isSuccess } from './answer/answer-end.ts';
import { askLimits, type Asked } from './ask-limits.ts';
import type { Endpoint } from './endpoint.ts';
import type { ReadRequest } from './request/growing-requests.ts';
import { SentBody } from './request/sent-body.ts';
import type { LimitedExchange, ResponseHead } from './seen-exchange.ts';
import { isRetried, type WireCalls } from './wire-calls.ts';

/** Name of what holds the asynchronous flow of a caller. */
const FLOW = 'tallyspan request';

export class Exchange implements LimitedExchange {
  readonly #calls: WireCalls;
  readonly #endpoint: Endpoint;
  #active: Context;
  readonly #sdkVersion: string | undefined;
  /** The asynchronous flow of the caller: others deliver the bytes. */
  readonly #flow = new AsyncResource(FLOW);
  readonly #startMs = Date.now();
  readonly #sent: SentBody;
  #isAsked = false;
  /** The Messages request, once its body is whole, and what is known of it. */
  #read: ReadRequest | undefined;
  #isBegun = false;
  #isEnded = false;
  /** All has come, and may have to be decoded. */
  #isFinished = false;
  /** How it broke off, where it did. */
  #failure: UnreadReason | undefined;
  #slot: AdmissionSlot | undefined;
  #call: ModelCall | undefined;
  #status: number | undefined;
  #body: AnswerBody | undefined;

  /** @param contentEncoding header of the request */
  constructor(
    calls: WireCalls,
    endpoint: Endpoint,
    active: Context,
    sdkVersion: string | undefined,
    contentEncoding: string | undefined,
  ) {
    this.#calls = calls;
    this.#endpoint = endpoint;
    this.#active = active;
    this.#sdkVersion = sdkVersion;
    this.#sent = new SentBody(contentEncoding);
  }

  get isLimited(): boolean {
    return this.#calls.observer.isLimited && !hasSlot(this.#active);
  }

  get isAnswered(): boolean {
    return this.#status !== undefined;
  }

  send(piece: unknown, isLent = true): void {
    if (this.#isBegun || this.#isAsked) return;
    this.#sent.add(piece, isLent);
  }

  ask(abort: (error: Error) => void, canWait: boolean): Asked {
    const asked = guard('ask limits', () => ({ refusal: this.#ask(abort, canWait) }));
    if (asked !== undefined) return asked.refusal;
    const refusal = this.#calls.observer.refuseFault(undefined);
    if (refusal !== undefined) this.drop();
    return refusal;
  }

  #ask(abort: (error: Error) => void, canWait: boolean): Asked {
    const read = this.#readRequest();
    if (read === undefined || hasSlot(this.#active)) return undefined;
    this.#isAsked = true;
    const active = this.#active;
    const asked = this.#flow.runInAsyncScope(() =>
      askLimits(this.#calls, { endpoint: this.#endpoint, ...read, active, abort, canWait }),
    );
    if (asked === undefined) return undefined;
    if ('error' in asked) {
      this.drop();
      return asked.error;
    }
    this.#slot = asked.slot;
    this.#active = withSlot(active, asked.slot);
    return asked.refusal;
  }

  /** There was no call. */
  drop(): void {
    this.#isBegun = true;
    this.#isEnded = true;
    this.#sent.clear();
    const slot = this.#slot;
    if (slot?.isTaken === false) slot.release();
  }

  #whyUnread(): UnreadReason {
    if (this.#sent.isTooLarge) return 'too_large';
    return this.#sent.length === 0 && this.#failure !== undefined ? this.#failure : 'foreign';
  }

  begin(): void {
    if (this.#isBegun) return;
    this.#isBegun = true;
    const read = this.#readRequest();
    if (read === undefined) {
      this.#isEnded = true;
      this.#calls.observer.telemetry.sightings.seeUnread(this.#whyUnread());
      return;
    }
    this.#call = this.#flow.runInAsyncScope(() =>
      this.#calls.begin({
        endpoint: this.#endpoint,
        ...read,
        active: this.#active,
        startMs: this.#startMs,
        sdkVersion: this.#sdkVersion,
      }),
    );
    this.#call.closeAnswer = youngFunction(() => {
      this.#closeNow();
    });
  }

  answer(head: ResponseHead): void {
    this.begin();
    const call = this.#call;
    if (call === undefined || this.#isEnded) return;
    this.#status = head.status;
    call.requestId =
      head.header('request-id') ?? head.header('x-amzn-requestid') ?? head.header('x-request-id');
    this.#body = new AnswerBody(answerHeadOf(head), {
      answer: call.answer,
      endpoint: this.#endpoint,
      model: call.facts.model,
      isFailed: !isSuccess(head.status),
    });
  }

  receive(piece: Buffer): void {
    if (this.#isEnded) return;
    this.#body?.push(piece);
    if (this.#call !== undefined) this.#calls.check(this.#call);
  }

  finish(): void {
    if (this.#isEnded || this.#isFinished) return;
    this.#isFinished = true;
    const body = this.#body;
    if (body === undefined) this.#end({ type: 'completed' });
    else
      body.end(() => {
        guard('end exchange', () => {
          this.#endWith(body);
        });
      });
  }

  fail(errorType: string | undefined): void {
    // What it is read from may be closed while the last of it is decoded.
    if (this.#isFinished) return;
    // Given up while it was held back.
    if (!this.#isBegun && this.#slot !== undefined && errorType === undefined) this.drop();
    this.#failure = errorType === 'connection_error' ? 'unreached' : 'given_up';
    this.begin();
    if (this.#isEnded) return;
    if (errorType === undefined) this.#leave();
    else this.#end({ type: 'failed', errorType });
  }

  #readRequest(): ReadRequest | undefined {
    if (this.#read !== undefined) return this.#read;
    if (this.#sent.isTooLarge) return undefined;
    return (this.#read = this.#calls.readRequest(this.#endpoint, this.#sent.take()));
  }

  /** The process goes: all may have come, and wait to be decoded. */
  #closeNow(): void {
    const body = this.#body;
    body?.decodeRest();
    if (body !== undefined && this.#isFinished && !this.#isEnded) this.#endWith(body);
    else this.#leave();
  }

  #endWith(body: AnswerBody): void {
    // A body comes with the answer to a call.
    if (this.#call !== undefined) this.#end(endOfAnswer(body, this.#call.answer, this.#status ?? 0));
  }

  /** The caller wants no more. */
  #leave(): void {
    if (this.#isEnded) return;
    const isComplete = this.#call !== undefined && hasAll(this.#call.answer, this.#body);
    this.#end(isComplete ? { type: 'completed' } : { type: 'left' });
  }

  #end(end: CallEnd): void {
    this.#isEnded = true;
    this.#body?.close();
    const call = this.#call;
    if (call === undefined) return;
    call.closeAnswer = undefined;
    const status = this.#status === undefined ? 'connection_error' : String(this.#status);
    call.attempts.push({ status, startMs: this.#startMs, durationMs: Date.now() - this.#startMs });
    // What failed before the limits were asked must not let the next attempt through.
    const wasAsked = call.admission !== undefined || !this.#calls.observer.isLimited;
    const mayComeAgain =
      end.type === 'failed' &&
      (this.#status === undefined || isRetried(this.#status)) &&
      call.answer.isEmpty &&
      wasAsked;
    this.#flow.runInAsyncScope(() => {
      if (mayComeAgain) this.#calls.hold(call, end);
      else call.end(end);
    });
  }
}

function hasAll(answer: MessageReader, body: AnswerBody | undefined): boolean {
  return body !== undefined && !answer.isEmpty && answer.isComplete;
}
