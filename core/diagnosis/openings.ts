// Openings: the first calls of runs. They carry tool definitions, system prompt and what the user asked, and nothing
// of the run yet, so their size says whether those grew, however much the runs differ in what comes after.

import { SIGNIFICANT_ERRORS } from './measures.ts';
import type { Period } from './period.ts';

/** Input tokens of the openings of one kind of runs. */
interface Sizes {
  count: number;
  sum: number;
  squares: number;
}

/** From this many runs on each side a difference may be more than chance. */
const LEAST_RUNS = 5;

/** Whether the openings of some kind of runs differ in size by more than chance, and which way: 1, -1 or 0. */
export function changeOfOpenings(before: Period, after: Period): -1 | 0 | 1 {
  const earlier = sizesByWorkload(before);
  let largest = 0;
  let sign: -1 | 0 | 1 = 0;
  for (const [workload, later] of sizesByWorkload(after)) {
    const sizes = earlier.get(workload);
    if (sizes === undefined || sizes.count < LEAST_RUNS || later.count < LEAST_RUNS) continue;
    const change = later.sum / later.count - sizes.sum / sizes.count;
    const error = Math.sqrt(varianceOf(sizes) / sizes.count + varianceOf(later) / later.count);
    const tokens = Math.abs(change) * later.count;
    if (Math.abs(change) <= SIGNIFICANT_ERRORS * error || tokens <= largest) continue;
    largest = tokens;
    sign = change > 0 ? 1 : -1;
  }
  return sign;
}

function sizesByWorkload({ calls }: Period): Map<string, Sizes> {
  const byWorkload = new Map<string, Sizes>();
  const seen = new Set<string>();
  for (const { runId, workload, inputTokens } of calls) {
    if (seen.has(runId)) continue;
    seen.add(runId);
    const sizes = byWorkload.get(workload) ?? { count: 0, sum: 0, squares: 0 };
    byWorkload.set(workload, sizes);
    sizes.count++;
    sizes.sum += inputTokens;
    sizes.squares += inputTokens ** 2;
  }
  return byWorkload;
}

function varianceOf({ count, sum, squares }: Sizes): number {
  return Math.max(0, (squares - sum ** 2 / count) / (count - 1));
}
