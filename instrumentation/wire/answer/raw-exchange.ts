// A raw exchange: a request of the SDK whose caller takes the Response as it is (`asResponse()`), and may hand its body on
// to where nobody sees it read. The call is the SDK's; its answer is read as the bytes pass.

import { AsyncResource } from 'node:async_hooks';
import type { MessageReader } from '../../../core/model-call/message-reader.ts';
import { youngFunction } from '../../process/young-function.ts';
import { guard } from '../../process/guard.ts';
import type { CallEnd, ModelCall } from '../../record/model-call.ts';
import { AnswerBody } from '../answer-body.ts';
import { answerHeadOf, endOfAnswer, isSuccess } from './answer-end.ts';
import type { Endpoint } from '../endpoint.ts';
import type { ResponseHead, SeenExchange } from '../seen-exchange.ts';

export class RawExchange implements SeenExchange {
  isAnswered = false;
  readonly #call: ModelCall;
  readonly #endpoint: Endpoint;
  readonly #flow = new AsyncResource('tallyspan raw answer');
  /** The call's own, where the program has the SDK parse the answer after all. */
  readonly #answer: MessageReader;
  #status = 0;
  #body: AnswerBody | undefined;
  #isFinished = false;

  constructor(call: ModelCall, endpoint: Endpoint) {
    this.#call = call;
    this.#endpoint = endpoint;
    this.#answer = call.makeReader();
  }

  send(): void {
    // The SDK's observer knows the request.
  }

  begin(): void {
    // It has begun with the SDK's method.
  }

  answer(head: ResponseHead): void {
    this.isAnswered = true;
    // The SDK sends it again, or throws: no Response is handed out.
    if (this.#call.isEnded || !isSuccess(head.status)) return;
    this.#status = head.status;
    // A short answer has come whole before the SDK has its promise resolved.
    this.#call.noteAttempt?.(String(head.status));
    this.#call.requestId = head.header('request-id') ?? this.#call.requestId;
    this.#call.isReadOnWire = true;
    this.#body = new AnswerBody(answerHeadOf(head), {
      answer: this.#answer,
      endpoint: this.#endpoint,
      model: this.#call.facts.model,
      isFailed: false,
    });
    this.#call.closeAnswer = youngFunction(() => {
      this.#closeNow();
    });
  }

  receive(piece: Buffer): void {
    this.#body?.push(piece);
  }

  finish(): void {
    const body = this.#body;
    if (body === undefined || this.#isFinished) return;
    this.#isFinished = true;
    body.end(() => {
      guard('end raw answer', () => {
        this.#end(endOfAnswer(body, this.#answer, this.#status));
      });
    });
  }

  fail(errorType: string | undefined): void {
    if (this.#body === undefined || this.#isFinished) return;
    if (errorType === undefined) this.#leave();
    else this.#end({ type: 'failed', errorType });
  }

  /** The process goes: all may have come, and wait to be decoded. */
  #closeNow(): void {
    const body = this.#body;
    body?.decodeRest();
    if (body !== undefined && this.#isFinished) this.#end(endOfAnswer(body, this.#answer, this.#status));
    else this.#leave();
  }

  #leave(): void {
    const hasAll = !this.#answer.isEmpty && this.#answer.isComplete;
    this.#end({ type: hasAll ? 'completed' : 'left' });
  }

  #end(end: CallEnd): void {
    const call = this.#call;
    this.#body?.close();
    this.#body = undefined;
    call.closeAnswer = undefined;
    // Else the SDK reads it for the program, and its observer along.
    if (call.isEnded || !call.answer.isEmpty) return;
    call.answer = this.#answer;
    this.#flow.runInAsyncScope(() => {
      call.end(end);
    });
  }
}
