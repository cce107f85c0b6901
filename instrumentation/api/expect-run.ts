// What tests may expect of a run. Each expectation says whether it holds and in words what was and what should have been.

import { AssertionError } from 'node:assert';
import { formatCost, formatPercent } from '../../core/text/format.ts';
import { NANO_USD_PER_USD } from '../../core/money.ts';
import type { ObservedRun, RunExpectation } from './observed.ts';

interface Finding {
  /** Undefined: it cannot be known, which neither holds nor does not. */
  readonly pass: boolean | undefined;
  readonly was: string;
  readonly wanted: string;
}

type Expectation = Exclude<keyof RunExpectation, 'not'>;
type Judge<K extends Expectation> = (
  run: ObservedRun,
  ...parameters: Parameters<RunExpectation[K]>
) => Finding;

const JUDGES: { readonly [K in Expectation]: Judge<K> } = {
  toEndOk: (run) => JUDGES.toEndWith(run, 'ok'),
  toEndWith: (run, status) => ({
    pass: run.status === status,
    was: `ended ${run.status}${run.errorType === undefined ? '' : ` (${run.errorType})`}`,
    wanted: `end ${status}`,
  }),
  toCostLessThan: (run, amount) => {
    const limit = nanoUsdOf(amount);
    const cost = run.costNanoUsd;
    return {
      pass: cost === undefined || run.unpricedCalls > 0 ? undefined : cost < limit,
      was: `cost ${run.unpricedCalls > 0 ? 'an unknown amount: a call has no price' : formatCost(cost)}`,
      wanted: `cost less than ${formatCost(limit)}`,
    };
  },
  toTakeAtMostTurns: (run, turns) => ({
    pass: run.turns <= turns,
    was: `took ${run.turns} turns`,
    wanted: `take at most ${turns} turns`,
  }),
  toTakeLessThanMs: (run, durationMs) => ({
    pass: run.durationMs === undefined ? undefined : run.durationMs < durationMs,
    was: run.durationMs === undefined ? 'has not ended' : `took ${run.durationMs} ms`,
    wanted: `take less than ${durationMs} ms`,
  }),
  toHaveCacheHitAtLeast: (run, ratio) => ({
    pass: run.cacheHitRatio === undefined ? undefined : run.cacheHitRatio >= ratio,
    was: `read ${formatPercent(run.cacheHitRatio)} of its input from the cache`,
    wanted: `read at least ${formatPercent(ratio)} from the cache`,
  }),
  toCallTool: (run, name, times) => {
    const calls = run.tools.filter((tool) => tool === name).length;
    return {
      pass: times === undefined ? calls > 0 : calls === times,
      was: `called ${run.tools.length === 0 ? 'no tool' : run.tools.join(', ')}`,
      wanted: `call ${name}${times === undefined ? '' : ` ${times} times`}`,
    };
  },
  toCallToolsInOrder: (run, names) => {
    let next = 0;
    for (const tool of run.tools) if (tool === names[next]) next += 1;
    return {
      pass: next === names.length,
      was: `called ${run.tools.length === 0 ? 'no tool' : run.tools.join(', ')}`,
      wanted: `call ${names.join(', ')} in this order`,
    };
  },
  toUseModel: (run, model) => ({
    pass: run.models.includes(model),
    was: `used ${run.models.join(', ') || 'no model'}`,
    wanted: `use ${model}`,
  }),
  toHaveNoToolFailures: (run) => ({
    pass: run.toolFailures === 0,
    was: `had ${run.toolFailures} failed tool calls`,
    wanted: 'have no failed tool call',
  }),
  toHaveNoSilentFailures: (run) => ({
    pass: run.silentFailures.length === 0,
    was: `had ${run.silentFailures.join(', ') || 'none'}`,
    wanted: 'have no silent failure',
  }),
};

const EXPECTATIONS = Object.keys(JUDGES) as Expectation[];

function judge(name: Expectation, run: ObservedRun, parameters: readonly unknown[]): Finding {
  if (typeof (run as Partial<ObservedRun> | undefined)?.runId !== 'string')
    throw new TypeError('this is no run: take one from observe() or observeRuns()');
  return (JUDGES[name] as (run: ObservedRun, ...rest: unknown[]) => Finding)(run, ...parameters);
}

function messageOf(run: ObservedRun, { was, wanted }: Finding, isNot: boolean): string {
  return `run ${run.runId.slice(0, 8)}${run.agent === undefined ? '' : ` of ${run.agent}`} ${was}; expected it ${isNot ? 'not ' : ''}to ${wanted}`;
}

export function makeExpectation(run: ObservedRun, isNot: boolean): RunExpectation {
  const expectation: Record<string, unknown> = {};
  for (const name of EXPECTATIONS) {
    const check = (...parameters: unknown[]): RunExpectation => {
      const finding = judge(name, run, parameters);
      if (finding.pass === undefined || finding.pass === isNot)
        throw new AssertionError({
          message: messageOf(run, finding, isNot),
          operator: name,
          stackStartFn: check,
        });
      return makeExpectation(run, false);
    };
    expectation[name] = check;
  }
  Object.defineProperty(expectation, 'not', { get: () => makeExpectation(run, !isNot) });
  return expectation as unknown as RunExpectation;
}

/** As jest and vitest want them. */
export const MATCHERS = Object.fromEntries(
  EXPECTATIONS.map((name) => [
    name,
    function (this: { readonly isNot?: boolean } | undefined, run: ObservedRun, ...parameters: unknown[]) {
      const finding = judge(name, run, parameters);
      const isNot = this?.isNot === true;
      // What is not known fails either way.
      return { pass: finding.pass ?? isNot, message: () => messageOf(run, finding, isNot) };
    },
  ]),
) as unknown as Readonly<
  Record<
    Expectation,
    (run: ObservedRun, ...parameters: never[]) => { readonly pass: boolean; readonly message: () => string }
  >
>;

function nanoUsdOf(amount: string | number): number {
  const usd =
    typeof amount === 'number' ? amount : Number(/^\$?(\d*\.?\d+)$/.exec(amount.trim())?.[1] ?? Number.NaN);
  if (!Number.isFinite(usd) || usd < 0) throw new TypeError(`"${amount}" is no amount; write '$0.05'`);
  return Math.round(usd * NANO_USD_PER_USD);
}
