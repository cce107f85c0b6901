// Observation of streams: the first reader of a stream whose call is known is watched event by event.
// Nothing is read ahead, nothing is teed, the stream object stays the same.

import { classifyError, isAbort } from './api-errors.ts';
import { endWhenCollected, forgetReader } from './collected-reader.ts';
import { replaceMethod } from './replace-method.ts';
import { chain } from '../follow/chain.ts';
import { shadow } from '../follow/shadow.ts';
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
  if (!call.isReadOnWire) endWhenCollected(controller, call);
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
  replaceMethod<StreamLike[typeof Symbol.asyncIterator]>(
    streamClass.prototype,
    Symbol.asyncIterator,
    (original) =>
      function (this: StreamLike) {
        const iterator = original.call(this);
        guard('observe stream', () => {
          observeIterator(this.controller, iterator);
        });
        return iterator;
      },
  );
}

type Step = (...parameters: unknown[]) => Promise<IteratorResult<unknown>>;

/** The iterator stays the SDK's own generator, with all that the language gives it (`await using`). */
function observeIterator(controller: AbortController, iterator: AsyncIterator<unknown>): void {
  const call = unread.get(controller);
  if (call === undefined) return;
  // oxlint-disable-next-line typescript/unbound-method -- called with its own receiver
  const { return: leave } = iterator;
  const isObserved = shadow(iterator, 'next', (next) => (...parameters) => {
    return chain(
      () => Reflect.apply(next as Step, iterator, parameters),
      (result) => {
        guard('stream event', () => {
          readStep(call, controller, result);
        });
        const passed = result.done === true ? undefined : call.admission?.check(call.answer);
        return passed === undefined ? result : stop(call, controller, passed, () => leave?.call(iterator));
      },
      (error) => {
        call.end(isAbort(error) ? { type: 'left' } : { type: 'failed', errorType: classifyError(error) });
      },
    );
  });
  if (!isObserved) return;
  unread.delete(controller);
  forgetReader(call);
  const end = (): void => {
    // All events may have been read before the reader left.
    call.end(call.answer.isComplete ? { type: 'completed' } : { type: 'left' });
  };
  shadow(iterator, 'return', (original) => (...parameters) => {
    return chain(
      () => Reflect.apply(original as Step, iterator, parameters),
      (result) => {
        end();
        return result;
      },
      end,
    );
  });
  shadow(iterator, 'throw', (original) => (...parameters) => {
    call.end({ type: 'left' });
    return Reflect.apply(original, iterator, parameters);
  });
}

function readStep(call: ModelCall, controller: AbortController, result: IteratorResult<unknown>): void {
  if (result.done !== true) call.answer.readEvent(result.value, Date.now());
  else if (controller.signal.aborted) call.end({ type: 'left' });
  // A stream that just stops before its last events was cut.
  else if (!call.answer.isComplete) call.end({ type: 'failed', errorType: 'api_error' });
  else call.end({ type: 'completed' });
}

/** A limit is passed: the stream ends, and its reader gets the limit's error. */
function stop(
  call: ModelCall,
  controller: AbortController,
  passed: Error,
  leave: () => unknown,
): Promise<never> {
  call.end({ type: 'failed', errorType: LIMIT_ERROR_TYPE });
  controller.abort();
  return Promise.resolve(leave()).then(() => {
    throw passed;
  });
}
