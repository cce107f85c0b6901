// Time clusters: the instants of a batch as a few stretches of time with nothing of it between. What is looked up for a
// batch is looked for within these, so a record of last week beside live ones does not have the week read between.

import { HOUR_MS, type Interval } from './time.ts';

const MOST = 4;
/** What is nearer together is read at once: a statement takes some milliseconds by itself. */
const LEAST_GAP_MS = HOUR_MS;

/** Stretches that hold all the instants, both ends included, in their order; apart by the largest gaps, `most` of them. */
export function timeClusters(times: readonly number[], most = MOST): Interval[] {
  if (times.length === 0) return [];
  const sorted = Float64Array.from(times).sort();
  const gaps: number[] = [];
  for (let index = 1; index < sorted.length; index++)
    if ((sorted[index] as number) - (sorted[index - 1] as number) >= LEAST_GAP_MS) gaps.push(index);
  const widthOf = (index: number): number => (sorted[index] as number) - (sorted[index - 1] as number);
  const cuts = gaps
    .toSorted((a, b) => widthOf(b) - widthOf(a))
    .slice(0, most - 1)
    .toSorted((a, b) => a - b);
  const starts = [0, ...cuts];
  const ends = [...cuts, sorted.length];
  return starts.map((start, index) => ({
    from: sorted[start] as number,
    to: sorted[(ends[index] as number) - 1] as number,
  }));
}
