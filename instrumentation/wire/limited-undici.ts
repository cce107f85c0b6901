// Requests of undici that the limited fetch did not let through: those of the package, and of a `fetch` that the program
// took before anything was limited. undici publishes a request before it is sent; one that has an error already is never
// sent, and a body that is read piece by piece is asked for before the head leaves.

import { Readable } from 'node:stream';
import { guard } from '../process/guard.ts';
import type { LimitedExchange } from './seen-exchange.ts';

/** The fields of a request that all versions of undici have. */
export interface LimitableRequest {
  /** Bytes, or what gives them piece by piece. */
  body?: unknown;
  /** What it failed with before it was sent. */
  error?: unknown;
  /** Bytes of the body, where they are known. */
  contentLength?: number | null;
  /** Set when it is sent. */
  abort?: ((error: Error) => void) | null;
}

type Pieces = AsyncIterable<unknown> | Iterable<unknown>;

export function limitRequest(request: LimitableRequest, exchange: LimitedExchange): void {
  const { body } = request;
  const abort = (error: Error): void => {
    request.abort?.(error);
  };
  if (body instanceof Uint8Array) {
    exchange.send(body);
    const asked = exchange.ask(abort, false);
    if (asked instanceof Error) request.error = asked;
    return;
  }
  if (body instanceof Blob) {
    request.contentLength ??= body.size;
    request.body = heldPieces(body.stream(), exchange, abort);
    return;
  }
  if (!isIterable(body)) return;
  const pieces = heldPieces(body, exchange, abort);
  // undici listens to a stream, and asks anything else for its pieces.
  request.body = body instanceof Readable ? Readable.from(pieces, { objectMode: false }) : pieces;
}

async function* heldPieces(
  body: Pieces,
  exchange: LimitedExchange,
  abort: (error: Error) => void,
): AsyncGenerator {
  const pieces: unknown[] = [];
  for await (const piece of body) {
    pieces.push(piece);
    guard('held chunk', () => {
      exchange.send(piece);
    });
  }
  const asked = exchange.ask(abort, true);
  const refusal = asked instanceof Promise ? await asked : asked;
  if (refusal !== undefined) {
    guard('held request', () => {
      exchange.drop();
    });
    throw refusal;
  }
  yield* pieces;
}

function isIterable(body: unknown): body is Pieces {
  return (
    typeof body === 'object' && body !== null && (Symbol.asyncIterator in body || Symbol.iterator in body)
  );
}
