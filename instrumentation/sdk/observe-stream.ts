// Observation of streams: the first reader of a stream whose call is known is watched event by event.
// Nothing is read ahead, nothing is teed, the stream object stays the same.

import { classifyError, isAbort } from './api-errors.ts';
import { endWhenCollected, forgetReader } from './collected-reader.ts';
import { LIMIT_ERROR_TYPE } from '../limits/limit-error.ts';
import { guard, guarded } from '../process/guard.ts';
import type { ModelCall } from '../record/model-call.ts';

/** Calls whose stream nobody has begun to read, by the abort controller that request and stream share. */
const unread = new WeakMap<AbortController, ModelCall>();

interface StreamLike {
  readonly controller: AbortController;
  [Symbol.asyncIterator](): AsyncIterator<unknown>;
}
export type StreamClass = abstract new (...parameters: never[]) => StreamLike;

/** The call's stream will be read through a Stream that carries this controller. */
export function expectStream(controller: AbortController, call: ModelCall): void {
  unread.set(controller, call);
  endWhenCollected(controller, call);
  controller.signal.addEventListener(
    'abort',
    guarded('abort', () => {
      if (unread.delete(controller)) call.end({ type: 'left' });
    }),
    { once: true },
  );
}

/** Watches the iterators that a Stream class hands out. */
export function observeStreamClass(streamClass: StreamClass): void {
  const { prototype } = streamClass;
  const original = prototype[Symbol.asyncIterator];
  if (typeof original !== 'function') return;
  Object.defineProperty(prototype, Symbol.asyncIterator, {
    configurable: true,
    writable: true,
    value: function (this: StreamLike) {
      const iterator = original.call(this);
      return guard('observe stream', () => observeIterator(this.controller, iterator)) ?? iterator;
    },
  });
}

function observeIterator(
  controller: AbortController,
  source: AsyncIterator<unknown>,
): AsyncIterator<unknown> {
  const call = unread.get(controller);
  if (call === undefined) return source;
  unread.delete(controller);
  forgetReader(call);

  const iterator: AsyncIterator<unknown> & AsyncIterable<unknown> = {
    async next() {
      let result: IteratorResult<unknown>;
      try {
        result = await source.next();
      } catch (error) {
        call.end(isAbort(error) ? { type: 'left' } : { type: 'failed', errorType: classifyError(error) });
        throw error;
      }
      guard('stream event', () => {
        if (result.done !== true) call.answer.readEvent(result.value, Date.now());
        else if (controller.signal.aborted) call.end({ type: 'left' });
        // A stream that just stops before its last events was cut.
        else if (!call.answer.isComplete) call.end({ type: 'failed', errorType: 'api_error' });
        else call.end({ type: 'completed' });
      });
      const passed = result.done === true ? undefined : call.admission?.check(call.answer);
      if (passed === undefined) return result;
      call.end({ type: 'failed', errorType: LIMIT_ERROR_TYPE });
      controller.abort();
      await source.return?.();
      throw passed;
    },
    async return(value?: unknown) {
      const result = await source.return?.(value);
      // All events may have been read before the reader left.
      call.end(call.answer.isComplete ? { type: 'completed' } : { type: 'left' });
      return result ?? { done: true, value };
    },
    async throw(error?: unknown) {
      call.end({ type: 'left' });
      if (source.throw) return source.throw(error);
      throw error;
    },
    [Symbol.asyncIterator]: () => iterator,
  };
  return iterator;
}
