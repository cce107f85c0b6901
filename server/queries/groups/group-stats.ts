// Statistics of a group of runs, and how sure the difference between two groups is. A share has the interval that is known of
// shares. Any other number has one from a bootstrap: the runs of its group are drawn again with replacement, many times, and
// the middle 95 % of what comes out is what chance alone leaves open (Efron 1979, percentile method). Of a large group a part
// is drawn from; how far its draws lie apart is narrowed by the root of that part, as that of a mean is.

import {
  differenceInterval,
  fewRunsFactor,
  shareInterval,
  type ConfidenceInterval,
  type UnsureNumber,
} from './group-interval.ts';

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

/** Fewer runs say nothing about chance. */
export const FEWEST_RUNS = 5;
/** The p95 of fewer is one of their two longest: how long such a run can get is not known from them. */
const FEWEST_RUNS_P95 = 40;

/** How often each run of a group was drawn. */
type Draw = Uint16Array;

export type StatisticOf = (runs: readonly GroupRun[]) => StatisticOfRuns;

export interface StatisticOfRuns {
  /** A number of the drawn runs of a group; null where there is nothing to know it from. */
  (times: Draw): number | null;
  /** Runs that have what it is from. */
  readonly known: number;
  /** Fewer say nothing about chance. */
  readonly fewest: number;
  /** From 0 to 1: a part of the runs. */
  readonly isShare: boolean;
}

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
  success_rate: shareOf(({ isOk }) => (isOk ? 1 : 0)),
  cost_per_run: meanOf((run) => run.costNanoUsd),
  cost_per_success: ratioOf((run) => [run.costNanoUsd ?? 0, run.isOk ? 1 : 0]),
  duration_p50: durationQuantileOf(0.5, FEWEST_RUNS),
  duration_p95: durationQuantileOf(0.95, FEWEST_RUNS_P95),
  turns_per_run: meanOf((run) => run.turns),
  tool_calls_per_run: meanOf((run) => run.toolCalls),
  tokens_in_per_run: meanOf((run) => run.tokensIn),
  tokens_out_per_run: meanOf((run) => run.tokensOut),
};

/** The statistics of one score: each run counts once, however many scores of the name it has. */
export const SCORE_STATISTICS: Readonly<Record<ScoreStatistic, (name: string) => StatisticOf>> = {
  score_mean: (name) => meanOf(({ scores }) => scores.get(name)?.value ?? null),
  score_share: (name) => shareOf(({ scores }) => scores.get(name)?.good ?? null),
  cost_per_good_run: (name) =>
    ratioOf(({ scores, totalCostNanoUsd }) => {
      const share = scores.get(name)?.good ?? null;
      return share === null || totalCostNanoUsd === null ? null : [totalCostNanoUsd, share];
    }),
};

export type ScoreStatistic = 'score_mean' | 'score_share' | 'cost_per_good_run';

const DRAWS = 200;
/** More runs of a group are not drawn from. */
export const DRAWN_FROM = 1000;
const MIDDLE = 0.95;
const SEED = 20_261_130;

/** A number of a whole group, of which a part may be drawn from. */
export interface WholeNumber {
  readonly value: number | null;
  /** Runs that it is from. */
  readonly runs: number;
}

/**
 * The interval of the difference b − a for each statistic; null where a group has too few runs for one.
 * `sizes` are the runs of the whole groups, of which those given may be a part; `wholes` their numbers, where they are.
 */
export function differenceIntervals<Name extends string>(
  a: readonly GroupRun[],
  b: readonly GroupRun[],
  sizes: { readonly a: number; readonly b: number },
  statistics: Readonly<Record<Name, StatisticOf>>,
  wholes?: Readonly<Record<Name, { readonly a: WholeNumber; readonly b: WholeNumber }>>,
): Readonly<Record<Name, ConfidenceInterval | null>> {
  const names = Object.keys(statistics) as Name[];
  const random = randomFrom(SEED);
  const sideOf = (side: 'a' | 'b', runs: readonly GroupRun[]): readonly (UnsureNumber | null)[] =>
    unsureNumbers(
      runs,
      names.map((name) => ({ ofRuns: statistics[name](runs), whole: wholes?.[name][side] })),
      sizes[side],
      random,
    );
  const [ofA, ofB] = [sideOf('a', a), sideOf('b', b)];
  return Object.fromEntries(
    names.map((name, index) => {
      const [one, other] = [ofA[index], ofB[index]];
      return [name, one && other ? differenceInterval(one, other) : null];
    }),
  ) as Record<Name, ConfidenceInterval | null>;
}

interface AskedNumber {
  readonly ofRuns: StatisticOfRuns;
  readonly whole: WholeNumber | undefined;
}

function unsureNumbers(
  runs: readonly GroupRun[],
  asked: readonly AskedNumber[],
  size: number,
  random: () => number,
): readonly (UnsureNumber | null)[] {
  const times = new Uint16Array(runs.length);
  const drawn = asked.map(({ ofRuns }) => ({ ofRuns, values: [] as number[] }));
  const varied = drawn.filter(({ ofRuns }) => !ofRuns.isShare && ofRuns.known >= ofRuns.fewest);
  for (let draw = 0; draw < DRAWS && varied.length > 0; draw++) {
    drawAgain(times, random);
    for (const { ofRuns, values } of varied) {
      const value = ofRuns(times);
      if (value !== null) values.push(value);
    }
  }
  // The group as it is: each run once.
  times.fill(1);
  const narrowing = Math.sqrt(runs.length / Math.max(1, size));
  return asked.map(({ ofRuns, whole }, index) => {
    const ofDrawn = ofRuns(times);
    const value = whole === undefined ? ofDrawn : whole.value;
    if (value === null) return null;
    if (ofRuns.isShare) {
      const known = whole?.runs ?? ofRuns.known;
      return known < ofRuns.fewest ? null : { value, ...shareInterval(value, known) };
    }
    const values = (drawn[index]?.values ?? []).toSorted((x, y) => x - y);
    if (ofDrawn === null || values.length < DRAWS * MIDDLE) return null;
    // Around the number of the whole group, whatever that of the drawn part is.
    const scale = narrowing * fewRunsFactor(ofRuns.known);
    const edge = (1 - MIDDLE) / 2;
    return {
      value,
      low: value + (quantileBetween(values, edge) - ofDrawn) * scale,
      high: value + (quantileBetween(values, 1 - edge) - ofDrawn) * scale,
    };
  });
}

/** Of sorted draws, so that as many of further ones would lie below it. */
function quantileBetween(sorted: readonly number[], q: number): number {
  const position = Math.min(sorted.length - 1, Math.max(0, q * (sorted.length + 1) - 1));
  const below = sorted[Math.floor(position)] as number;
  const above = sorted[Math.ceil(position)] as number;
  return below + (above - below) * (position - Math.floor(position));
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
  fewest: number = FEWEST_RUNS,
): { readonly a: number; readonly b: number } | null {
  if (runs.a < fewest || runs.b < fewest)
    return { a: Math.max(0, fewest - runs.a), b: Math.max(0, fewest - runs.b) };
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
function ratioOf(partsOf: (run: GroupRun) => readonly [number, number] | null, isShare = false): StatisticOf {
  return (runs) => {
    const parts = runs.map((run) => partsOf(run));
    const above = Float64Array.from(parts, (part) => part?.[0] ?? 0);
    const below = Float64Array.from(parts, (part) => part?.[1] ?? 0);
    const ofDraw = (times: Draw): number | null => {
      let [sum, by] = [0, 0];
      for (let run = 0; run < times.length; run++) {
        const count = times[run] as number;
        sum += count * (above[run] as number);
        by += count * (below[run] as number);
      }
      return by === 0 ? null : sum / by;
    };
    const known = parts.filter((part) => part !== null).length;
    return Object.assign(ofDraw, { known, fewest: FEWEST_RUNS, isShare });
  };
}

/** Over the runs of which the number is known. */
function meanOf(valueOf: (run: GroupRun) => number | null, isShare = false): StatisticOf {
  return ratioOf((run) => {
    const value = valueOf(run);
    return value === null ? null : [value, 1];
  }, isShare);
}

/** A mean of what is from 0 to 1. */
function shareOf(valueOf: (run: GroupRun) => number | null): StatisticOf {
  return meanOf(valueOf, true);
}

/** As core/quantile.ts, without sorting the drawn runs each time. */
function durationQuantileOf(q: number, fewest: number): StatisticOf {
  return (runs) => {
    const sorted = runs
      .flatMap(({ durationMs }, run) => (durationMs === null ? [] : [{ durationMs, run }]))
      .toSorted((a, b) => a.durationMs - b.durationMs);
    const ofDraw = (times: Draw): number | null => {
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
    return Object.assign(ofDraw, { known: sorted.length, fewest, isShare: false });
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
