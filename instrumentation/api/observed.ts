// What was observed of runs, for tests of an agent, and what is expected of it.

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
