// Limits: what runs may cost, take and get wrong. One that cannot be checked, because nothing was measured, is not kept:
// a gate that passes when the numbers are missing is none.

import { formatCost, formatCount, formatDuration, formatPercent } from '../text/format.ts';
import { usdOf } from '../money.ts';
import type { RunFacts } from './run-facts.ts';

export interface Limits {
  /** Of all runs together. */
  readonly maxCostNanoUsd?: number | undefined;
  /** Of each run with what is nested in it. */
  readonly maxCostPerRunNanoUsd?: number | undefined;
  /** Model calls of each run. */
  readonly maxTurns?: number | undefined;
  /** Of each run, milliseconds. */
  readonly maxDurationMs?: number | undefined;
  /** Of all input tokens together, 0 to 1. */
  readonly minCacheHitRatio?: number | undefined;
  readonly maxToolFailures?: number | undefined;
  readonly maxFailedRuns?: number | undefined;
  readonly maxSilentFailures?: number | undefined;
}

export interface LimitOutcome {
  readonly name: keyof Limits;
  readonly title: string;
  readonly isKept: boolean;
  /** As people read them; the value is `–` where nothing was measured. */
  readonly value: string;
  readonly limit: string;
  /** Why it could not be checked. */
  readonly why?: string | undefined;
}

interface LimitKind {
  readonly title: string;
  /** `more`: it is a floor. */
  readonly better: 'less' | 'more';
  readonly format: (value: number) => string;
  /** Where `format` makes two numbers alike. */
  readonly exact?: (value: number) => string;
  /** Undefined, or a reason in words, where it cannot be known. */
  readonly measure: (runs: readonly RunFacts[]) => number | string;
}

const NOTHING = 'nothing was observed';
const greatest = (values: readonly number[]): number =>
  values.reduce((most, value) => Math.max(most, value), 0);
const total = (runs: readonly RunFacts[], read: (run: RunFacts) => number): number =>
  runs.reduce((sum, run) => sum + read(run), 0);

const KINDS: Readonly<Record<keyof Limits, LimitKind>> = {
  maxCostNanoUsd: {
    title: 'cost',
    better: 'less',
    format: formatCost,
    exact: exactCost,
    measure: (runs) => unknownCostText(runs) ?? total(runs, (run) => run.costNanoUsd ?? 0),
  },
  maxCostPerRunNanoUsd: {
    title: 'cost per run',
    better: 'less',
    format: formatCost,
    exact: exactCost,
    measure: (runs) => unknownCostText(runs) ?? greatest(runs.map((run) => costWithNestedNanoUsd(run, runs))),
  },
  maxTurns: {
    title: 'turns',
    better: 'less',
    format: formatCount,
    measure: (runs) => greatest(runs.map((run) => run.turns)),
  },
  maxDurationMs: {
    title: 'duration',
    better: 'less',
    format: formatDuration,
    exact: (ms) => `${ms} ms`,
    measure: (runs) => {
      const ended = runs.flatMap((run) => run.durationMs ?? []);
      return ended.length < runs.length ? 'a run has no end' : greatest(ended);
    },
  },
  minCacheHitRatio: {
    title: 'cache hit',
    better: 'more',
    format: formatPercent,
    exact: (ratio) => `${Number((ratio * 100).toPrecision(12))} %`,
    measure: (runs) => {
      const input = total(runs, (run) => run.tokensIn);
      if (input === 0) return 'no input tokens were counted';
      return total(runs, (run) => run.tokensIn * (run.cacheHitRatio ?? 0)) / input;
    },
  },
  maxToolFailures: {
    title: 'tool failures',
    better: 'less',
    format: formatCount,
    measure: (runs) => total(runs, (run) => run.toolFailures),
  },
  maxFailedRuns: {
    title: 'failed runs',
    better: 'less',
    format: formatCount,
    measure: (runs) => runs.filter((run) => run.status !== 'ok').length,
  },
  maxSilentFailures: {
    title: 'silent failures',
    better: 'less',
    format: formatCount,
    measure: (runs) => total(runs, (run) => run.silentFailures.length),
  },
};

/** A cost and the limit that it is beyond, in words that differ. */
export function beyondTexts(costNanoUsd: number, limitNanoUsd: number): readonly [string, string] {
  const [cost, limit] = [formatCost(costNanoUsd), formatCost(limitNanoUsd)];
  return cost === limit ? [exactCost(costNanoUsd), exactCost(limitNanoUsd)] : [cost, limit];
}

/** To the nano-dollar. */
function exactCost(nanoUsd: number): string {
  return `$${usdOf(nanoUsd).toFixed(9).replace(/0+$/, '')}`;
}

/** How each of the limits fared; those that are not set are left out. */
export function checkLimits(runs: readonly RunFacts[], limits: Limits): readonly LimitOutcome[] {
  return (Object.keys(KINDS) as (keyof Limits)[]).flatMap((name) => {
    const limit = limits[name];
    if (limit === undefined) return [];
    const { title, better, format, measure, exact = format } = KINDS[name];
    const measured = runs.length === 0 ? NOTHING : measure(runs);
    const sign = better === 'less' ? '≤' : '≥';
    if (typeof measured === 'string')
      return [{ name, title, limit: `${sign} ${format(limit)}`, isKept: false, value: '–', why: measured }];
    const isKept = better === 'less' ? measured <= limit : measured >= limit;
    // Two numbers that look alike would not say why the limit is not kept.
    const text = !isKept && format(measured) === format(limit) ? exact : format;
    return [{ name, title, isKept, value: text(measured), limit: `${sign} ${text(limit)}` }];
  });
}

/** Cost of the run and of all runs in it, nano-USD. */
export function costWithNestedNanoUsd(run: RunFacts, runs: readonly RunFacts[]): number {
  const nested = runs.filter((other) => other.parentRunId === run.runId && other.runId !== run.runId);
  return (run.costNanoUsd ?? 0) + nested.reduce((sum, other) => sum + costWithNestedNanoUsd(other, runs), 0);
}

/** Why nobody can say what the runs cost. */
function unknownCostText(runs: readonly RunFacts[]): string | undefined {
  const turns = total(runs, (run) => run.turns);
  // Nothing but failures, such as pages of a proxy, is no work that could cost little.
  if (turns > 0 && turns === total(runs, (run) => run.failedCalls)) return 'no call was answered';
  const calls = total(runs, (run) => run.unpricedCalls);
  return calls === 0
    ? undefined
    : `${formatCount(calls)} ${calls === 1 ? 'call has' : 'calls have'} no price`;
}
