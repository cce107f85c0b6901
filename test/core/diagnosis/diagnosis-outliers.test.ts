// Outliers: which single runs are named without statistics, and which are not.

import { describe, expect, it } from '@jest/globals';
import { diagnose } from '../../../core/diagnosis/diagnose.ts';
import { findOutliers } from '../../../core/diagnosis/outliers.ts';
import { costsOfRuns, type RunCosts } from '../../../core/diagnosis/run-costs.ts';
import type { EventRecord } from '../../../core/event.ts';
import { expectExact } from './exact-diagnosis.ts';
import { call } from './plain-events.ts';

/** Runs by their costs; those of one time have the same prefix. */
function runsOf(prefix: string, ...costs: readonly number[]): RunCosts {
  return costsOf(costs.map((cost, index) => [`${prefix}${index}`, cost]));
}

function costsOf(entries: readonly (readonly [runId: string, costNanoUsd: number])[]): RunCosts {
  const sorted = entries.toSorted((a, b) => b[1] - a[1]);
  return {
    runs: entries.length,
    costNanoUsd: entries.reduce((sum, [, cost]) => sum + cost, 0),
    medianNanoUsd: sorted[Math.floor(sorted.length / 2)]?.[1],
    mostExpensive: sorted.map(([runId, costNanoUsd]) => ({
      runId,
      user: '',
      calls: 1,
      costNanoUsd,
      firstMs: 0,
    })),
  };
}

const found = (before: RunCosts, now: RunCosts, scale = 1): (readonly [string, number])[] =>
  findOutliers(before, now, scale).map(({ runId, nanoUsd }) => [runId, nanoUsd]);

const usual = (count: number): number[] => Array.from({ length: count }, () => 10);

describe('an outlier', () => {
  it('is one run that makes the difference, however few runs there are', () => {
    for (const count of [1, 5, 100])
      expect(found(runsOf('b', ...usual(count)), runsOf('n', ...usual(count), 6_000))).toEqual([
        [`n${count}`, 6_000],
      ]);
    expect(found(runsOf('b', ...usual(5)), runsOf('n', 6_000))).toEqual([['n0', 6_000]]);
  });

  it('of the earlier time made that more expensive, by its scaled cost', () => {
    const before = runsOf('b', ...usual(70), 6_001);
    expect(found(before, runsOf('n', ...usual(10)), 1 / 7)).toEqual([['b70', -857]]);
  });

  it('makes a third of the difference, and a fiftieth of the more expensive time', () => {
    const before = runsOf('b', ...usual(100));
    const more = (others: number): RunCosts => runsOf('n', ...usual(100 + others), 1_000);
    expect(found(before, more(200))).toEqual([['n300', 1_000]]);
    expect(found(before, more(201))).toEqual([]);
    const large = runsOf('b', ...usual(5_000));
    expect(found(large, runsOf('n', ...usual(4_900), 1_010))).toEqual([['n4900', 1_010]]);
    expect(found(large, runsOf('n', ...usual(4_900), 990))).toEqual([]);
  });

  it('costs ten times what is usual in both times', () => {
    const before = runsOf('b', ...usual(20));
    expect(found(before, runsOf('n', ...usual(20), 100))).toEqual([['n20', 100]]);
    expect(found(before, runsOf('n', ...usual(20), 99))).toEqual([]);
    // All runs of the later time cost as much: that is what runs cost now.
    expect(found(before, runsOf('n', 900, 800))).toEqual([]);
    expect(found(before, runsOf('n', 900, 10))).toEqual([['n0', 900]]);
  });

  it('has nothing like it in the other time, which may be longer', () => {
    const quiet = usual(60);
    const now = runsOf('n', ...usual(20), 1_000);
    expect(found(runsOf('b', ...quiet, 249), now, 1 / 3)).toEqual([['n20', 1_000]]);
    expect(found(runsOf('b', ...quiet, 250), now, 1 / 3)).toEqual([['n20', 1_000]]);
    expect(found(runsOf('b', ...quiet, 250, 250), now, 1 / 3)).toEqual([]);
    expect(found(runsOf('b', ...usual(20), 249), now)).toEqual([['n20', 1_000]]);
    expect(found(runsOf('b', ...usual(20), 250), now)).toEqual([]);
  });

  it('is none where the other time has more expensive runs than are known', () => {
    const before = { ...runsOf('b', 700, 600), runs: 200, costNanoUsd: 3_300, medianNanoUsd: 10 };
    const now = runsOf('n', ...usual(20), 2_000);
    expect(found({ ...before, runs: 2 }, now, 1 / 168)).toEqual([['n20', 2_000]]);
    expect(found(before, now, 1 / 168)).toEqual([]);
  });

  it('that lasted through both times is one, by what it cost more in one of them', () => {
    const now = costsOf([...usual(9).map((cost, n) => [`n${n}`, cost] as const), ['long', 4_000]]);
    const before = costsOf([...usual(9).map((cost, n) => [`b${n}`, cost] as const), ['long', 1_500]]);
    expect(found(before, now)).toEqual([['long', 2_500]]);
    expect(found(now, before)).toEqual([['long', -2_500]]);
  });

  it('is one of up to three: more are what runs cost', () => {
    const before = runsOf('b', ...usual(400));
    expect(found(before, runsOf('n', ...usual(20), 2_000, 2_000, 2_000))).toHaveLength(3);
    expect(found(before, runsOf('n', ...usual(20), 2_000, 2_000, 2_000, 2_000))).toEqual([]);
  });
});

describe('the costs of runs', () => {
  it('are sums over their calls, most expensive first, with the user and the first call of each', () => {
    const facts = [
      { runId: 'a', user: 'u', costNanoUsd: 5, endMs: 9 },
      { runId: 'b', user: '', costNanoUsd: 8, endMs: 7 },
      { runId: 'a', user: 'v', costNanoUsd: 6, endMs: 3 },
    ];
    expect(costsOfRuns(facts as unknown as Parameters<typeof costsOfRuns>[0])).toEqual({
      runs: 2,
      costNanoUsd: 19,
      medianNanoUsd: 8,
      mostExpensive: [
        { runId: 'a', user: 'u', calls: 2, costNanoUsd: 11, firstMs: 3 },
        { runId: 'b', user: '', calls: 1, costNanoUsd: 8, firstMs: 7 },
      ],
    });
    expect(costsOfRuns([])).toMatchObject({ runs: 0, medianNanoUsd: undefined, mostExpensive: [] });
  });
});

/** Runs of four calls at a tenth of a cent each, of users in turn. */
function usualRuns(prefix: string, runs: number, fromMs: number): EventRecord[] {
  return Array.from({ length: runs }, (_, run) =>
    runOf(`${prefix}${run}`, `user-${run % 4}`, fromMs, 1e6),
  ).flat();
}

function runOf(runId: string, user: string, fromMs: number, callNanoUsd: number, calls = 4): EventRecord[] {
  return Array.from({ length: calls }, (_, index) =>
    call({
      timestamp: fromMs + index * 10_000,
      'agent.run_id': runId,
      'user.id': user,
      'agent.step_number': index + 1,
      tokens_input: Math.round(callNanoUsd / 1_000),
      cost_nano_usd: callNanoUsd + index,
      cost_input_nano_usd: callNanoUsd + index,
    }),
  );
}

const HOUR_MS = 3_600_000;

describe('a diagnosis', () => {
  const before = usualRuns('b', 5, 0);

  it('names a runaway run among few, with its run, its user and its share', () => {
    const runaway = runOf('run-away-0123', 'user-runaway', HOUR_MS, 1.5e9, 40);
    const diagnosis = diagnose([...usualRuns('n', 5, HOUR_MS), ...runaway], before);
    expectExact(diagnosis);
    const costNanoUsd = 60e9 + (39 * 40) / 2;
    expect(diagnosis).toMatchObject({ runs: 6, againstRuns: 5, runsLookedAt: 6, unexplainedNanoUsd: 0 });
    expect(diagnosis.parts).toEqual([{ part: 'outlier_run', detail: 'run-away-0123', nanoUsd: costNanoUsd }]);
    expect(diagnosis.causes).toMatchObject([
      {
        kind: 'outlier_run',
        subject: 'run-away-0123',
        nanoUsd: costNanoUsd,
        title: 'one run of user-runaway cost 15,000 × the median run',
        evidence: [
          'it cost $60.00, 100.0 % of the difference; the median run costs $0.0040',
          'run run-away, 40 calls since 1970-01-01T01:00:00.000Z',
        ],
        runIds: ['run-away-0123'],
        isEstimated: false,
      },
    ]);
    expect(diagnosis.causes[0]?.evidenceLines[1]).toEqual([
      'run ',
      { runId: 'run-away-0123' },
      ', 40 calls since ',
      { atMs: HOUR_MS },
    ]);
  });

  it('names it where nobody is named and nothing else ran, and the other way round', () => {
    const runaway = runOf('run-away-0123', '', HOUR_MS, 1.5e9, 40);
    const later = diagnose(runaway, before);
    expectExact(later);
    expect(later.causes[0]?.title).toBe('one run cost 15,000 × the median run');
    const earlier = diagnose(usualRuns('n', 5, 2 * HOUR_MS), [...before, ...runaway], { scale: 0.5 });
    expectExact(earlier);
    expect(earlier.causes[0]).toMatchObject({
      kind: 'outlier_run',
      nanoUsd: -(30e9 + 390),
      title: 'one run in the earlier time cost 15,000 × the median run',
      runIds: ['run-away-0123'],
    });
    expect(earlier.causes[0]?.evidence[0]).toMatch(/^it cost \$60\.00, \d+\.\d % of the difference/);
  });

  it('tells what a run that lasted through both times cost in each', () => {
    const [one, two] = [runOf('long', 'u', 0, 2e9), runOf('long', 'u', HOUR_MS, 9e9)];
    const diagnosis = diagnose([...usualRuns('n', 5, HOUR_MS), ...two], [...before, ...one]);
    expectExact(diagnosis);
    expect(diagnosis.causes.map(({ nanoUsd }) => nanoUsd)).toEqual([28e9]);
    expect(diagnosis.causes[0]?.evidence[0]).toMatch(
      /^it cost \$8\.00 in the earlier time, \$36\.00 in this one, 100\.0 % of the difference/,
    );
  });

  it('names the user where several runs of one make the difference, though they make runs differ by as much', () => {
    const runs = [4.75e9, 4.75e9, 2.75e9, 2.75e9].map((callNanoUsd, run) =>
      runOf(`r${run}`, 'user-runaway', HOUR_MS, callNanoUsd),
    );
    const diagnosis = diagnose([...usualRuns('n', 4, HOUR_MS), ...runs.flat()], usualRuns('b', 9, 0));
    expectExact(diagnosis);
    expect(diagnosis.causes).toMatchObject([
      {
        kind: 'user_dominates',
        subject: 'user-runaway',
        title: 'user user-runaway: 100.0 % of the cost, was 0.0 %',
        evidence: ['runs of the user: 0 → 4'],
      },
    ]);
    expect(diagnosis.causes[0]?.nanoUsd).toBeGreaterThan(diagnosis.differenceNanoUsd * 0.99);
  });

  it('counts what is left of the rest with the main cause of the rest', () => {
    const longer = (count: number, fromMs: number): EventRecord[] =>
      Array.from({ length: count }, (_, run) => runOf(`long${run}`, 'user-0', fromMs, 1e6, 5)).flat();
    const earlier = [...usualRuns('b', 40, 0), ...longer(1, 0)];
    const now = [...usualRuns('n', 120, HOUR_MS), ...longer(6, HOUR_MS)];
    const alone = diagnose(now, earlier);
    expect(alone.causes.map(({ kind }) => kind)).toEqual(['more_runs']);
    expect(alone.unexplainedNanoUsd).toBe(0);
    const runaway = runOf('run-away-0123', 'user-runaway', HOUR_MS, 1e8, 4);
    const both = diagnose([...now, ...runaway], earlier);
    expectExact(both);
    expect(both.causes.map(({ kind }) => kind)).toEqual(['outlier_run', 'more_runs']);
    expect(both.unexplainedNanoUsd).toBe(0);
  });

  it('compares the rest as if the run had not been', () => {
    const many = usualRuns('b', 40, 0);
    const costlier = usualRuns('n', 40, HOUR_MS).map((event) => ({
      ...event,
      'gen_ai.response.model': 'expensive',
      cost_nano_usd: (event.cost_nano_usd ?? 0) * 100,
      cost_input_nano_usd: (event.cost_input_nano_usd ?? 0) * 100,
    }));
    const runaway = runOf('run-away-0123', 'user-runaway', HOUR_MS, 1.5e9, 40);
    const diagnosis = diagnose([...costlier, ...runaway], many);
    expectExact(diagnosis);
    expect(diagnosis.causes.map(({ kind, subject }) => [kind, subject])).toEqual([
      ['outlier_run', 'run-away-0123'],
      ['model_changed', 'expensive'],
    ]);
    expect(diagnosis.unexplainedNanoUsd).toBe(0);
  });

  it('has none where there is nothing to compare with', () => {
    expect(diagnose(runOf('r', 'u', 0, 1e9), [])).toMatchObject({ causes: [] });
  });
});
