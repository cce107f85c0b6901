// Observation of raw responses: after `asResponse()` the caller reads the body; the same Response object
// is handed out, and what its `json` or `text` gives is read along.

import { guard } from '../process/guard.ts';
import type { ModelCall } from '../record/model-call.ts';
import { endWhenCollected, forgetReader } from './collected-reader.ts';

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
  const original = prototype.asResponse;
  if (typeof original !== 'function') return;
  prototype.asResponse = async function () {
    const response = await original.call(this);
    const known = calls.get(this);
    // `withResponse` comes here too, after it has begun to parse; then there is nothing left to watch.
    if (known !== undefined && !known.isEnded && this.parsedPromise === undefined) {
      guard('watch response', () => {
        watchBody(response, known);
      });
    }
    return response;
  };
}

function watchBody(response: Response, call: ModelCall): void {
  if (!call.facts.isStreamed) endWhenCollected(response, call);
  for (const name of ['json', 'text'] as const) {
    const read = response[name].bind(response);
    Object.defineProperty(response, name, {
      configurable: true,
      writable: true,
      enumerable: false,
      value: async () => {
        const value: unknown = await read();
        guard('read body', () => {
          readAnswerBody(value, call);
        });
        return value;
      },
    });
  }
}

/** Reads a whole answer, parsed or as text, and ends its call. */
export function readAnswerBody(value: unknown, call: ModelCall): void {
  call.answer.readBody(value);
  call.end({ type: 'completed' });
}
