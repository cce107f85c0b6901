// Whether a difference is chance, against what is known: published intervals, and groups that do not differ.

import { describe, expect, it } from '@jest/globals';
import {
  differenceInterval,
  fewRunsFactor,
  shareInterval,
} from '../../../server/queries/groups/group-interval.ts';
import {
  differenceIntervals,
  runsMissing,
  SCORE_STATISTICS,
  STATISTICS,
  type GroupRun,
  type Statistic,
} from '../../../server/queries/groups/group-stats.ts';
import { Random } from '../../fixtures/random.ts';

function runOf(value: number, isOk: boolean): GroupRun {
  return {
    costNanoUsd: value,
    durationMs: value,
    isOk,
    turns: value,
    toolCalls: value,
    tokensIn: value,
    tokensOut: value,
    totalCostNanoUsd: value,
    scores: new Map([['x', { value, good: isOk ? 1 : 0 }]]),
  };
}

const sharesOf = (good: number, runs: number) => {
  const value = good / runs;
  return { value, ...shareInterval(value, runs) };
};

describe('the difference of two shares', () => {
  // Newcombe 1998, Statistics in Medicine 17, table II, method 10: given there as first less second.
  it.each([
    [56, 70, 48, 80, 0.0524, 0.3339],
    [9, 10, 3, 10, 0.1705, 0.809],
    [6, 7, 2, 7, 0.0582, 0.8062],
    [5, 56, 0, 29, -0.0381, 0.1926],
    [0, 10, 0, 20, -0.1611, 0.2775],
    [10, 10, 0, 20, 0.6791, 1],
    [10, 10, 0, 10, 0.6075, 1],
  ])('%d of %d against %d of %d', (good, runs, otherGood, otherRuns, low, high) => {
    const interval = differenceInterval(sharesOf(otherGood, otherRuns), sharesOf(good, runs));
    expect(interval.low).toBeCloseTo(low, 3);
    expect(interval.high).toBeCloseTo(high, 3);
  });

  it('is unsure where all runs of both were good', () => {
    const all = Array.from({ length: 6 }, () => runOf(1, true));
    const { success_rate: interval } = differenceIntervals(all, all, { a: 6, b: 6 }, STATISTICS);
    expect(interval?.low).toBeLessThan(-0.3);
    expect(interval?.high).toBeGreaterThan(0.3);
  });

  it('is not decided by five runs that were good', () => {
    const a = Array.from({ length: 5 }, () => runOf(1, true));
    const b = Array.from({ length: 200 }, (_, n) => runOf(1, n % 10 !== 0));
    const share = { x: SCORE_STATISTICS.score_share('x') };
    expect(differenceIntervals(a, b, { a: 5, b: 200 }, share).x?.high).toBeGreaterThan(0);
  });
});

describe('few runs widen an interval', () => {
  // The upper 2.5 % of Student's t by tables, times the root of n ÷ (n − 1), of 1.96.
  it.each([
    [5, 2.776],
    [6, 2.571],
    [11, 2.228],
    [31, 2.042],
    [1001, 1.962],
  ])('%d runs', (runs, end) => {
    expect(fewRunsFactor(runs)).toBeCloseTo((Math.sqrt(runs / (runs - 1)) * end) / 1.96, 2);
  });
});

describe('two groups that do not differ', () => {
  const TIMES = 25;

  /** How often a difference is said to be more than chance. */
  function decidedOf(name: Statistic, runs: readonly [number, number], size?: number): number {
    const random = new Random(runs[0] * 1000 + runs[1]);
    const draw = (length: number): GroupRun[] =>
      Array.from({ length }, () =>
        runOf(100 + 20 * (random.next() + random.next() + random.next()), random.next() < 0.9),
      );
    let decided = 0;
    for (let time = 0; time < TIMES; time++) {
      const [a, b] = [draw(runs[0]), draw(runs[1])];
      const sizes = { a: size ?? a.length, b: size ?? b.length };
      const wholes = { [name]: { a: { value: 130, runs: sizes.a }, b: { value: 130, runs: sizes.b } } };
      const { [name]: interval } = differenceIntervals(
        a,
        b,
        sizes,
        { [name]: STATISTICS[name] },
        size === undefined ? undefined : wholes,
      );
      if (interval != null && (interval.low > 0 || interval.high < 0)) decided++;
    }
    return decided;
  }

  it.each([
    ['success_rate', [5, 5]],
    ['success_rate', [5, 200]],
    ['success_rate', [30, 30]],
    ['cost_per_run', [5, 5]],
    ['cost_per_run', [5, 200]],
    ['cost_per_run', [10, 10]],
    ['cost_per_run', [40, 40]],
    ['duration_p50', [5, 200]],
    ['duration_p95', [5, 200]],
    ['duration_p95', [20, 200]],
    ['duration_p95', [40, 40]],
  ] as const)('seldom seem to: %s of %j runs', (name, runs) => {
    expect(decidedOf(name, runs)).toBeLessThanOrEqual(TIMES * 0.15);
  });

  it('do not seem to because a part of them was drawn', () => {
    expect(decidedOf('cost_per_run', [200, 200], 4000)).toBe(0);
  });
});

describe('an interval of a part', () => {
  it('is around the difference of the whole groups', () => {
    const a = Array.from({ length: 50 }, (_, n) => runOf(100 + n, true));
    const b = Array.from({ length: 50 }, (_, n) => runOf(120 + n, true));
    const wholes = { x: { a: { value: 130, runs: 5000 }, b: { value: 131, runs: 5000 } } };
    const { x } = differenceIntervals(a, b, { a: 5000, b: 5000 }, { x: STATISTICS.cost_per_run }, wholes);
    expect(x?.low).toBeLessThan(1);
    expect(x?.high).toBeGreaterThan(1);
    expect((x?.high ?? 0) - (x?.low ?? 0)).toBeLessThan(2);
  });
});

describe('a p95', () => {
  it('needs forty runs, and says how many are missing', () => {
    const runs = Array.from({ length: 30 }, (_, n) => runOf(n, true));
    expect(differenceIntervals(runs, runs, { a: 30, b: 30 }, STATISTICS).duration_p95).toBeNull();
    const { fewest } = STATISTICS.duration_p95([]);
    expect(runsMissing({ a: 30, b: 70 }, 3, null, fewest)).toEqual({ a: 10, b: 0 });
  });
});
