// A refused call: the SDK is asked for its promise all the same, with a signal that is aborted already, so that it sends
// nothing and hands out what it always does: an object of its own class that rejects, whichever way it is read. A call
// that has to wait is made in the same way, and sent for it later.

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

/** What `send` gives; where it has to wait, an object of the same class that sends once it may. */
export function holdCall<P extends RefusablePromise>(
  wait: (() => Promise<Error | undefined>) | undefined,
  send: (options?: { readonly signal: AbortSignal }) => P,
): P {
  if (wait === undefined) return send();
  const promise = context.with(suppressTracing(context.active()), () =>
    send({ signal: AbortSignal.abort() }),
  );
  promise.responsePromise = sendAfter(promise.responsePromise, wait, send);
  return promise;
}

async function sendAfter(
  request: Promise<unknown>,
  wait: () => Promise<Error | undefined>,
  send: () => RefusablePromise,
): Promise<unknown> {
  try {
    await request;
  } catch {
    // That it was aborted is our own doing.
  }
  const refusal = await wait();
  if (refusal !== undefined) throw refusal;
  return send().responsePromise;
}

async function rejectAfter(request: Promise<unknown>, error: Error): Promise<never> {
  try {
    await request;
  } catch {
    // That it was aborted is our own doing.
  }
  throw error;
}
