// How an answer begins and ends, by its head and by what was read of its body.

import type { MessageReader } from '../../../core/model-call/message-reader.ts';
import type { CallEnd } from '../../record/model-call.ts';
import type { AnswerBody, AnswerHead } from '../answer-body.ts';
import type { ResponseHead } from '../seen-exchange.ts';

export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

export function answerHeadOf(head: ResponseHead): AnswerHead {
  return {
    contentType: head.header('content-type') ?? '',
    contentEncoding: head.header('content-encoding'),
  };
}

/** What a body that has come to its end means for its call. */
export function endOfAnswer(body: AnswerBody, answer: MessageReader, status: number): CallEnd {
  if (body.errorType !== undefined) return { type: 'failed', errorType: body.errorType };
  if (!isSuccess(status)) return { type: 'failed', errorType: String(status) };
  // A stream that just stops before its last events was cut.
  if (body.isForeign || (body.isStream && !answer.isComplete))
    return { type: 'failed', errorType: 'api_error' };
  return { type: 'completed' };
}
