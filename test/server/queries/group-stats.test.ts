// A statistic of runs that were drawn several times is that of a list with each run as often.

import { describe, expect, it } from '@jest/globals';
import { quantileOf } from '../../../core/quantile.ts';
import {
  SCORE_STATISTICS,
  STATISTICS,
  type GroupRun,
  type Statistic,
} from '../../../server/queries/groups/group-stats.ts';

const RUNS: readonly GroupRun[] = Array.from({ length: 40 }, (_, n) => ({
  costNanoUsd: n % 7 === 0 ? null : 1000 + n * n,
  durationMs: n % 5 === 0 ? null : (n * 7919) % 1000,
  isOk: n % 3 !== 0,
  turns: n % 4,
  toolCalls: n % 2 === 0 ? null : n,
  tokensIn: n * 100,
  tokensOut: null,
  totalCostNanoUsd: n % 6 === 0 ? null : 2000 + n,
  scores: new Map(n % 2 === 0 ? [['helpful', { value: n / 10, good: n % 8 === 0 ? null : n % 3 }]] : []),
}));

const mean = (values: readonly (number | null)[]): number | null => {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
};
const sumOf = (values: readonly (number | null)[]): number =>
  values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
const quantile = (runs: readonly GroupRun[], q: number): number | null =>
  quantileOf(
    runs.flatMap(({ durationMs }) => durationMs ?? []),
    q,
  ) ?? null;

/** Sums in another order differ in their last digit. */
const rounded = (value: number | null): number | null =>
  value === null ? null : Number(value.toPrecision(12));

const EXPECTED: Readonly<Record<Statistic, (runs: readonly GroupRun[]) => number | null>> = {
  success_rate: (runs) => mean(runs.map(({ isOk }) => Number(isOk))),
  cost_per_run: (runs) => mean(runs.map((run) => run.costNanoUsd)),
  cost_per_success: (runs) => {
    const successes = runs.filter(({ isOk }) => isOk).length;
    return successes === 0 ? null : sumOf(runs.map((run) => run.costNanoUsd)) / successes;
  },
  duration_p50: (runs) => quantile(runs, 0.5),
  duration_p95: (runs) => quantile(runs, 0.95),
  turns_per_run: (runs) => mean(runs.map((run) => run.turns)),
  tool_calls_per_run: (runs) => mean(runs.map((run) => run.toolCalls)),
  tokens_in_per_run: (runs) => mean(runs.map((run) => run.tokensIn)),
  tokens_out_per_run: (runs) => mean(runs.map((run) => run.tokensOut)),
};

const DRAWS = [
  ['each once', RUNS.map(() => 1)],
  ['some often and some never', RUNS.map((_, n) => (n * 13) % 4)],
  ['one alone', RUNS.map((_, n) => (n === 11 ? 40 : 0))],
  ['none of which the time is known', RUNS.map((_, n) => (n % 5 === 0 ? 2 : 0))],
  ['none that was well', RUNS.map((_, n) => (n % 3 === 0 ? 1 : 0))],
] as const;

describe.each(DRAWS)('of runs drawn %s', (_, times) => {
  const drawn = RUNS.flatMap((run, n) => Array.from({ length: times[n] ?? 0 }, () => run));
  it.each(Object.keys(EXPECTED) as Statistic[])('%s', (statistic) => {
    const expected = EXPECTED[statistic](drawn);
    const found = STATISTICS[statistic](RUNS)(Uint16Array.from(times));
    expect(rounded(found)).toBe(rounded(expected));
  });

  it('scores', () => {
    const found = (['score_mean', 'score_share', 'cost_per_good_run'] as const).map((statistic) =>
      SCORE_STATISTICS[statistic]('helpful')(RUNS)(Uint16Array.from(times)),
    );
    const own = drawn.map((run) => ({ ...run, score: run.scores.get('helpful') }));
    const judged = own.filter(
      ({ score, totalCostNanoUsd }) => score?.good != null && totalCostNanoUsd !== null,
    );
    const good = sumOf(judged.map(({ score }) => score?.good ?? 0));
    const expected = [
      mean(own.map(({ score }) => score?.value ?? null)),
      mean(own.map(({ score }) => score?.good ?? null)),
      good === 0 ? null : sumOf(judged.map((run) => run.totalCostNanoUsd)) / good,
    ];
    expect(found.map(rounded)).toEqual(expected.map(rounded));
  });
});
