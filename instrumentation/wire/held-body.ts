// A held body: what a program writes to a request of node:http or node:http2 is kept until the request is whole and the
// limits have let it through. So a refused request never leaves, and ends with the error as one that failed does.

import { youngFunction } from '../process/young-function.ts';
import { guard } from '../process/guard.ts';
import type { LimitedExchange } from './seen-exchange.ts';

/** Larger requests than the API takes are not held back. */
const MOST_BYTES = 32 * 1024 * 1024;

/** What both kinds of requests have. */
export interface HoldableRequest {
  readonly destroyed: boolean;
  write(...parameters: unknown[]): boolean;
  end(...parameters: unknown[]): unknown;
  destroy(error?: Error): unknown;
}

/** @param abort ends the request, and the reading of its answer, with an error */
export function holdBody(
  request: HoldableRequest,
  exchange: LimitedExchange,
  abort: (error: Error) => void,
): void {
  const write = request.write.bind(request);
  const end = request.end.bind(request);
  const kept: unknown[][] = [];
  let keptBytes = 0;
  let isHeld = true;
  const release = (): void => {
    isHeld = false;
    for (const parameters of kept.splice(0)) write(...parameters);
  };

  request.write = youngFunction((...parameters) => {
    if (!isHeld) return write(...parameters);
    const [chunk, encoding] = parameters;
    const bytes = bytesOf(chunk, encoding);
    // What cannot be written is the program's own error, thrown as ever.
    if (bytes === undefined) {
      release();
      return write(...parameters);
    }
    keptBytes += bytes.length;
    guard('held chunk', () => {
      exchange.send(bytes, false);
    });
    const callback = parameters.at(-1);
    kept.push([bytes]);
    if (keptBytes > MOST_BYTES) release();
    if (typeof callback === 'function') process.nextTick(callback);
    return true;
  });

  request.end = youngFunction((...parameters) => {
    if (!isHeld) return end(...parameters);
    const [chunk, encoding] = parameters;
    guard('held chunk', () => {
      exchange.send(bytesOf(chunk, encoding), false);
    });
    const asked = exchange.ask(abort, true);
    const leave = (): unknown => {
      guard('request leaves', () => {
        exchange.begin();
      });
      release();
      return end(...parameters);
    };
    if (asked === undefined) return leave();
    isHeld = asked instanceof Promise;
    if (asked instanceof Promise) void leaveLater(request, exchange, asked, leave);
    else {
      kept.length = 0;
      request.destroy(asked);
    }
    return request;
  });
}

/** Once a server has answered; the program may have given the request up meanwhile. */
async function leaveLater(
  request: HoldableRequest,
  exchange: LimitedExchange,
  asked: Promise<Error | undefined>,
  leave: () => unknown,
): Promise<void> {
  const refusal = await asked;
  if (refusal !== undefined || request.destroyed) {
    guard('held request', () => {
      exchange.drop();
    });
    if (refusal !== undefined) request.destroy(refusal);
    return;
  }
  try {
    leave();
  } catch (error) {
    // As it would have been thrown where the program ended the request.
    request.destroy(error as Error);
  }
}

function bytesOf(chunk: unknown, encoding: unknown): Buffer | undefined {
  if (typeof chunk === 'string')
    return Buffer.from(
      chunk,
      typeof encoding === 'string' && Buffer.isEncoding(encoding) ? encoding : 'utf8',
    );
  // The program may use its buffer again once it was taken.
  return chunk instanceof Uint8Array ? Buffer.from(chunk) : undefined;
}
