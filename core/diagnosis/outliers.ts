// Outliers: single runs that are far from what runs usually cost and make much of the difference by themselves.
// What one run cost is a fact and needs no statistics. An outlier is set aside before the rest is compared,
// so that it counts once and does not decide what is usual.

import type { RunCost, RunCosts } from './run-costs.ts';

export interface OutlierRun extends Omit<RunCost, 'costNanoUsd'> {
  /** What it cost in the later time, and in the earlier one (not scaled). */
  readonly nowNanoUsd: number;
  readonly beforeNanoUsd: number;
  /** Its part of the difference. */
  readonly nanoUsd: number;
  /** What half of the runs cost at most, in the more expensive of the two times. */
  readonly usualNanoUsd: number;
}

/** An outlier makes at least this share of the difference, and this share of the more expensive time. */
const LEAST_PART_OF_DIFFERENCE = 1 / 3;
const LEAST_SHARE = 0.02;
/** It costs at least this many times what is usual. */
const TIMES_USUAL = 10;
/** In the other time hardly a run cost this share of it. */
const COMPARABLE_SHARE = 0.25;
const HARDLY = 0.5;
/** More than these in one time are no outliers but what runs cost there. */
const MAX_OUTLIERS = 3;

/** The outliers of both times, the largest part of the difference first. `scale` is that of the earlier time. */
export function findOutliers(before: RunCosts, now: RunCosts, scale: number): OutlierRun[] {
  const difference = now.costNanoUsd - before.costNanoUsd * scale;
  const costlier = Math.max(now.costNanoUsd, before.costNanoUsd * scale);
  const least = Math.max(Math.abs(difference) * LEAST_PART_OF_DIFFERENCE, costlier * LEAST_SHARE, 1);
  const outliersOf = (own: RunCosts, other: RunCosts, otherScale: number): OutlierRun[] => {
    const usualNanoUsd = usualOf(own, other);
    const found = own.mostExpensive
      .filter((run) => run.costNanoUsd >= usualNanoUsd * TIMES_USUAL)
      .map(({ runId, user, calls, firstMs }): OutlierRun => {
        const [nowNanoUsd, beforeNanoUsd] = [costOf(runId, now), costOf(runId, before)];
        const nanoUsd = nowNanoUsd - Math.round(beforeNanoUsd * scale);
        return { runId, user, calls, firstMs, nowNanoUsd, beforeNanoUsd, nanoUsd, usualNanoUsd };
      })
      .filter(({ runId, nanoUsd }) => {
        if (Math.abs(nanoUsd) < least) return false;
        return comparableRuns(runId, costOf(runId, own), other) * otherScale < HARDLY;
      });
    return found.length > MAX_OUTLIERS ? [] : found;
  };
  const later = outliersOf(now, before, scale);
  // A run that lasted through both times is one.
  const earlier = outliersOf(before, now, 1 / scale).filter(
    ({ runId }) => !later.some((run) => run.runId === runId),
  );
  return [...later, ...earlier].toSorted((a, b) => Math.abs(b.nanoUsd) - Math.abs(a.nanoUsd));
}

/** Of two runs the cheaper one is usual; a single one says nothing of what is usual beside it. */
function usualOf(own: RunCosts, other: RunCosts): number {
  return Math.max((own.runs > 1 ? own.medianNanoUsd : undefined) ?? 0, other.medianNanoUsd ?? 0);
}

/** How many other runs of the other time cost about as much. */
function comparableRuns(runId: string, costNanoUsd: number, other: RunCosts): number {
  const known = other.mostExpensive.filter((run) => run.costNanoUsd >= costNanoUsd * COMPARABLE_SHARE);
  // All that are known cost as much, and there are more.
  if (known.length === other.mostExpensive.length && known.length < other.runs) return Infinity;
  return known.filter((run) => run.runId !== runId).length;
}

function costOf(runId: string, { mostExpensive }: RunCosts): number {
  return mostExpensive.find((run) => run.runId === runId)?.costNanoUsd ?? 0;
}
