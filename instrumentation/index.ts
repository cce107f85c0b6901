// The manual API: names runs and tools where inference is not enough. It is thin: the preload does the
// work and is found on globalThis, so that there is one state whatever the module format; without the
// preload every call passes through.

import { makeFeedback } from './api/feedback.ts';
import { priceMessage } from './api/message-usage.ts';
import type {
  Identity,
  RunOptions,
  NoteKind,
  NoteFields,
  Scores,
  ScoreOptions,
  Scored,
  FeedbackOptions,
  FeedbackLink,
  RunHandle,
  MessageUsage,
  Recorder,
} from './api/types.ts';
import { PASSIVE_RUN } from './api/passive-run.ts';
import { checkLimit, type LimitOptions } from './limits/code-limit.ts';
import { find, RECORDER } from './process/meeting-place.ts';

export type {
  Identity,
  RunOptions,
  RunStatus,
  NoteKind,
  NoteFields,
  Scores,
  ScoreOptions,
  Scored,
  FeedbackOptions,
  FeedbackLink,
  RunHandle,
  MessageUsage,
  Recorder,
} from './api/types.ts';
export { LimitExceededError, type LimitFacts } from './limits/limit-error.ts';
export type { LimitOptions, LimitWarning } from './limits/code-limit.ts';

/** Runs `work` as one run of an agent; gives what it gives and throws what it throws. */
export function run<T>(options: RunOptions, work: (run: RunHandle) => T): T {
  if (options.limit !== undefined) checkLimit(options.limit);
  const recorder = findRecorder();
  return recorder === undefined ? work(PASSIVE_RUN) : recorder.run(options, work);
}

/**
 * Limits what the model calls inside `work` may take, all together. A request that could pass the limit is refused
 * before it leaves, with a {@link LimitExceededError}. Without the preload nothing is limited.
 * @throws RangeError where an amount is no number of 0 or more
 */
export function limit<T>(options: LimitOptions, work: () => T): T {
  checkLimit(options);
  const recorder = findRecorder();
  return recorder === undefined ? work() : recorder.limit(options, work);
}

/** Wraps a tool's function: each call is recorded with the run that it is made in. */
export function tool<Arguments extends unknown[], Result>(
  name: string,
  execute: (...parameters: Arguments) => Result,
): (...parameters: Arguments) => Result {
  return function (this: unknown, ...parameters) {
    const recorder = findRecorder();
    if (recorder === undefined) return execute.apply(this, parameters);
    return recorder.tool(name, parameters[0], () => execute.apply(this, parameters));
  };
}

/** From here on, in this asynchronous flow and in the run it is in, work is for that identity. */
export function identify(identity: Identity): void {
  findRecorder()?.identify(identity);
}

/** Marks the current run; outside of a run it does nothing. */
export function note(kind: NoteKind, text?: string, fields: NoteFields = {}): void {
  findRecorder()?.note(kind, text, fields);
}

/** Scores a run, a call or a session, at any time, also after its end. A score that cannot be one is reported on stderr. */
export function score(scored: Scored, scores: Scores, options: ScoreOptions = {}): void {
  findRecorder()?.score(scored, scores, options);
}

/**
 * A token and a link by which the end user can score the run once it has answered: one score, this run, until it expires.
 * Undefined without TALLYSPAN_FEEDBACK_SECRET, which the server must have, too.
 */
export function feedback(runId: string, options: FeedbackOptions = {}): FeedbackLink | undefined {
  return makeFeedback(runId, options);
}

/** Wraps an agent: an object whose `run(input)` does one task. Every other member stays as it is. */
export function wrapAgent<Agent extends { run: (input: never, ...rest: never[]) => unknown }>(
  agent: Agent,
  options: RunOptions = {},
): Agent {
  const name = options.agent ?? nameOf(agent);
  return new Proxy(agent, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      // Members with private fields need the object itself, not the proxy.
      const bound = (value as (...parameters: unknown[]) => unknown).bind(target);
      if (key !== 'run') return bound;
      return (input: unknown, ...rest: unknown[]) =>
        run({ ...options, agent: name, input: typeof input === 'string' ? input : options.input }, () =>
          bound(input, ...rest),
        );
    },
  });
}

/** Tokens and list price of a message as the API returned it. Needs no preload. */
export function usageOf(message: { readonly model: string; readonly usage: object }): MessageUsage {
  return priceMessage(message);
}

/** Sends what waits, for places that freeze the process between requests. Ends after `timeoutMs` at the latest. */
export async function flush(timeoutMs = 2_000): Promise<void> {
  await findRecorder()?.flush(timeoutMs);
}

function findRecorder(): Recorder | undefined {
  return find(RECORDER) as Recorder | undefined;
}

function nameOf(agent: object): string | undefined {
  const { name } = agent as { name?: unknown };
  if (typeof name === 'string' && name !== '') return name;
  const className = agent.constructor.name;
  return className === 'Object' ? undefined : className;
}
