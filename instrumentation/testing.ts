// For tests of an agent: observes what runs take while a function works, or in a command, and expects things of them.
// No server is needed.

import { makeExpectation, MATCHERS } from './api/expect-run.ts';
import { observeCommand, observeWork } from './api/observe-work.ts';

/** What a run took, as it was recorded. */
export interface ObservedRun {
  readonly runId: string;
  readonly agent: string | undefined;
  readonly parentRunId: string | undefined;
  /** ok, error, aborted, refused, max_turns, budget_exceeded, or running without an end. */
  readonly status: string;
  readonly errorType: string | undefined;
  readonly durationMs: number | undefined;
  /** Model calls. */
  readonly turns: number;
  readonly toolCalls: number;
  readonly toolFailures: number;
  /** Names of the tools in the order of their calls. */
  readonly tools: readonly string[];
  readonly models: readonly string[];
  readonly tokensIn: number;
  readonly tokensOut: number;
  /** 0 to 1; undefined without input. */
  readonly cacheHitRatio: number | undefined;
  /** Nano-USD, the runs in it included; undefined where a call has no price. */
  readonly costNanoUsd: number | undefined;
  readonly unpricedCalls: number;
  readonly refusals: number;
  readonly cutAnswers: number;
  readonly silentFailures: readonly string[];
}

export interface Observed<T> {
  /** What the function returned. */
  readonly result: T;
  /** The first run that is in no other. */
  readonly run: ObservedRun;
  /** All runs, in the order in which they began. */
  readonly runs: readonly ObservedRun[];
}

export interface ObservedCommand {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly run: ObservedRun;
  readonly runs: readonly ObservedRun[];
}

export interface CommandOptions {
  readonly cwd?: string | undefined;
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** Each throws an AssertionError when it does not hold, and gives the same object when it does. */
export interface RunExpectation {
  /** The opposite of the next one. */
  readonly not: RunExpectation;
  toEndOk(): RunExpectation;
  toEndWith(status: string): RunExpectation;
  /** `'$0.05'`, `'0.05'` or a number of dollars. A run with a call without a price fails it. */
  toCostLessThan(amount: string | number): RunExpectation;
  toTakeAtMostTurns(turns: number): RunExpectation;
  toTakeLessThanMs(durationMs: number): RunExpectation;
  /** From 0 to 1. */
  toHaveCacheHitAtLeast(ratio: number): RunExpectation;
  toCallTool(name: string, times?: number): RunExpectation;
  /** These, in this order; others may be called in between. */
  toCallToolsInOrder(names: readonly string[]): RunExpectation;
  toUseModel(model: string): RunExpectation;
  toHaveNoToolFailures(): RunExpectation;
  toHaveNoSilentFailures(): RunExpectation;
}

/**
 * Observes the runs that end or begin while the function works; the preload must be in the process.
 * @throws Error when it is not, or no run was seen; whatever the function throws
 */
export function observe<T>(work: () => T | Promise<T>): Promise<Observed<T>> {
  return observeWork(work);
}

/** Runs a Node program under the preload: the command and its arguments. Works in every test runner. @throws Error when no run was seen */
export function observeRuns(
  command: readonly string[],
  options: CommandOptions = {},
): Promise<ObservedCommand> {
  return observeCommand(command, options);
}

/** Expects things of a run: `expectRun(run).toEndOk().toCostLessThan('$0.05')`. */
export function expectRun(run: ObservedRun): RunExpectation {
  return makeExpectation(run, false);
}

/** For `expect.extend(matchers)` of jest and vitest: the same expectations by the same names. */
export const matchers: Readonly<
  Record<
    Exclude<keyof RunExpectation, 'not'>,
    (
      received: ObservedRun,
      ...parameters: never[]
    ) => { readonly pass: boolean; readonly message: () => string }
  >
> = MATCHERS;
