// Observation of raw responses: after `asResponse()` the caller reads the body, in whatever way; the same Response object
// is handed out. The answer is read as its bytes pass; where they come from no network that is watched, what `json` or
// `text` of the Response gives is read along.

import { guard } from '../process/guard.ts';
import type { ModelCall } from '../record/model-call.ts';
import { endWhenCollected, forgetReader } from './collected-reader.ts';
import { replaceMethod } from './replace-method.ts';
import { shadow } from '../follow/shadow.ts';

interface RawPromise {
  asResponse?: (this: RawPromise) => Promise<Response>;
  parsedPromise?: unknown;
}

/** The call has ended. What is registered or held by a key outlives the young generation, with all that it holds in turn. */
export function forgetAnswer(call: ModelCall): void {
  forgetReader(call);
  if (call.promise !== undefined) calls.delete(call.promise);
  call.promise = undefined;
}

/** Calls by the promise that the SDK handed out. */
const calls = new WeakMap<object, ModelCall>();
const patched = new WeakSet<object>();

export function watchResponse(promise: object, call: ModelCall): void {
  calls.set(promise, call);
  call.promise = promise;
  const prototype = Object.getPrototypeOf(promise) as RawPromise;
  if (patched.has(prototype)) return;
  patched.add(prototype);
  replaceMethod<NonNullable<RawPromise['asResponse']>>(
    prototype,
    'asResponse',
    (original) =>
      function (this: RawPromise) {
        const known = calls.get(this);
        // `withResponse` comes here too, after it has begun to parse; then there is nothing left to watch.
        if (known !== undefined && this.parsedPromise === undefined) known.isRaw = true;
        return original.call(this).then((response) => {
          if (known !== undefined && !known.isEnded && this.parsedPromise === undefined) {
            guard('watch response', () => {
              watchBody(response, known);
            });
          }
          return response;
        });
      },
  );
}

function watchBody(response: Response, call: ModelCall): void {
  if (call.isReadOnWire) return;
  if (!call.facts.isStreamed) endWhenCollected(response, call);
  for (const name of ['json', 'text'] as const) {
    shadow(response, name, (read) => (...parameters) => {
      return (Reflect.apply(read, response, parameters) as Promise<unknown>).then((value) => {
        guard('read body', () => {
          readAnswerBody(value, call);
        });
        return value;
      });
    });
  }
}

/** Reads a whole answer, parsed or as text, and ends its call. */
export function readAnswerBody(value: unknown, call: ModelCall): void {
  const { errorType } = call.answer.readBody(value);
  call.end(errorType === undefined ? { type: 'completed' } : { type: 'failed', errorType });
}
