// Versions carry scores: two prompt versions of an agent, which nobody named, compared in quality, money and time.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EventRecord } from '../../core/event.ts';
import {
  differenceIntervals,
  runsMissing,
  SCORE_STATISTICS,
  type GroupRun,
} from '../../server/queries/groups/group-stats.ts';
import type { GroupDifference, GroupsReport, VersionsReport } from '../../server/source.ts';
import { runCommand } from '../cli/run-command.ts';
import { getJson, sendEvents, startTestServer, type TestServer } from '../server/harness.ts';

const NOW = Date.now();
const RUNS = 40;
let server: TestServer;

/** A run under a system prompt, scored; of version `a` every second is good, of `b` nine in ten. */
function scoredRun(version: 'a' | 'b', index: number): EventRecord[] {
  const id = `${version}${index.toString(16).padStart(31, '0')}`;
  const at = NOW - 3_600_000 + index * 1000 + (version === 'b' ? 1_000_000 : 0);
  const isGood = version === 'a' ? index % 2 === 0 : index % 10 !== 0;
  const base = {
    trace_id: id,
    'service.name': 'shop',
    'agent.run_id': id,
    'gen_ai.agent.name': 'support',
  } as const;
  const costNanoUsd = version === 'a' ? 1_000_000 : 1_500_000;
  return [
    { ...base, timestamp: at, span_id: id.slice(16), 'event.name': 'agent.run.started' },
    {
      ...base,
      timestamp: at + 100,
      span_id: `c${id.slice(17)}`,
      'event.name': 'agent.model_call',
      'tallyspan.prefix.system': version.repeat(16),
      'tallyspan.prefix.tools': `${'7'.repeat(16)}.${'8'.repeat(16)}`,
      cost_nano_usd: costNanoUsd,
    },
    {
      ...base,
      timestamp: at + 200,
      span_id: id.slice(16),
      'event.name': 'agent.run',
      'agent.status': 'ok',
      'agent.cost_nano_usd': costNanoUsd,
      'agent.turns': version === 'a' ? 3 : 4,
      'agent.tool_calls': 1,
      duration_ms: 1000 + index,
    },
    {
      ...base,
      timestamp: at + 300,
      span_id: `d${id.slice(17)}`,
      'event.name': 'agent.score',
      'tallyspan.key': `helpful/${id}`,
      'gen_ai.evaluation.name': 'helpful',
      score_passed: isGood,
      score_millionths: isGood ? 1_000_000 : 0,
    },
    // Eight runs have it, and of two it is a number.
    ...(index < 8
      ? [
          {
            ...base,
            timestamp: at + 500,
            span_id: `f${id.slice(17)}`,
            'event.name': 'agent.score' as const,
            'tallyspan.key': `kind/${id}`,
            'gen_ai.evaluation.name': 'kind',
            ...(index < 2 ? { score_millionths: 500_000 } : { 'gen_ai.evaluation.score.label': 'odd' }),
          },
        ]
      : []),
    ...(index < 3
      ? [
          {
            ...base,
            timestamp: at + 400,
            span_id: `e${id.slice(17)}`,
            'event.name': 'agent.score' as const,
            'tallyspan.key': `tone/${id}`,
            'gen_ai.evaluation.name': 'tone',
            score_millionths: 250_000 * (index + 1),
          },
        ]
      : []),
  ];
}

beforeAll(async () => {
  server = await startTestServer();
  const runs = (['a', 'b'] as const).flatMap((version) =>
    Array.from({ length: RUNS }, (_, index) => scoredRun(version, index)).flat(),
  );
  await sendEvents(server, runs);
});
afterAll(() => server.remove());

const numberOf = (report: GroupsReport, id: string): GroupDifference | undefined =>
  report.numbers.find((number) => number.id === id);

describe('two prompt versions', () => {
  it('are listed with the scores of their runs', async () => {
    const { versions } = await getJson<VersionsReport>(server, '/api/versions?agent=support');
    expect(versions).toMatchObject([
      {
        version: 'v1',
        id: 'aaaaaaaa-77777777',
        changed: 'first',
        runs: RUNS,
        scores: [
          { score: 'helpful', runs: RUNS, share: 0.5, cost_per_good_run_nano_usd: 2_000_000 },
          { score: 'kind', runs: 8, mean: 0.5 },
          { score: 'tone', runs: 3, mean: 0.5, share: null },
        ],
      },
      { version: 'v2', changed: 'system prompt', scores: [{ share: 0.9 }, { runs: 8 }, { runs: 3 }] },
    ]);
  });

  it('are compared in quality, cost of a good run, time and turns, with intervals', async () => {
    const query = 'a=agent:support+prompt:v1&b=agent:support+prompt:v2';
    const report = await getJson<GroupsReport>(server, `/api/compare/groups?${query}`);
    expect(report.a).toMatchObject({ group: 'agent:support prompt:v1', runs: RUNS });
    expect(numberOf(report, 'score_share/helpful')).toMatchObject({
      a: 0.5,
      b: 0.9,
      runs_a: RUNS,
      verdict: 'better',
      more_runs_a: 0,
    });
    expect(numberOf(report, 'cost_per_good_run/helpful')?.a).toBeCloseTo(2_000_000, 6);
    expect(numberOf(report, 'cost_per_good_run/helpful')?.b).toBeCloseTo(1_500_000 / 0.9, 6);
    expect(numberOf(report, 'cost_per_run')).toMatchObject({ verdict: 'worse', difference: 500_000 });
    expect(numberOf(report, 'turns_per_run')).toMatchObject({ a: 3, b: 4, verdict: 'more' });
    expect(numberOf(report, 'duration_p95')).toMatchObject({ difference: 0, more_runs_a: null });
    // Three runs of each have it: two more of each before anything can be said.
    expect(numberOf(report, 'score_mean/tone')).toMatchObject({
      a: 0.5,
      low: null,
      verdict: 'too_few_runs',
      more_runs_a: 2,
      more_runs_b: 2,
    });
  });

  it('count the runs that each number is from', async () => {
    const query = 'a=agent:support+prompt:v1&b=agent:support+prompt:v2';
    const report = await getJson<GroupsReport>(server, `/api/compare/groups?${query}`);
    // Two numbers among eight runs with a score of the name.
    expect(numberOf(report, 'score_mean/kind')).toMatchObject({
      runs_a: 2,
      verdict: 'too_few_runs',
      more_runs_a: 3,
    });
  });

  it('have no cost per successful run where nothing has a price', async () => {
    const runs = Array.from({ length: 6 }, (_, index): EventRecord => {
      const id = `${'c'.repeat(30)}0${index}`;
      return {
        timestamp: NOW - 60_000 + index,
        trace_id: id,
        span_id: id.slice(16),
        'service.name': 'shop',
        'agent.run_id': id,
        'gen_ai.agent.name': 'unpriced',
        'event.name': 'agent.run',
        'agent.status': 'ok',
      };
    });
    await sendEvents(server, runs);
    const report = await getJson<GroupsReport>(
      server,
      '/api/compare/groups?a=agent:support&b=agent:unpriced',
    );
    expect(numberOf(report, 'cost_per_success')).toMatchObject({ b: null, difference: null, runs_b: 0 });
    expect(numberOf(report, 'success_rate')).toMatchObject({
      a: 1,
      b: 1,
      runs_b: 6,
      verdict: 'may_be_chance',
    });
  });

  it('are on the page and in the terminal', async () => {
    const page = await fetch(
      `${server.uiUrl}/compare/groups?a=agent:support+prompt:v1&b=agent:support+prompt:v2`,
      { headers: { accept: 'text/html' } },
    );
    const html = await page.text();
    expect(html).toContain('Share of good, helpful');
    expect(html).toContain('Cost per good run, helpful');
    expect(html).toContain('too few runs to say; about 2 more runs of each would decide');
    const agent = await fetch(`${server.uiUrl}/agents/support`, { headers: { accept: 'text/html' } });
    expect(await agent.text()).toContain('helpful 90.0 % good of 40 runs');
    const compared = await runCommand(['compare', 'v1', 'v2', '--agent', 'support', '--url', server.uiUrl]);
    expect(compared.stdout).toMatch(/Share of good, helpful +50\.0 % +90\.0 % +\+40\.0 points .+better/);
    const versions = await runCommand(['versions', 'support', '--url', server.uiUrl]);
    expect(versions.stdout).toMatch(/v2 .+ system prompt .+ 40 .+helpful 90\.0 % good of 40 runs/);
  });

  it.each([
    [
      'a=agent:support+prompt:v1&b=agent:support+prompt:v9',
      404,
      'support has no prompt version v9; it has v1, v2',
    ],
    ['a=prompt:v1&b=agent:support', 400, 'prompt:v1 is a version of an agent'],
    ['a=agent:support', 400, 'name two groups'],
  ])('that are not there are named: %s', async (query, status, error) => {
    const answer = await fetch(`${server.uiUrl}/api/compare/groups?${query}`);
    expect(answer.status).toBe(status);
    expect(await answer.text()).toContain(error);
  });

  it('that are not there are named by the command, too', async () => {
    const asked = ['compare', 'v1', 'v9', '--agent', 'support', '--url', server.uiUrl];
    const { exitCode, stderr } = await runCommand(asked);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('support has no prompt version v9; it has v1, v2');
  });
});

function group(good: number, runs: number): GroupRun[] {
  return Array.from({ length: runs }, (_, index) => ({
    costNanoUsd: 1,
    durationMs: 1,
    isOk: true,
    turns: 1,
    toolCalls: 0,
    tokensIn: 0,
    tokensOut: 0,
    totalCostNanoUsd: 1,
    scores: new Map([['x', { value: null, good: index < good ? 1 : 0 }]]),
  }));
}

describe('the runs that a verdict still needs', () => {
  it('are enough when they are there', () => {
    // 60 against 75 of 100: an interval that holds nothing by a little.
    const statistic = { x: SCORE_STATISTICS.score_share('x') };
    const few = [group(12, 20), group(15, 20)] as const;
    const interval = differenceIntervals(few[0], few[1], { a: 20, b: 20 }, statistic).x;
    const missing = runsMissing({ a: 20, b: 20 }, 0.15, interval);
    expect(missing?.a).toBe(missing?.b);
    // The usual sample size for 60 % against 75 % with a power of 80 %: 152 of each.
    expect((missing?.a ?? 0) + 20).toBeGreaterThan(110);
    expect((missing?.a ?? 0) + 20).toBeLessThan(210);
    const times = Math.ceil(((missing?.a ?? 0) + 20) / 20);
    const many = [group(12 * times, 20 * times), group(15 * times, 20 * times)] as const;
    const sizes = { a: 20 * times, b: 20 * times };
    const decided = differenceIntervals(many[0], many[1], sizes, statistic).x;
    expect(decided?.low).toBeGreaterThan(0);
    expect(runsMissing(sizes, 0.15, decided)).toEqual({ a: 0, b: 0 });
  });

  it('are not known where there is no difference, and some where there are hardly runs', () => {
    expect(runsMissing({ a: 20, b: 20 }, 0, { low: -0.1, high: 0.1 })).toBeNull();
    expect(runsMissing({ a: 2, b: 9 }, 0.5, null)).toEqual({ a: 3, b: 0 });
  });
});
