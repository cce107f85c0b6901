// A sample: of a time with too many events only some runs are looked at, and each stands for several. The most expensive
// runs are all looked at and stand for themselves, since a few of them may be most of the cost.

import { runIdOf } from '../pricing/call-facts.ts';
import type { Period } from './period.ts';
import type { RunCosts } from './run-costs.ts';

export interface Sample {
  /** Of all runs, looked at or not. */
  readonly runCosts: RunCosts;
  /** Runs that were looked at because they are expensive. The others were chosen whatever they hold. */
  readonly wholeRunIds: ReadonlySet<string>;
}

/** The period without the runs that are set aside; in a sample each run has the weight of those that it stands for. */
export function restOf(period: Period, asideIds: ReadonlySet<string>, sample: Sample | undefined): Period {
  if (sample === undefined && asideIds.size === 0) return period;
  const calls = period.calls.filter(({ runId }) => !asideIds.has(runId));
  const runIds = new Set(calls.map(({ runId }) => runId));
  const weightOf = sample === undefined ? period.weightOf : weigh(sample, asideIds, runIds);
  return {
    calls,
    misses: period.misses.filter(({ call }) => !asideIds.has(call.runId)),
    events: period.events.filter((event) => !asideIds.has(runIdOf(event))),
    costNanoUsd: calls.reduce((sum, { runId, costNanoUsd }) => sum + costNanoUsd * weightOf(runId), 0),
    runIds,
    weightOf,
  };
}

function weigh(
  { runCosts, wholeRunIds }: Sample,
  asideIds: ReadonlySet<string>,
  lookedAt: ReadonlySet<string>,
): (runId: string) => number {
  const certain = new Set([...wholeRunIds, ...asideIds]);
  const chosen = [...lookedAt].filter((runId) => !certain.has(runId)).length;
  // At least one, also where a run came while the runs were counted.
  const weight = Math.max(1, (runCosts.runs - certain.size) / Math.max(1, chosen));
  return (runId) => (wholeRunIds.has(runId) ? 1 : weight);
}
