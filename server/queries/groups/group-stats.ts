// Statistics of a group of runs, and how sure the difference between two groups is. A difference has an interval of 95 %
// from a bootstrap: the runs of both groups are drawn again with replacement, many times, and the middle 95 % of the
// differences is what chance alone leaves open (Efron 1979, percentile method). Of a large group a part is drawn from; its
// interval is narrowed by the root of that part, as that of a mean is.

export interface GroupRun {
  /** Nano-USD; null where nothing of it has a price. */
  readonly costNanoUsd: number | null;
  readonly durationMs: number | null;
  readonly isOk: boolean;
  readonly turns: number | null;
  readonly toolCalls: number | null;
  readonly tokensIn: number | null;
  readonly tokensOut: number | null;
  /** With what is nested in it, nano-USD. */
  readonly totalCostNanoUsd: number | null;
  /** Its scores by their names. */
  readonly scores: ReadonlyMap<string, ScoreOfRun>;
}

/** What a run got under one name; the mean where it got several. */
export interface ScoreOfRun {
  /** Null of labels. */
  readonly value: number | null;
  /** Share of good, 0 to 1; null where nobody said good or not. */
  readonly good: number | null;
}

/** How often each run of a group was drawn. */
type Draw = Uint16Array;

/** A number of the drawn runs of a group; null where there is nothing to know it from. */
export type StatisticOf = (runs: readonly GroupRun[]) => (times: Draw) => number | null;

export type Statistic =
  | 'success_rate'
  | 'cost_per_run'
  | 'cost_per_success'
  | 'duration_p50'
  | 'duration_p95'
  | 'turns_per_run'
  | 'tool_calls_per_run'
  | 'tokens_in_per_run'
  | 'tokens_out_per_run';

export const STATISTICS: Readonly<Record<Statistic, StatisticOf>> = {
  success_rate: meanOf(({ isOk }) => (isOk ? 1 : 0)),
  cost_per_run: meanOf((run) => run.costNanoUsd),
  cost_per_success: ratioOf((run) => [run.costNanoUsd ?? 0, run.isOk ? 1 : 0]),
  duration_p50: durationQuantileOf(0.5),
  duration_p95: durationQuantileOf(0.95),
  turns_per_run: meanOf((run) => run.turns),
  tool_calls_per_run: meanOf((run) => run.toolCalls),
  tokens_in_per_run: meanOf((run) => run.tokensIn),
  tokens_out_per_run: meanOf((run) => run.tokensOut),
};

/** The statistics of one score: each run counts once, however many scores of the name it has. */
export const SCORE_STATISTICS: Readonly<Record<ScoreStatistic, (name: string) => StatisticOf>> = {
  score_mean: (name) => meanOf(({ scores }) => scores.get(name)?.value ?? null),
  score_share: (name) => meanOf(({ scores }) => scores.get(name)?.good ?? null),
  cost_per_good_run: (name) =>
    ratioOf(({ scores, totalCostNanoUsd }) => {
      const share = scores.get(name)?.good ?? null;
      return share === null || totalCostNanoUsd === null ? null : [totalCostNanoUsd, share];
    }),
};

export type ScoreStatistic = 'score_mean' | 'score_share' | 'cost_per_good_run';

export interface ConfidenceInterval {
  readonly low: number;
  readonly high: number;
}

const DRAWS = 200;
/** More runs of a group are not drawn from. */
export const DRAWN_FROM = 1000;
const MIDDLE = 0.95;
const SEED = 20_261_130;
/** Fewer runs say nothing about chance. */
export const FEWEST_RUNS = 5;

/**
 * The interval of the difference b − a for each statistic; null where a group has too few runs for one.
 * `sizes` are the runs of the whole groups, of which those given may be a part.
 */
export function differenceIntervals<Name extends string>(
  a: readonly GroupRun[],
  b: readonly GroupRun[],
  sizes: { readonly a: number; readonly b: number },
  statistics: Readonly<Record<Name, StatisticOf>>,
): Readonly<Record<Name, ConfidenceInterval | null>> {
  const names = Object.keys(statistics) as Name[];
  const prepared = names.map((name) => ({ name, ofA: statistics[name](a), ofB: statistics[name](b) }));
  const found = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  const random = randomFrom(SEED);
  const [timesA, timesB] = [new Uint16Array(a.length), new Uint16Array(b.length)];
  if (a.length >= FEWEST_RUNS && b.length >= FEWEST_RUNS)
    for (let draw = 0; draw < DRAWS; draw++) {
      drawAgain(timesA, random);
      drawAgain(timesB, random);
      for (const { name, ofA, ofB } of prepared) {
        const [valueA, valueB] = [ofA(timesA), ofB(timesB)];
        if (valueA !== null && valueB !== null) found[name].push(valueB - valueA);
      }
    }
  // The groups as they are: each run once.
  timesA.fill(1);
  timesB.fill(1);
  const narrowing = Math.sqrt(Math.max(a.length / Math.max(1, sizes.a), b.length / Math.max(1, sizes.b)));
  return Object.fromEntries(
    prepared.map(({ name, ofA, ofB }) => {
      const [valueA, valueB] = [ofA(timesA), ofB(timesB)];
      const differences = found[name].toSorted((x, y) => x - y);
      if (differences.length < DRAWS * MIDDLE || valueA === null || valueB === null) return [name, null];
      const centre = valueB - valueA;
      const at = (share: number): number =>
        differences[Math.round(share * (differences.length - 1))] ?? centre;
      const edge = (1 - MIDDLE) / 2;
      return [
        name,
        {
          low: centre + (at(edge) - centre) * narrowing,
          high: centre + (at(1 - edge) - centre) * narrowing,
        },
      ];
    }),
  ) as Record<Name, ConfidenceInterval | null>;
}

/**
 * How many more runs each group would need before the difference is more than chance in four of five cases, if it stays
 * as large as it is: an interval narrows with the root of the runs (n × ((1.96 + 0.84) ÷ 1.96 × half ÷ difference)², the
 * usual sample size for a power of 80 %). Null where no number of runs is known to do: there is no difference so far.
 */
export function runsMissing(
  runs: { readonly a: number; readonly b: number },
  difference: number | null,
  interval: ConfidenceInterval | null,
): { readonly a: number; readonly b: number } | null {
  if (runs.a < FEWEST_RUNS || runs.b < FEWEST_RUNS)
    return { a: Math.max(0, FEWEST_RUNS - runs.a), b: Math.max(0, FEWEST_RUNS - runs.b) };
  if (interval === null || difference === null) return null;
  if (interval.low > 0 || interval.high < 0) return { a: 0, b: 0 };
  if (difference === 0) return null;
  const half = difference > 0 ? difference - interval.low : interval.high - difference;
  const factor = Math.max(1, (POWER * half) / Math.abs(difference)) ** 2;
  return { a: Math.ceil(runs.a * factor) - runs.a, b: Math.ceil(runs.b * factor) - runs.b };
}

const POWER = (1.96 + 0.84) / 1.96;

/** Draws as many runs as there are, with replacement. */
function drawAgain(times: Draw, random: () => number): void {
  times.fill(0);
  for (let left = times.length; left > 0; left--) {
    const run = Math.floor(random() * times.length);
    times[run] = (times[run] as number) + 1;
  }
}

/** The sum of the first numbers by that of the second ones, over the runs that have both. */
function ratioOf(partsOf: (run: GroupRun) => readonly [number, number] | null): StatisticOf {
  return (runs) => {
    const parts = runs.map((run) => partsOf(run) ?? [0, 0]);
    const above = Float64Array.from(parts, ([one]) => one);
    const below = Float64Array.from(parts, ([, other]) => other);
    return (times) => {
      let [sum, by] = [0, 0];
      for (let run = 0; run < times.length; run++) {
        const count = times[run] as number;
        sum += count * (above[run] as number);
        by += count * (below[run] as number);
      }
      return by === 0 ? null : sum / by;
    };
  };
}

/** Over the runs of which the number is known. */
function meanOf(valueOf: (run: GroupRun) => number | null): StatisticOf {
  return ratioOf((run) => {
    const value = valueOf(run);
    return value === null ? null : [value, 1];
  });
}

/** As core/quantile.ts, without sorting the drawn runs each time. */
function durationQuantileOf(q: number): StatisticOf {
  return (runs) => {
    const sorted = runs
      .flatMap(({ durationMs }, run) => (durationMs === null ? [] : [{ durationMs, run }]))
      .toSorted((a, b) => a.durationMs - b.durationMs);
    return (times) => {
      const drawn = sorted.reduce((sum, { run }) => sum + (times[run] as number), 0);
      if (drawn === 0) return null;
      const position = q * (drawn - 1);
      const below = Math.floor(position);
      let passed = 0;
      let low: number | undefined;
      for (const { durationMs, run } of sorted) {
        passed += times[run] as number;
        if (passed > below) low ??= durationMs;
        if (low !== undefined && passed > Math.ceil(position))
          return low + (durationMs - low) * (position - below);
      }
      return null;
    };
  };
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32): a page shows the same interval whenever it is opened. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
