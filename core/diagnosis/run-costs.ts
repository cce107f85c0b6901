// Run costs: what each run of a stretch of time cost, most expensive first, and what is usual among them.

import type { CallFact } from '../pricing/call-facts.ts';

export interface RunCost {
  readonly runId: string;
  /** Empty where the run names none. */
  readonly user: string;
  /** Priced model calls. */
  readonly calls: number;
  readonly costNanoUsd: number;
  /** End of the first of these calls, Unix milliseconds. */
  readonly firstMs: number;
}

export interface RunCosts {
  /** All runs with a priced call, and their cost. */
  readonly runs: number;
  readonly costNanoUsd: number;
  /** What half of the runs cost at most; undefined without runs. */
  readonly medianNanoUsd: number | undefined;
  /** Most expensive first; of very many runs only the most expensive. */
  readonly mostExpensive: readonly RunCost[];
}

export function costsOfRuns(calls: readonly (CallFact & { readonly user: string })[]): RunCosts {
  const byRun = new Map<string, { user: string; calls: number; costNanoUsd: number; firstMs: number }>();
  let costNanoUsd = 0;
  for (const call of calls) {
    costNanoUsd += call.costNanoUsd;
    const run = byRun.get(call.runId);
    if (run === undefined) {
      const { user, endMs } = call;
      byRun.set(call.runId, { user, calls: 1, costNanoUsd: call.costNanoUsd, firstMs: endMs });
    } else {
      run.calls++;
      run.costNanoUsd += call.costNanoUsd;
      run.firstMs = Math.min(run.firstMs, call.endMs);
    }
  }
  const mostExpensive = [...byRun].map(([runId, run]): RunCost => ({ runId, ...run })).toSorted(byCost);
  return {
    runs: mostExpensive.length,
    costNanoUsd,
    medianNanoUsd: mostExpensive[Math.floor(mostExpensive.length / 2)]?.costNanoUsd,
    mostExpensive,
  };
}

function byCost(a: RunCost, b: RunCost): number {
  return b.costNanoUsd - a.costNanoUsd || (a.runId < b.runId ? -1 : 1);
}
