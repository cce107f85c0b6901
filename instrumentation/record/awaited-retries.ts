// Awaited retries: runs whose last call failed, where the SDK is told not to try again and its caller does so itself: a
// framework such as LangChain, or the program. A request soon after goes on with the run; without one the run has failed.

import { clearTimeout, later } from '../process/timers.ts';
import { questionKey, type RequestFacts } from './request-facts.ts';
import type { Run } from './run.ts';

/** Who tries again: a framework that is known to, or perhaps the program. */
export type Retrier = 'framework' | 'program';

/** Frameworks wait up to a minute. Most programs do not try again at all, and the end of their run is not to come late. */
const AWAITED_MS: Readonly<Record<Retrier, number>> = { framework: 60_000, program: 5_000 };
const MAX_AWAITED = 1_000;
/** Failures after which clients send a request again. */
const PASSING =
  /^(overloaded_error|rate_limit_error|api_error|timeout_error|client_timeout_error|connection_error|408|409|429|5\d\d)$/;

export class AwaitedRetries {
  readonly #onGivenUp: (run: Run) => void;
  /** The key of the request, where that is how it is known. */
  readonly #waiting = new Map<Run, { readonly key: string | undefined; readonly timer: NodeJS.Timeout }>();
  readonly #byRequest = new Map<string, Run>();

  constructor(onGivenUp: (run: Run) => void) {
    this.#onGivenUp = onGivenUp;
  }

  /**
   * False where nobody would know it again, or nobody sends it again. A request that answers tool calls is known by
   * them: it may come after any failure, to another model or with a shorter conversation. Another is known by what it
   * says, whatever model it asks; a program that says the same once more may as well begin anew, a framework does not.
   */
  add(run: Run, facts: RequestFacts, errorType: string, retrier: Retrier): boolean {
    const key = facts.toolResults.length > 0 ? undefined : questionKey(facts);
    if (this.#waiting.size >= MAX_AWAITED) return false;
    if (key !== undefined && (retrier === 'program' || !PASSING.test(errorType) || this.#byRequest.has(key)))
      return false;
    if (key !== undefined) this.#byRequest.set(key, run);
    const timer = later('awaited retry', AWAITED_MS[retrier], () => {
      if (this.forget(run)) this.#onGivenUp(run);
    });
    this.#waiting.set(run, { key, timer });
    return true;
  }

  /** The run that the request goes on with, where it was known by what it says. */
  find(facts: RequestFacts): Run | undefined {
    return this.#byRequest.size === 0 ? undefined : this.#byRequest.get(questionKey(facts));
  }

  /** The run goes on, or has ended; whether it waited. */
  forget(run: Run): boolean {
    const waiting = this.#waiting.get(run);
    if (waiting === undefined) return false;
    this.#waiting.delete(run);
    clearTimeout(waiting.timer);
    if (waiting.key !== undefined) this.#byRequest.delete(waiting.key);
    return true;
  }

  /** Nothing more is sent. */
  giveUp(): void {
    for (const run of this.#waiting.keys()) if (this.forget(run)) this.#onGivenUp(run);
  }
}
