// What a period makes of its events: kinds of calls, compactions, owners of tokens, leaves, and changes stamped.

import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { findChangeStamps } from '../../../core/diagnosis/change-stamps.ts';
import { groupKey, readLeaves, userOfGroup } from '../../../core/diagnosis/leaves.ts';
import { readPeriod, type PeriodCall } from '../../../core/diagnosis/period.ts';
import type { EventRecord } from '../../../core/event.ts';
import { call, tool } from './plain-events.ts';

const callsOf = (...events: EventRecord[]): readonly PeriodCall[] => readPeriod(events).calls;

const step = (number: number, messages: string[], tokens: number, more = {}): EventRecord =>
  call({
    timestamp: number * 10,
    'agent.step_number': number,
    tokens_input: tokens,
    'tallyspan.prefix.system': 's',
    'tallyspan.prefix.messages': messages,
    ...more,
  });

const regimesOf = (...events: EventRecord[]): string[] => callsOf(...events).map(({ regime }) => regime);

const row = (owner: string | undefined, fields: Partial<EventRecord>): EventRecord => ({
  timestamp: 1_000,
  'event.name': 'agent.tool_cost',
  'agent.run_id': 'run',
  'agent.step_number': 1,
  'gen_ai.tool.name': owner,
  ...fields,
});

const versioned = (
  timestamp: number,
  version: string | undefined,
  fields: Partial<EventRecord> = {},
): EventRecord => call({ timestamp, 'gen_ai.agent.name': 'a', 'service.version': version, ...fields });

const service = (version: string): EventRecord =>
  call({ 'service.name': 'shop', 'service.version': version });

describe('the calls of a period', () => {
  it('repeat after a failure without moving on in their run', () => {
    const calls = callsOf(
      call({ timestamp: 1 }),
      tool({ timestamp: 2, 'tool.ok': false }),
      call({ timestamp: 3, 'agent.step_number': 2 }),
      call({ timestamp: 4, 'agent.step_number': 3, 'error.type': 'api_error' }),
      call({ timestamp: 5, 'agent.step_number': 4 }),
      tool({ timestamp: 6, 'agent.step_number': 4, 'tool.ok': true }),
      call({ timestamp: 7, 'agent.step_number': 5 }),
    );
    expect(calls.map(({ kind, position, isLast }) => [kind, position, isLast])).toEqual([
      ['ordinary', 1, false],
      ['after_failure', 1, false],
      ['failed', 1, false],
      ['ordinary', 2, false],
      ['ordinary', 3, true],
    ]);
    expect(callsOf(call({ 'error.type': 'api_error' }))[0]).toMatchObject({ kind: 'failed', position: 1 });
  });

  it('are those of their own run: the failure of another is none of theirs', () => {
    const calls = callsOf(
      call(),
      tool({ 'tool.ok': false, 'agent.run_id': 'other' }),
      call({ 'agent.step_number': 2 }),
    );
    expect(calls.map(({ kind }) => kind)).toEqual(['ordinary', 'ordinary']);
  });

  it('have a user and a workload, of agent and task', () => {
    const [named, bare] = callsOf(
      call({ 'user.id': 'u', 'gen_ai.agent.name': 'support', 'agent.task_type': 'refund' }),
      call({ 'agent.step_number': 2, 'agent.task_type': 'refund' }),
    );
    expect([named?.user, named?.workload]).toEqual(['u', 'support refund']);
    expect([bare?.user, bare?.workload]).toEqual(['', 'refund']);
  });

  it.each(['compaction', 'context_truncation'])('are compacted from a note of %s on, in that run', (kind) => {
    const note: EventRecord = {
      timestamp: 15,
      'event.name': 'agent.note',
      'agent.note.kind': kind,
      'agent.run_id': 'run',
    };
    const events = [10, 15, 20].map((timestamp, index) =>
      call({ timestamp, 'agent.step_number': index + 1 }),
    );
    const regimes = callsOf(...events, note, call({ timestamp: 30, 'agent.run_id': 'other' }));
    expect(regimes.map(({ regime }) => regime)).toEqual(['plain', 'compaction', 'compaction', 'plain']);
    const earlier = { ...note, timestamp: 9 };
    for (const notes of [
      [note, earlier],
      [earlier, note],
    ])
      expect(callsOf(...events, ...notes).every(({ regime }) => regime === 'compaction')).toBe(true);
    const other = { ...note, 'agent.note.kind': 'anything' };
    expect(callsOf(...events, other).every(({ regime }) => regime === 'plain')).toBe(true);
  });

  it('are compacted from where the history has fewer messages and well below its tokens', () => {
    const long = step(1, ['a', 'b', 'c', 'd'], 10_000);
    expect(regimesOf(long, step(2, ['a', 'x'], 7_999), step(3, ['a', 'x', 'y'], 9_000))).toEqual([
      'plain',
      'compaction',
      'compaction',
    ]);
    expect(regimesOf(long, step(2, ['a', 'x'], 8_000))).toEqual(['plain', 'plain']);
    expect(regimesOf(long, step(2, ['a', 'x', 'y', 'z'], 100))).toEqual(['plain', 'plain']);
    expect(regimesOf(long, step(2, ['a', 'x'], 100, { 'agent.run_id': 'other' }))).toEqual([
      'plain',
      'plain',
    ]);
  });

  it('divide each bucket of tokens as the attribution rows divide its cost; what no row has is for all', () => {
    const [one] = callsOf(
      call({
        tokens_input: 100,
        tokens_cache_read: 1_000,
        tokens_cache_write_5m: 40,
        tokens_cache_write_1h: 8,
      }),
      row('a', { cost_first_read_nano_usd: 1, cost_carry_nano_usd: 2, cost_cache_write_nano_usd: 1 }),
      row('b', { cost_first_read_nano_usd: 1, cost_cache_write_nano_usd: 3 }),
      row('b', { cost_nano_usd: 5 }),
      row('c', { cost_cache_read_nano_usd: 5, 'agent.step_number': 2 }),
    );
    expect(one?.owners).toEqual(
      new Map([
        ['a', [75, 0, 10, 2]],
        ['b', [25, 0, 30, 6]],
        ['(all)', [0, 1_000, 0, 0]],
      ]),
    );
    const [read] = callsOf(call({ tokens_cache_read: 9 }), row(undefined, { cost_cache_read_nano_usd: 5 }));
    expect(read?.owners).toEqual(new Map([['(all)', [0, 9, 0, 0]]]));
    expect(callsOf(call())[0]?.owners).toEqual(new Map());
  });
});

describe('a group of runs', () => {
  it('is that of a user only if the user stands out', () => {
    const users = new Set(['u', '']);
    expect(userOfGroup(groupKey('u', 'w', users))).toBe('u');
    expect(userOfGroup(groupKey('', 'w', users))).toBe('');
    expect(userOfGroup(groupKey('v', 'w', users))).toBeUndefined();
    expect(groupKey('v', 'w', users)).toBe(groupKey('x', 'w', users));
    expect(groupKey('v', 'w', users)).not.toBe(groupKey('v', 'y', users));
  });
});

describe('the leaves of a period', () => {
  const aCall = fc.record({
    'agent.run_id': fc.constantFrom('1', '2'),
    'user.id': fc.constantFrom('u', 'v'),
    'gen_ai.response.model': fc.constantFrom('m', 'n'),
    tokens_input: fc.nat({ max: 9 }),
    tokens_cache_read: fc.nat({ max: 9 }),
    tokens_output: fc.nat({ max: 9 }),
    web_searches: fc.nat({ max: 2 }),
    cost_nano_usd: fc.nat({ max: 1_000 }),
    cost_input_nano_usd: fc.nat({ max: 100 }),
    cost_output_nano_usd: fc.nat({ max: 100 }),
    cost_web_search_nano_usd: fc.nat({ max: 100 }),
  });

  it('hold every call, token and nano-dollar of it once', () => {
    fc.assert(
      fc.property(fc.array(aCall, { maxLength: 12 }), (fields) => {
        const events = fields.map((own, index) =>
          call({ ...own, timestamp: index, 'agent.step_number': index + 1 }),
        );
        const period = readPeriod(events);
        const { leaves, modelSums, cellSums, regimeSums, cellCalls } = readLeaves(period, new Set(['u']));
        const all = [modelSums, cellSums, regimeSums].map((sums) => [...sums.values()]);
        for (const sums of [[...leaves.values()].map(({ sum }) => sum), ...all]) {
          let [calls, cost, tokens] = [0, 0, 0];
          for (const sum of sums) {
            calls += sum.calls;
            cost += sum.bucketCost.reduce((total, bucket) => total + bucket, 0);
            cost += sum.outputCost + sum.searchCost + sum.otherCost;
            tokens += sum.bucketTokens.reduce((total, bucket) => total + bucket, 0) + sum.outputTokens;
          }
          expect([calls, cost]).toEqual([events.length, period.costNanoUsd]);
          const counted = fields.reduce(
            (sum, own) => sum + own.tokens_input + own.tokens_cache_read + own.tokens_output,
            0,
          );
          expect(tokens).toBe(counted);
        }
        expect([...cellCalls.values()].reduce((sum, count) => sum + count, 0)).toBe(events.length);
      }),
      { numRuns: 40 },
    );
  });

  it('take late positions together by tens', () => {
    const events = Array.from({ length: 52 }, (_, index) =>
      call({ timestamp: index, 'agent.step_number': index + 1 }),
    );
    const { cellCalls } = readLeaves(readPeriod(events), new Set());
    const cells = [...cellCalls].map(([cell, count]) => [cell.split(' ').slice(-2).join(' '), count]);
    expect(cells.slice(38)).toEqual([
      ['39 inner', 1],
      ['40 inner', 1],
      ['50 inner', 10],
      ['60 inner', 1],
      ['60 last', 1],
    ]);
  });
});

describe('a change stamp', () => {
  it('is the first sight of what the earlier period did not have, whatever the order', () => {
    const after = [versioned(9, '2'), versioned(7, '2', { 'agent.run_id': 'first' }), versioned(8, '1')];
    for (const events of [after, after.toReversed()])
      expect(findChangeStamps([versioned(1, '1')], events)).toEqual([
        { kind: 'service_version', value: '2', agent: 'a', sinceMs: 7, runId: 'first' },
      ]);
  });

  it.each([
    ['service_version', 'service.version'],
    ['agent_version', 'agent.version'],
    ['model', 'gen_ai.response.model'],
    ['system_prompt', 'tallyspan.prefix.system'],
    ['tool_definitions', 'tallyspan.prefix.tools'],
    ['price_table', 'tallyspan.price.table'],
  ] as const)('of %s is read from %s', (kind, key) => {
    const stamps = findChangeStamps([call({ [key]: 'old' })], [call({ [key]: 'new', timestamp: 5 })]);
    expect(stamps).toEqual([{ kind, value: 'new', agent: '', sinceMs: 5, runId: 'run' }]);
  });

  it('is none for a new agent, for what varies all the time, and for other events', () => {
    const old = versioned(1, '1');
    expect(findChangeStamps([old], [versioned(2, '2', { 'gen_ai.agent.name': 'b' })])).toEqual([]);
    expect(findChangeStamps([old], [versioned(2, undefined)])).toEqual([]);
    expect(findChangeStamps([], [versioned(2, '2')])).toEqual([]);
    expect(findChangeStamps([old], [{ ...versioned(2, '2'), 'event.name': 'agent.run' }])).toEqual([]);
    const three = ['4', '3', '2'].map((version, index) => versioned(9 - index, version));
    expect(findChangeStamps([old], three).map(({ value }) => value)).toEqual(['2', '3', '4']);
    expect(findChangeStamps([old], [...three, versioned(10, '5')])).toEqual([]);
    const other = { 'gen_ai.agent.name': 'b' };
    const both = findChangeStamps([old, versioned(1, '1', other)], [...three, versioned(3, '9', other)]);
    expect(both).toHaveLength(4);
  });

  it('is of the agent, else of the service', () => {
    expect(findChangeStamps([service('1')], [service('2')])[0]?.agent).toBe('shop');
  });
});
