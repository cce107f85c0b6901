// What a diagnosis measures of a period, and when two measures differ by more than chance.

import { describe, expect, it } from '@jest/globals';
import {
  chanceOfRunCosts,
  chanceOfRunCount,
  hitRatio,
  hourShareOf,
  isOtherShare,
  measurePeriod,
  searchesPerCall,
  uncachedShareOf,
  type Measures,
} from '../../../core/diagnosis/measures.ts';
import { readPeriod } from '../../../core/diagnosis/period.ts';
import type { EventRecord } from '../../../core/event.ts';
import { call, tool } from './plain-events.ts';

const measure = (...events: EventRecord[]): Measures => measurePeriod(readPeriod(events));

const run = (length?: number): EventRecord => ({
  timestamp: 1,
  'event.name': 'agent.run',
  'agent.user_input_len': length,
});

const runsOf = (runs: number, deviation: number, mean = 0): Measures => ({
  ...measure(),
  runs,
  squaredWeights: runs,
  runCostDeviation: deviation,
  meanRunCost: mean,
});

describe('a period', () => {
  it('has the mean cost of its runs and how much they differ', () => {
    const costs = [100, 200, 600];
    const runs = costs.map((cost, index) => call({ cost_nano_usd: cost, 'agent.run_id': `${index}` }));
    expect(measure(...runs)).toMatchObject({ runs: 3, calls: 3, meanRunCost: 300 });
    expect(measure(...runs).runCostDeviation).toBeCloseTo(Math.sqrt((200 ** 2 + 100 ** 2 + 300 ** 2) / 2), 9);
    const two = runs.flatMap((event) => [event, { ...event, 'agent.step_number': 2 }]);
    expect(measure(...two)).toMatchObject({ runs: 3, calls: 6, meanRunCost: 600 });
    expect(measure(call())).toMatchObject({ meanRunCost: 100, runCostDeviation: 0 });
    expect(measure()).toMatchObject({ runs: 0, calls: 0, meanRunCost: 0, runCostDeviation: 0 });
  });

  it('has the runs and the cost of each user, and the calls of each model', () => {
    const measures = measure(
      call({ 'user.id': 'a', 'agent.run_id': '1' }),
      call({ 'user.id': 'a', 'agent.run_id': '1', 'agent.step_number': 2 }),
      call({ 'user.id': 'a', 'agent.run_id': '2', 'gen_ai.response.model': 'n' }),
      call({ 'agent.run_id': '3', cost_nano_usd: 7 }),
    );
    expect(measures.costByUser).toEqual(
      new Map([
        ['a', 300],
        ['', 7],
      ]),
    );
    expect(measures.runsByUser).toEqual(
      new Map([
        ['a', 2],
        ['', 1],
      ]),
    );
    expect(measures.callsByModel).toEqual(
      new Map([
        ['m', 3],
        ['n', 1],
      ]),
    );
  });

  it('has the sums of its tokens and searches, and the shares made of them', () => {
    const measures = measure(
      call({
        tokens_input: 1,
        tokens_cache_read: 6,
        tokens_cache_write_5m: 1,
        tokens_cache_write_1h: 3,
        tokens_output: 5,
        web_searches: 3,
      }),
      call({ 'agent.step_number': 2, tokens_input: 1, cache_breakpoints: 0 }),
      call({ 'agent.step_number': 3, cache_breakpoints: 2 }),
    );
    expect(measures).toMatchObject({
      tokensUncached: 2,
      tokensRead: 6,
      tokensWritten5m: 1,
      tokensWritten1h: 3,
      outputTokens: 5,
      webSearches: 3,
      callsWithoutBreakpoint: 1,
      callsWithKnownBreakpoints: 2,
    });
    expect([
      hitRatio(measures),
      hourShareOf(measures),
      uncachedShareOf(measures),
      searchesPerCall(measures),
    ]).toEqual([0.5, 0.75, 0.5, 1]);
    const nothing = measure();
    expect([
      hitRatio(nothing),
      hourShareOf(nothing),
      uncachedShareOf(nothing),
      searchesPerCall(nothing),
    ]).toEqual([undefined, 0, 0, 0]);
  });

  it('has the calls that lost their cache, by reason, that were compacted, and that repeat', () => {
    const cached = { tokens_cache_write_5m: 10_000 };
    const measures = measure(
      call({ timestamp: 1, ...cached }),
      call({ timestamp: 2, 'agent.step_number': 2, ...cached }),
      call({ timestamp: 3, 'agent.run_id': 'compacted' }),
      {
        timestamp: 3,
        'event.name': 'agent.note',
        'agent.note.kind': 'compaction',
        'agent.run_id': 'compacted',
      },
      call({ timestamp: 4, 'agent.run_id': 'failing' }),
      tool({ timestamp: 5, 'agent.run_id': 'failing', 'tool.ok': false }),
      call({ timestamp: 6, 'agent.run_id': 'failing', 'agent.step_number': 2 }),
      call({ timestamp: 7, 'agent.run_id': 'failing', 'agent.step_number': 3 }),
    );
    expect(measures.callsByCacheCause).toEqual(new Map([['unknown', 1]]));
    expect(measures).toMatchObject({ compactedCalls: 1, callsAfterFailure: 1 });
    const two = [100, 300].map((cost, index) => call({ cost_nano_usd: cost, 'agent.run_id': `${index}` }));
    expect(measure(...two).runCostDeviation).toBeCloseTo(Math.sqrt(20_000), 9);
    const asked = [0, 1, 2].map((count, index) =>
      call({ 'agent.step_number': index + 1, cache_breakpoints: count }),
    );
    expect(measure(...asked)).toMatchObject({ callsWithoutBreakpoint: 1, callsWithKnownBreakpoints: 3 });
  });

  it('has the failures of each tool, and the mean length of what did not fail', () => {
    const { tools } = measure(
      tool({ 'tool.ok': false, 'tool.result_len': 9_000 }),
      tool({ 'tool.ok': true, 'tool.result_len': 10 }),
      tool({ 'tool.result_len': 30 }),
      tool({}),
      tool({ 'gen_ai.tool.name': 'other', 'tool.ok': false }),
      tool({ 'gen_ai.tool.name': undefined, 'tool.result_len': 0 }),
    );
    expect(tools).toEqual(
      new Map([
        ['search', { calls: 4, failed: 1, meanResultLen: 20 }],
        ['other', { calls: 1, failed: 1, meanResultLen: undefined }],
        ['', { calls: 1, failed: 0, meanResultLen: 0 }],
      ]),
    );
  });

  it('has the tiers, price rows and prompts of its calls, and the mean length of what users wrote', () => {
    const measures = measure(
      call({ 'tallyspan.price.row': 'r', 'tallyspan.prefix.system': 's', 'tallyspan.prefix.tools': 't' }),
      call({ 'agent.step_number': 2, service_tier: 'batch', speed: 'fast', inference_geo: 'us' }),
      call({ 'agent.step_number': 3, inference_geo: 'not_available' }),
      run(10),
      run(30),
      run(),
      { ...run(99), 'event.name': 'agent.run.started' },
    );
    expect(measures.tiers).toEqual(
      new Map([
        ['standard standard global', 2],
        ['batch fast us', 1],
      ]),
    );
    expect(measures.priceRows).toEqual(new Set(['r', '']));
    expect(measures.systemPrompts).toEqual(new Set(['s']));
    expect(measures.toolDefinitions).toEqual(new Set(['t']));
    expect(measures.meanUserInputLen).toBe(20);
    expect(measure(call()).meanUserInputLen).toBeUndefined();
  });
});

describe('two shares', () => {
  it.each<readonly [[number, number], [number, number], boolean]>([
    [[0, 0], [5, 10], false],
    [[5, 10], [0, 0], false],
    [[0, 10], [0, 10], false],
    [[10, 10], [10, 10], false],
    [[0, 100], [50, 100], true],
    [[50, 100], [0, 100], true],
    [[50, 100], [60, 100], false],
    [[500, 10_000], [700, 10_000], true],
    [[0, 1], [1, 1], false],
  ])('%j and %j are others: %p', (before, after, isOther) => {
    expect(isOtherShare(before, after)).toBe(isOther);
    expect(isOtherShare(after, before)).toBe(isOther);
  });

  it('that differ by three and a half errors differ no more than by chance', () => {
    // Half of 98 and all but half of as many: error √(½·½·2/98), difference 2·x/98.
    const limit = 3.5 * Math.sqrt((0.25 * 2) / 98) * 98;
    const [below, above] = [Math.floor(limit / 2), Math.ceil(limit / 2)];
    expect(isOtherShare([49 - below, 98], [49 + below, 98])).toBe(false);
    expect(isOtherShare([49 - above, 98], [49 + above, 98])).toBe(true);
  });
});

describe('chance', () => {
  it('grows with the root of the runs, by how much runs differed before', () => {
    expect(chanceOfRunCosts(runsOf(16, 10), runsOf(9, 99), 1)).toBeCloseTo(3.5 * 10 * 5, 9);
    expect(chanceOfRunCosts(runsOf(16, 10), runsOf(12, 99), 0.5)).toBeCloseTo(3.5 * 10 * 4, 9);
    expect(chanceOfRunCosts(runsOf(9, 10), runsOf(16, 99), 1)).toBeCloseTo(3.5 * 99 * 5, 9);
    expect(chanceOfRunCosts(runsOf(10, 10), runsOf(6, 99), 1)).toBeCloseTo(3.5 * 10 * 4, 9);
  });

  it('of their number is at their mean cost before', () => {
    expect(chanceOfRunCount(runsOf(16, 1, 7), runsOf(9, 1, 99), 1)).toBeCloseTo(3.5 * 7 * 5, 9);
    expect(chanceOfRunCount(runsOf(16, 1, 7), runsOf(12, 1, 99), 0.5)).toBeCloseTo(3.5 * 7 * 4, 9);
  });
});
