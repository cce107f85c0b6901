// A refused call: the SDK is asked for its promise all the same, with a signal that is aborted already, so that it sends
// nothing and hands out what it always does: an object of its own class that rejects, whichever way it is read.

import { context } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';

interface RefusablePromise {
  responsePromise: Promise<unknown>;
}

/** What `send` gives, made to reject with the error. */
export function refuseCall<P extends RefusablePromise>(
  error: Error,
  send: (options: { readonly signal: AbortSignal }) => P,
): P {
  const promise = context.with(suppressTracing(context.active()), () =>
    send({ signal: AbortSignal.abort() }),
  );
  promise.responsePromise = rejectAfter(promise.responsePromise, error);
  return promise;
}

async function rejectAfter(request: Promise<unknown>, error: Error): Promise<never> {
  try {
    await request;
  } catch {
    // That it was aborted is our own doing.
  }
  throw error;
}
