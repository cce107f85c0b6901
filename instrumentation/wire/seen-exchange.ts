// A seen exchange: what the watchers of clients tell of one request and its answer, as its bytes pass. A limited one is
// asked before anything leaves.

import type { Asked } from './ask-limits.ts';

export interface ResponseHead {
  readonly status: number;
  /** Value of a header by its name in small letters. */
  header(name: string): string | undefined;
}

export interface SeenExchange {
  readonly isAnswered: boolean;
  /**
   * A piece of the request's body leaves.
   * @param isLent whether its memory is that of the program, which may use it again; so it is unless said
   */
  send(piece: unknown, isLent?: boolean): void;
  /** The request has left. */
  begin(): void;
  /** The answer begins. */
  answer(head: ResponseHead): void;
  receive(piece: Buffer): void;
  /** The answer is complete. */
  finish(): void;
  /** The request or its answer broke off; without a type the program gave it up. */
  fail(errorType: string | undefined): void;
}

export interface LimitedExchange extends SeenExchange {
  /** Whether limits have to be asked before the request leaves. */
  readonly isLimited: boolean;
  /**
   * Asks the limits, where the body is whole and nothing of it has left: the error to refuse it with, now or later.
   * @param abort ends the request, and the reading of its answer, with an error
   * @param canWait whether the request can be held back while a server is asked
   */
  ask(abort: (error: Error) => void, canWait: boolean): Asked;
  /** Refused, or given up before it left. */
  drop(): void;
}

export function isLimited(exchange: SeenExchange): exchange is LimitedExchange {
  return 'isLimited' in exchange && exchange.isLimited === true;
}
