// Types of the manual API, as programs see them.

import type { LimitOptions } from '../limits/code-limit.ts';

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
