// The manual API: names runs and tools where inference is not enough. It is thin: the preload does the
// work and is found on globalThis, so that there is one state whatever the module format; without the
// preload every call passes through.

import { makeFeedback } from './api/feedback.ts';
import { priceMessage } from './api/message-usage.ts';
import { PASSIVE_RUN } from './api/passive-run.ts';
import { checkLimit, type LimitOptions } from './limits/code-limit.ts';

export { LimitExceededError, type LimitFacts } from './limits/limit-error.ts';
export type { LimitOptions, LimitWarning } from './limits/code-limit.ts';

/** Who a run is for and what kind of task it is. */
export interface Identity {
  readonly userId?: string | undefined;
  readonly sessionId?: string | undefined;
  readonly taskType?: string | undefined;
  /** Labels to find runs by: at most 20 of 64 characters; those said in different places add up. */
  readonly tags?: readonly string[] | undefined;
}

export interface RunOptions extends Identity {
  /** Name of the agent. */
  readonly agent?: string | undefined;
  /** Version of the agent. */
  readonly version?: string | undefined;
  /** What the user asked; only its length is recorded. */
  readonly input?: string | undefined;
  /** What the run may take, with all that is nested in it; its next request is refused beyond it. */
  readonly limit?: LimitOptions | undefined;
}

/** How a run ended; `ok` when its function returned, `error` when it threw. */
export type RunStatus =
  'ok' | 'error' | 'aborted' | 'refused' | 'max_turns' | 'budget_exceeded' | 'turn_limit' | 'loop';

export type NoteKind =
  'decision' | 'warning' | 'retry' | 'context_truncation' | 'compaction' | 'loop_suspected' | 'budget';

export interface NoteFields {
  /** Tool that the note is about. */
  readonly tool?: string | undefined;
}

/** True or false for good or not, a number, or a label, by the name of the score. */
export type Scores = Readonly<Record<string, number | boolean | string>>;

export interface ScoreOptions {
  readonly comment?: string | undefined;
  /** Who scores: `code` unless given, a person (`human`), the end user (`user`) or a model (`judge`). */
  readonly source?: 'human' | 'user' | 'code' | 'judge' | undefined;
  /** Person or program that gives the score. */
  readonly author?: string | undefined;
  /** Evaluator and its version: `refund-check@3`. */
  readonly evaluator?: string | undefined;
  /** The same id and name again corrects the score. */
  readonly id?: string | undefined;
}

/** What is scored: a run by its id, or a call, a tool call or a session by theirs. */
export type Scored =
  | string
  | { readonly runId: string }
  | { readonly modelCall: string; readonly runId?: string | undefined }
  | { readonly toolCall: string; readonly runId?: string | undefined }
  | { readonly sessionId: string };

export interface FeedbackOptions {
  /** Name of the score, `helpful` unless given. */
  readonly name?: string | undefined;
  /** How long it can be used, milliseconds; seven days unless given. */
  readonly expiresInMs?: number | undefined;
}

export interface FeedbackLink {
  /** For a POST to `/api/feedback`: `{"token":"…","value":true,"comment":"…"}`. */
  readonly token: string;
  /** Page that asks for a thumb up or down, at TALLYSPAN_URL. */
  readonly url: string;
}

/** The run as its function sees it. */
export interface RunHandle {
  /** Run id, 32 hex digits; empty without the preload. */
  readonly id: string;
  /** Says how the run ends when that is neither `ok` nor an error. */
  setStatus(status: RunStatus): void;
  /** Says what the run answered; only its length is recorded. */
  setOutput(output: string): void;
  identify(identity: Identity): void;
  note(kind: NoteKind, text?: string, fields?: NoteFields): void;
  score(scores: Scores, options?: ScoreOptions): void;
}

/** Tokens and cost of one message. */
export interface MessageUsage {
  readonly tokensInput: number;
  readonly tokensCacheRead: number;
  readonly tokensCacheWrite5m: number;
  readonly tokensCacheWrite1h: number;
  readonly tokensOutput: number;
  readonly costStatus: 'priced' | 'estimated' | 'partial' | 'unpriced';
  /** Absent when unpriced; never 0 for an unknown price. */
  readonly costNanoUsd?: number;
  readonly costUsd?: number;
  readonly unpricedReason?: string;
  /** Why the cost is an estimate or partial, or why a priced message cost nothing. */
  readonly costReason?: string;
}

/** What the preload offers; the preload's side of this module. */
export interface Recorder {
  run<T>(options: RunOptions, work: (run: RunHandle) => T): T;
  limit<T>(options: LimitOptions, work: () => T): T;
  tool<T>(name: string, input: unknown, work: () => T): T;
  identify(identity: Identity): void;
  note(kind: NoteKind, text: string | undefined, fields: NoteFields): void;
  score(scored: Scored, scores: Scores, options: ScoreOptions): void;
  /** Calls the listener with every event of the process; gives what stops it. */
  listen(listener: (event: object & { readonly timestamp: number }) => void): () => void;
  observeQuery<T>(query: T): T;
  flush(timeoutMs: number): Promise<void>;
}

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

const RECORDER = Symbol.for('tallyspan.node');

function findRecorder(): Recorder | undefined {
  return (globalThis as { [RECORDER]?: Recorder })[RECORDER];
}

function nameOf(agent: object): string | undefined {
  const { name } = agent as { name?: unknown };
  if (typeof name === 'string' && name !== '') return name;
  const className = agent.constructor.name;
  return className === 'Object' ? undefined : className;
}
