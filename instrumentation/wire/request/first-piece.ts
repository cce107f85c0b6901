// The first piece of a body that `fetch` sends: it hands its body over as pieces, which undici asks for once there is a
// connection. Where none comes about, nobody asks, and the call would be unknown. So the first piece is asked for when
// the request is made; whoever asks then gets it. Only bodies of known length are looked at: their bytes are in memory
// already, and nothing of a program's own runs earlier than it would have.

import { youngFunction } from '../../process/young-function.ts';

interface Sendable {
  readonly body?: unknown;
  readonly contentLength?: number | null;
}

interface Peeked {
  /** The first piece, once it is there. */
  piece?: unknown;
}

/** On the body itself: a dispatcher that tries again sends the same one. */
const PEEKED = Symbol('tallyspan first piece');

type PeekedBody = AsyncGenerator & { [PEEKED]?: Peeked };

/** Asks for the first piece of a body of `fetch`; what is returned gives it, where it is the whole body. */
export function peekBody({ body, contentLength }: Sendable): (() => Uint8Array | undefined) | undefined {
  if (typeof contentLength !== 'number' || contentLength === 0 || !isGenerator(body)) return undefined;
  const peeked = (body[PEEKED] ??= peek(body));
  return () => {
    const { piece } = peeked;
    return piece instanceof Uint8Array && piece.length === contentLength ? piece : undefined;
  };
}

function peek(body: PeekedBody): Peeked {
  const first = body.next();
  const peeked: Peeked = {};
  void take(peeked, first);
  // On the object itself: others may have put it into an iterator of their own.
  const next = body.next.bind(body);
  let isAsked = false;
  body.next = youngFunction(() => {
    if (isAsked) return next();
    isAsked = true;
    return first;
  });
  return peeked;
}

async function take(peeked: Peeked, first: Promise<IteratorResult<unknown>>): Promise<void> {
  try {
    ({ value: peeked.piece } = await first);
  } catch {
    // Whoever asks for the body gets the error.
  }
}

/** Its own generator is what `fetch` hands over; a dispatcher may have put something else in its place. */
function isGenerator(body: unknown): body is PeekedBody {
  return (
    (body as { readonly [Symbol.toStringTag]?: unknown } | null)?.[Symbol.toStringTag] === 'AsyncGenerator'
  );
}
