// For tests of an agent: observes what runs take while a function works, or in a command, and expects things of them.
// No server is needed.

import { makeExpectation, MATCHERS } from './api/expect-run.ts';
import type {
  ObservedRun,
  Observed,
  ObservedCommand,
  CommandOptions,
  RunExpectation,
} from './api/observed.ts';
import { observeCommand, observeWork } from './api/observe-work.ts';

export type {
  ObservedRun,
  Observed,
  ObservedCommand,
  CommandOptions,
  RunExpectation,
} from './api/observed.ts';

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
