// The words of a cause, and the runs that show it best.

import { describe, expect, it } from '@jest/globals';
import type { FoundCause } from '../../../core/diagnosis/causes.ts';
import type { Measures } from '../../../core/diagnosis/measures.ts';
import { readPeriod, type Period, type PeriodCall } from '../../../core/diagnosis/period.ts';
import { findTellingRuns } from '../../../core/diagnosis/show-runs.ts';
import type { EventRecord } from '../../../core/event.ts';
import { textOfEvidence } from '../../../core/diagnosis/evidence.ts';
import { wordCause } from '../../../core/diagnosis/wording.ts';
import { type Case, comparisonOf, of, tools, CASES } from './cause-cases.ts';
import { pricedCall } from '../pricing/priced-calls.ts';

const reads = (tokensRead: number, tokensUncached: number): Partial<Measures> => ({
  tokensRead,
  tokensUncached,
});
const call = (runId: string, fields: Partial<PeriodCall>): PeriodCall => ({
  event: { timestamp: 1, 'event.name': 'agent.model_call' },
  startMs: 0,
  endMs: 1,
  runId,
  conversationId: runId,
  step: 1,
  model: 'm',
  usage: {
    input: 0,
    cacheRead: 0,
    cacheWrite5m: 0,
    cacheWrite1h: 0,
    output: 0,
    thinking: 0,
    webSearches: 0,
  },
  inputTokens: 0,
  buckets: { input: 0, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: 0, webSearch: 0 },
  costNanoUsd: 1,
  user: '',
  workload: '',
  kind: 'ordinary',
  position: 1,
  isLast: true,
  regime: 'plain',
  owners: new Map(),
  ...fields,
});

const periodOf = (...calls: PeriodCall[]): Period => ({
  ...readPeriod([]),
  calls: [call('idle', { costNanoUsd: 0 }), ...calls],
});

const buckets = (name: keyof PeriodCall['buckets'], nanoUsd: number): Partial<PeriodCall> => ({
  buckets: { ...call('', {}).buckets, [name]: nanoUsd },
});

const owned = (owner: string): Partial<PeriodCall> => ({ owners: new Map([[owner, [0, 1, 1, 1]]]) });

interface Words {
  readonly title: string;
  readonly evidence: readonly string[];
  readonly fix: string;
}

const textOf = (...asked: Parameters<typeof wordCause>): Words => {
  const { title, evidence, fix } = wordCause(...asked);
  return { title, evidence: evidence.map(textOfEvidence), fix };
};

const words = (cause: FoundCause, setting: Case = {}): Words =>
  textOf(cause, comparisonOf(setting), readPeriod([]));

const expiring = (run: string, written5m: number, atMs: number): EventRecord[] =>
  [0, atMs].map((at, index) =>
    pricedCall({ step: index + 1, atMs: at, written5m, fields: { 'agent.run_id': run } }),
  );

const titleOfMisses = (nanoUsd: number, setting: Case): string =>
  words({ kind: 'cache_tools_changed', nanoUsd }, setting).title;

describe('the runs that show a cause', () => {
  it.each<readonly [FoundCause['kind'], Partial<PeriodCall>, Partial<PeriodCall>]>([
    ['user_dominates', { user: 's' }, { user: 't', costNanoUsd: 9 }],
    ['model_changed', { model: 's' }, { model: 't', costNanoUsd: 9 }],
    ['tool_failing', { kind: 'after_failure' }, { costNanoUsd: 9 }],
    ['tool_failing', { kind: 'failed' }, { costNanoUsd: 9 }],
    ['compaction', { regime: 'compaction' }, { regime: 'cache:unknown', costNanoUsd: 9 }],
    ['output_grew', buckets('output', 1), buckets('input', 9)],
    ['web_search', buckets('webSearch', 1), buckets('input', 9)],
    ['ttl_changed', buckets('cacheWrite1h', 1), buckets('input', 9)],
    ['ttl_changed', buckets('cacheWrite5m', 1), buckets('cacheRead', 9)],
    ['caching_off', buckets('input', 1), buckets('cacheWrite5m', 9)],
    ['tool_results_grew', owned('s'), owned('t')],
    ['system_prompt_grew', owned('(system)'), owned('(user)')],
    ['tool_definitions_grew', owned('(tools)'), owned('(user)')],
    ['user_input_grew', owned('(user)'), owned('(tools)')],
    ['history_grew', owned('(history)'), owned('(user)')],
    ['input_grew', { inputTokens: 9 }, { costNanoUsd: 9 }],
    ['more_runs', { costNanoUsd: 1 }, { costNanoUsd: 0 }],
  ])('%s are those with %j, not those with %j', (kind, shows, doesNot) => {
    const cause = { kind, nanoUsd: 1, subject: 's' };
    expect(findTellingRuns(cause, periodOf(call('other', doesNot), call('own', shows)))).toEqual(['own']);
  });

  it('of a lost cache are those that lost most by that reason', () => {
    const period = readPeriod([
      ...expiring('less', 5_000, 400_000),
      ...expiring('more', 9_000, 400_000),
      ...expiring('open', 99_000, 10_000),
    ]);
    expect(findTellingRuns({ kind: 'cache_ttl_expired', nanoUsd: 1 }, period)).toEqual(['more', 'less']);
    expect(findTellingRuns({ kind: 'cache_tools_changed', nanoUsd: 1 }, period)).toEqual([]);
  });

  it('are the three with most of it, then in the order of their names', () => {
    const calls = ['d', 'c', 'b', 'a', 'e', 'e'].map((runId) => call(runId, {}));
    expect(findTellingRuns({ kind: 'more_runs', nanoUsd: 1 }, periodOf(...calls))).toEqual(['e', 'a', 'b']);
    const turns = [call('a', { costNanoUsd: 99 }), ...calls];
    expect(findTellingRuns({ kind: 'more_turns', nanoUsd: 1 }, periodOf(...turns))).toEqual(['a', 'e', 'b']);
  });
});

describe('the words of a cause', () => {
  it('tell a tool that is no longer used, and a user without a name', () => {
    const cause: FoundCause = { kind: 'tool_failing', nanoUsd: -5, subject: 'search' };
    expect(words(cause, { before: tools(50, 1), after: { tools: new Map() } }).title).toBe(
      'fewer repeats: search failing not used, was 50.0 %',
    );
    const user: FoundCause = { kind: 'user_dominates', nanoUsd: 5, subject: '' };
    const costs: Case = {
      before: { costByUser: of(90, { '': 10 }) },
      after: { costByUser: of(50, { '': 50 }) },
      costs: [100, 100],
    };
    expect(words(user, costs).title).toBe('user (none): 50.0 % of the cost, was 10.0 %');
    expect(words({ ...user, subject: 'new' }, costs).title).toBe('user new: 0.0 % of the cost, was 0.0 %');
  });

  it('scale what was before to what it is compared with', () => {
    const comparison = { ...comparisonOf({ before: { runs: 70 }, after: { runs: 30 } }), scale: 1 / 7 };
    const runs = textOf({ kind: 'more_runs', nanoUsd: 5 }, comparison, readPeriod([]));
    expect(runs.evidence).toEqual(['runs: 10 → 30']);
    const before = { runsByUser: new Map([['u', 14]]) };
    const user = textOf(
      { kind: 'user_dominates', nanoUsd: 5, subject: 'u' },
      { ...comparisonOf({ before, after: { runsByUser: new Map([['u', 5]]) } }), scale: 1 / 7 },
      readPeriod([]),
    );
    expect(user.evidence).toEqual(['runs of the user: 2 → 5']);
    const apart = { dominantUsers: new Set(['u']) };
    const others = textOf(
      { kind: 'more_runs', nanoUsd: -5 },
      {
        ...comparisonOf({
          before: { ...apart, ...before, runs: 70 },
          after: { ...apart, runsByUser: new Map([['u', 9]]), runs: 10 },
        }),
        scale: 1 / 7,
      },
      readPeriod([]),
    );
    expect(others).toMatchObject({
      title: 'fewer runs of the other users',
      evidence: ['runs of the other users: 8 → 1'],
    });
  });

  it('have nothing to do for who pays less', () => {
    const none = 'None needed: this lowered the cost.';
    expect(words({ kind: 'more_turns', nanoUsd: -5 }).fix).toBe(none);
    expect(words({ kind: 'more_turns', nanoUsd: 5 }).fix).not.toBe(none);
    expect(words({ kind: 'more_runs', nanoUsd: -5 }).fix).not.toBe(none);
  });

  it('list price rows in order, and have no length that one side lacks', () => {
    const rows = { before: { priceRows: new Set(['b', 'a']) }, after: { priceRows: new Set(['c']) } };
    const price = words({ kind: 'price_changed', nanoUsd: 5 }, rows);
    expect(price).toMatchObject({ title: 'the price changed', evidence: ['price rows: a, b → c'] });
    const cause: FoundCause = { kind: 'tool_results_grew', nanoUsd: 5, subject: 'search' };
    expect(words(cause, { after: tools(0, 10) }).title).toBe('search results cost more to read and keep');
    expect(words(cause, { before: tools(0, 10) }).title).toBe('search results cost more to read and keep');
  });

  it('of cache misses say whether there were more, beside cache reads that went that way', () => {
    const [few, many] = [reads(1, 3), reads(3, 1)];
    const why = 'tool definitions changed';
    expect(titleOfMisses(5, { before: many, after: few })).toBe(`cache reads 75.0 % → 25.0 %: ${why}`);
    expect(titleOfMisses(5, { before: few, after: many })).toBe(`more cache misses: ${why}`);
    expect(titleOfMisses(-5, { before: few, after: many })).toBe(
      `cache reads 25.0 % → 75.0 %, fewer misses: ${why}`,
    );
    expect(titleOfMisses(-5, { before: many, after: few })).toBe(`fewer cache misses: ${why}`);
  });

  it('are there for every kind: a title and something to do, in either direction', () => {
    const kinds = [
      ...new Set(CASES.map(([kind]) => kind)),
      'more_runs',
      'workload_changed',
      ...['model_changed', 'tools_changed', 'system_changed', 'settings_changed', 'messages_changed'].map(
        (cause) => `cache_${cause}`,
      ),
      ...['context_edited', 'ttl_expired', 'below_minimum', 'provider_side'].map((cause) => `cache_${cause}`),
    ] as FoundCause['kind'][];
    const seen = new Set<string>();
    for (const kind of kinds)
      for (const nanoUsd of [5, -5]) {
        const { title, evidence, fix } = words({ kind, nanoUsd, subject: 'x' });
        expect(title).toMatch(/^[a-z]/);
        expect(fix).toMatch(/^[A-Z].+\.$|tallyspan/);
        expect(evidence.every((line) => line !== '')).toBe(true);
        seen.add(fix);
      }
    // One of them is that nothing has to be done.
    expect(seen.size).toBe(kinds.length + 1);
  });

  it('count nothing where there were no runs or calls', () => {
    const none = { before: { runs: 0, calls: 0 } };
    expect(words({ kind: 'more_turns', nanoUsd: 5 }, none).title).toBe('more turns per run (0 → 5.0)');
    const output = { before: { runs: 0, calls: 0 }, after: { outputTokens: 1_000 } };
    expect(words({ kind: 'output_grew', nanoUsd: 5 }, output).title).toBe(
      'output grew: 0 → 2 tokens per call',
    );
  });
});
