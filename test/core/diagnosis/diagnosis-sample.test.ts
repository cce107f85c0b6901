// A sample: the most expensive runs stand for themselves, the others for those that were not looked at, and all totals are exact.

import { describe, expect, it } from '@jest/globals';
import { diagnose, type Diagnosis } from '../../../core/diagnosis/diagnose.ts';
import {
  chanceOfRunCosts,
  chanceOfRunMix,
  measurePeriod,
  shareOf,
} from '../../../core/diagnosis/measures.ts';
import { readPeriod } from '../../../core/diagnosis/period.ts';
import { costsOfRuns } from '../../../core/diagnosis/run-costs.ts';
import { restOf, type Sample } from '../../../core/diagnosis/sample.ts';
import type { EventRecord } from '../../../core/event.ts';
import { expectExact } from './exact-diagnosis.ts';
import { call, tool } from './plain-events.ts';

interface RunSpec {
  readonly id: string;
  readonly user?: string;
  readonly callNanoUsd?: number;
  readonly calls?: number;
}

/** A run whose calls cost alike, each followed by a tool call that fails. */
function runOf({ id, user = 'u', callNanoUsd = 1_000, calls = 3 }: RunSpec): EventRecord[] {
  return Array.from({ length: calls }, (_, index) => [
    call({
      timestamp: index * 10,
      'agent.run_id': id,
      'user.id': user,
      'agent.step_number': index + 1,
      tokens_input: callNanoUsd,
      tokens_output: 0,
      cost_nano_usd: callNanoUsd,
      cost_input_nano_usd: callNanoUsd,
    }),
    tool({ timestamp: index * 10 + 5, 'agent.run_id': id, 'agent.step_number': index + 1, 'tool.ok': false }),
  ]).flat();
}

const runsOf = (prefix: string, count: number, spec: Omit<RunSpec, 'id'> = {}): RunSpec[] =>
  Array.from({ length: count }, (_, index) => ({ ...spec, id: `${prefix}${index}` }));

const eventsOf = (runs: readonly RunSpec[]): EventRecord[] => runs.flatMap(runOf);

/** Every nth of the runs, and those that cost more. */
function sampleOf(runs: readonly RunSpec[], nth: number): { events: EventRecord[]; sample: Sample } {
  const whole = runs.filter(({ callNanoUsd }) => callNanoUsd !== undefined);
  const others = runs.filter(({ callNanoUsd }) => callNanoUsd === undefined);
  return {
    events: eventsOf([...whole, ...others.filter((_, index) => index % nth === 0)]),
    sample: {
      runCosts: costsOfRuns(readPeriod(eventsOf(runs)).calls),
      wholeRunIds: new Set(whole.map(({ id }) => id)),
    },
  };
}

function diagnoseSample(
  now: readonly RunSpec[],
  before: readonly RunSpec[],
  nth: number,
  scale = 1,
): Diagnosis {
  const [later, earlier] = [sampleOf(now, nth), sampleOf(before, nth)];
  return diagnose(later.events, earlier.events, {
    scale,
    samples: { now: later.sample, before: earlier.sample },
  });
}

describe('a sample of runs that are all alike', () => {
  const before = [...runsOf('b', 400), ...runsOf('expensive', 3, { callNanoUsd: 4_000 })];
  const now = [...runsOf('n', 1_200), ...runsOf('more expensive', 5, { callNanoUsd: 5_000, user: 'v' })];

  it.each([1, 7, 40])('says what all of them say: every %i. run', (nth) => {
    const whole = diagnose(eventsOf(now), eventsOf(before));
    const sampled = diagnoseSample(now, before, nth);
    expectExact(sampled);
    expect(sampled).toMatchObject({
      costNanoUsd: whole.costNanoUsd,
      againstNanoUsd: whole.againstNanoUsd,
      differenceNanoUsd: whole.differenceNanoUsd,
      runs: 1_205,
      againstRuns: 403,
      runsLookedAt: Math.ceil(1_200 / nth) + 5,
      againstRunsLookedAt: Math.ceil(400 / nth) + 3,
    });
    // The weights are fractions: each part is right to a nano-dollar a term.
    expect(sampled.parts.map(({ part }) => part)).toEqual(whole.parts.map(({ part }) => part));
    for (const [index, { nanoUsd }] of sampled.parts.entries())
      expect(Math.abs(nanoUsd - (whole.parts[index]?.nanoUsd ?? 0))).toBeLessThanOrEqual(2);
    expect(whole.causes.map(({ kind }) => kind)).toEqual(['more_runs']);
    expect(sampled.causes).toMatchObject([{ kind: 'more_runs', evidence: ['runs: 403 → 1,205'] }]);
    expect(sampled.causes[0]?.isEstimated).toBe(true);
    expect(whole.causes[0]?.isEstimated).toBe(false);
  });
});

describe('a run that is set aside', () => {
  const before = runsOf('b', 400);
  const runaway = { id: 'runaway', user: 'x', callNanoUsd: 1e9, calls: 40 };

  it.each([true, false])('counts once, looked at or not: %p', (isLookedAt) => {
    const now = [...runsOf('n', 400), runaway];
    const { events, sample } = sampleOf(now, 20);
    const earlier = sampleOf(before, 20);
    const seen = isLookedAt ? events : events.filter((event) => event['agent.run_id'] !== 'runaway');
    const diagnosis = diagnose(seen, earlier.events, {
      samples: { now: isLookedAt ? sample : { ...sample, wholeRunIds: new Set() }, before: earlier.sample },
    });
    expectExact(diagnosis);
    expect(diagnosis).toMatchObject({ runs: 401, differenceNanoUsd: 40e9, unexplainedNanoUsd: 0 });
    expect(diagnosis.parts).toEqual([{ part: 'outlier_run', detail: 'runaway', nanoUsd: 40e9 }]);
    expect(diagnosis.causes).toMatchObject([
      { kind: 'outlier_run', isEstimated: false, runIds: ['runaway'] },
    ]);
  });
});

describe('what a sample misses', () => {
  it('is a part of its own', () => {
    // The odd runs, which are not looked at, cost more.
    const now = runsOf('n', 400).map((run, index) => (index % 2 === 0 ? run : { ...run, calls: 4 }));
    const diagnosis = diagnoseSample(now, runsOf('b', 400), 2);
    expectExact(diagnosis);
    expect(diagnosis.differenceNanoUsd).toBe(200_000);
    expect(diagnosis.parts).toEqual([{ part: 'other', detail: 'not in the sample', nanoUsd: 200_000 }]);
    expect(diagnosis).toMatchObject({ causes: [], unexplainedNanoUsd: 200_000 });
  });

  it('leaves nothing to compare where no run of a time was looked at', () => {
    const now = sampleOf(runsOf('n', 900), 2);
    const before = sampleOf(runsOf('b', 400), 2);
    const diagnosis = diagnose(now.events, [], { samples: { now: now.sample, before: before.sample } });
    expectExact(diagnosis);
    expect(diagnosis).toMatchObject({ causes: [], againstRuns: 400, againstRunsLookedAt: 0 });
  });
});

describe('the measures of a sample', () => {
  const runs = [...runsOf('r', 100), ...runsOf('expensive', 2, { callNanoUsd: 5_000, user: 'v', calls: 6 })];
  const { events, sample } = sampleOf(runs, 10);
  const all = measurePeriod(readPeriod(eventsOf(runs)));
  const some = measurePeriod(restOf(readPeriod(events), new Set(), sample));

  it('are those of all runs, where these are alike', () => {
    const { squaredWeights, callWeight, ...others } = some;
    expect(others).toEqual({
      ...all,
      squaredWeights: undefined,
      callWeight: undefined,
      runCostDeviation: expect.closeTo(all.runCostDeviation, 9),
    });
    // Ten runs that stand for ten each, and two for themselves.
    expect(squaredWeights).toBe(10 * 100 + 2);
    expect(callWeight).toBe((30 * 100 + 12) / 312);
    expect(all).toMatchObject({ squaredWeights: 102, callWeight: 1 });
  });

  it('leave more to chance', () => {
    const root = Math.sqrt((2 * 1_002) / (2 * 102));
    expect(chanceOfRunCosts(some, some, 1) / chanceOfRunCosts(all, all, 1)).toBeCloseTo(root, 9);
    expect(chanceOfRunMix(some, some, 1) / chanceOfRunMix(all, all, 1)).toBeCloseTo(root, 9);
    expect(shareOf(all, 50)).toEqual([50, 312]);
    const [part, whole] = shareOf(some, 50);
    expect(whole).toBeCloseTo(312 / (3_012 / 312), 9);
    expect(part / whole).toBeCloseTo(50 / 312, 9);
  });

  it('of how much runs differ are without the users who stand out', () => {
    const period = readPeriod(eventsOf(runs));
    expect(all.runCostDeviation).toBeGreaterThan(1_000);
    expect(measurePeriod(period, new Set(['v'])).runCostDeviation).toBe(0);
  });
});
