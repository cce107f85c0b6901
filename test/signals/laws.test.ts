// Laws that hold whatever the events are, so that the reference evaluator is not only right about itself.

import { describe, expect, it, jest } from '@jest/globals';
import * as fc from 'fast-check';
import type { EventRecord } from '../../core/event.ts';
import { DAY_MS, HOUR_MS } from '../../core/time/time.ts';
import { CATALOGUE, signalOf } from '../../signals/catalogue/index.ts';
import { evaluate } from '../../signals/evaluate.ts';
import type { SignalGroups, SignalResult, SignalValue } from '../../signals/result.ts';
import type { Signal, SignalRequest } from '../../signals/signal.ts';
import { generateCorpus } from '../fixtures/corpus.ts';

// Many evaluations; a busy machine may take its time.
jest.setTimeout(120_000);

const TO = Date.parse('2026-10-26T09:00:00Z');
const DAY = { from: TO - DAY_MS, to: TO, timezone: 'Europe/Berlin', now: TO + DAY_MS };

const aCorpus = fc
  .integer({ min: 0, max: 2 ** 31 })
  .map((seed) =>
    generateCorpus({ seed, to: TO, days: 2, runsPerDay: 12, edges: [TO - DAY_MS, TO - DAY_MS / 2, TO] }),
  );
const RUNS = { numRuns: 25 };

/** Sums and counts of one fold over the range asked for: what adds up. */
const ADDITIVE = CATALOGUE.filter(
  ({ value, window }) =>
    window.kind === 'range' &&
    value.kind === 'fold' &&
    (value.aggregate === 'count' || value.aggregate === 'sum') &&
    (value.span ?? 'window') === 'window',
);

function valueOf(signal: Signal, events: readonly EventRecord[], request: SignalRequest = DAY): number {
  return (evaluate(signal, events, request) as SignalValue).value ?? 0;
}

function groupsOf(result: SignalResult): SignalGroups['groups'] {
  return (result as SignalGroups).groups;
}

function run(fields: Partial<EventRecord>): EventRecord {
  return { timestamp: TO - 5 * HOUR_MS, 'event.name': 'agent.run', ...fields };
}

function call(fields: Partial<EventRecord>): EventRecord {
  return { timestamp: TO - 5 * HOUR_MS, 'event.name': 'agent.model_call', ...fields };
}

function read(
  id: string,
  events: readonly EventRecord[],
  request: Partial<SignalRequest> = {},
): SignalResult {
  return evaluate(signalOf(id), events, { ...DAY, timezone: 'UTC', ...request });
}

/** A call of 70 nano-USD so many days before now. */
function costDaysAgo(days: number): EventRecord {
  return call({ timestamp: TO - days * DAY_MS, cost_nano_usd: 70 });
}

describe('any events', () => {
  it('give the same numbers in any order', () => {
    fc.assert(
      fc.property(aCorpus, (events) => {
        const shuffled = events.toReversed();
        for (const signal of CATALOGUE) {
          expect(evaluate(signal, shuffled, DAY)).toEqual(evaluate(signal, events, DAY));
        }
      }),
      RUNS,
    );
  });

  it('add up over two windows that touch', () => {
    fc.assert(
      fc.property(aCorpus, fc.integer({ min: 1, max: DAY_MS - 1 }), (events, offset) => {
        const cut = offset % 2 === 0 ? DAY.from + offset : DAY.from + DAY_MS / 2;
        for (const signal of ADDITIVE) {
          const parts =
            valueOf(signal, events, { ...DAY, to: cut }) + valueOf(signal, events, { ...DAY, from: cut });
          expect(parts).toBe(valueOf(signal, events));
        }
      }),
      RUNS,
    );
  });

  it('add up over the groups of every dimension', () => {
    fc.assert(
      fc.property(aCorpus, (events) => {
        for (const signal of ADDITIVE) {
          for (const by of signal.dimensions) {
            // By tool, the shares that no tool has appear as well.
            if (signal.id === 'tool_cost' && by === 'tool') continue;
            const groups = groupsOf(evaluate(signal, events, { ...DAY, by }));
            expect(groups.reduce((sum, { value }) => sum + value, 0)).toBe(valueOf(signal, events));
          }
        }
      }),
      RUNS,
    );
  });

  it('give a group the number that the events of that group alone have', () => {
    fc.assert(
      fc.property(aCorpus, (events) => {
        for (const signal of CATALOGUE.filter(({ dimensions }) => dimensions.includes('agent'))) {
          for (const { by, value } of groupsOf(evaluate(signal, events, { ...DAY, by: 'agent' }))) {
            const where = { agent: by.agent ?? '' };
            expect(evaluate(signal, events, { ...DAY, where })).toMatchObject({ value });
          }
        }
      }),
      RUNS,
    );
  });

  it('cost twice as much when every call does, and no ratio of costs changes', () => {
    fc.assert(
      fc.property(aCorpus, (events) => {
        const doubled = events.map((event) =>
          event.cost_nano_usd === undefined ? event : { ...event, cost_nano_usd: event.cost_nano_usd * 2 },
        );
        for (const id of ['cost', 'cost_today', 'cost_per_successful_run', 'tool_cost']) {
          expect(valueOf(signalOf(id), doubled)).toBe(2 * valueOf(signalOf(id), events));
        }
        for (const id of ['cost_spike', 'cost_pace', 'cache_hit_ratio', 'run_success_rate']) {
          expect(valueOf(signalOf(id), doubled)).toBe(valueOf(signalOf(id), events));
        }
      }),
      RUNS,
    );
  });

  it('never succeed more often for one more failed run', () => {
    fc.assert(
      fc.property(aCorpus, fc.constantFrom('error', 'lost', 'aborted', 'max_turns'), (events, status) => {
        const failed: EventRecord = { timestamp: TO, 'event.name': 'agent.run', 'agent.status': status };
        const rate = signalOf('run_success_rate');
        expect(valueOf(rate, [...events, failed])).toBeLessThanOrEqual(valueOf(rate, events));
      }),
      RUNS,
    );
  });

  it('are not changed by what lies outside of the window', () => {
    fc.assert(
      fc.property(aCorpus, fc.constantFrom(DAY.from, DAY.from - 1, DAY.to + 1), (events, timestamp) => {
        const outside = events.slice(0, 40).map((event) => ({ ...event, timestamp }));
        for (const signal of CATALOGUE.filter(({ window }) => window.kind === 'range')) {
          // A run that ends just after the window is not lost.
          if (signal.id === 'run_loss_rate') continue;
          expect(evaluate(signal, [...events, ...outside], DAY)).toEqual(evaluate(signal, events, DAY));
        }
      }),
      RUNS,
    );
  });

  it('count a response once, however often it is reported', () => {
    fc.assert(
      fc.property(aCorpus, (events) => {
        const repeated = events
          .filter((event) => event['event.name'] === 'agent.model_call')
          .map((event) => ({ ...event, 'tallyspan.duplicate': true }));
        const both = [...events, ...repeated];
        for (const signal of CATALOGUE) {
          if (['duplicate_calls', 'lost_events', 'telemetry_loss_rate'].includes(signal.id)) continue;
          expect(evaluate(signal, both, DAY)).toEqual(evaluate(signal, events, DAY));
        }
        expect(valueOf(signalOf('duplicate_calls'), both)).toBeGreaterThanOrEqual(
          valueOf(signalOf('duplicate_calls'), events),
        );
      }),
      RUNS,
    );
  });
});

describe('cases that definitions disagree on', () => {
  it('success is ok of all ended runs: aborted and lost runs are ended', () => {
    const events = ['ok', 'ok', 'aborted', 'lost'].map((status) => run({ 'agent.status': status }));
    expect(read('run_success_rate', events)).toMatchObject({ value: 0.5 });
  });

  it('loss counts starts that nobody ended, also where the end was written by another as lost', () => {
    const events = ['a', 'b', 'c', 'd'].flatMap((id) => [
      { timestamp: TO - 5 * HOUR_MS, 'event.name': 'agent.run.started', 'agent.run_id': id } as const,
      ...(id === 'a' || id === 'b' ? [run({ 'agent.run_id': id, 'agent.status': 'error' })] : []),
      ...(id === 'c' ? [run({ 'agent.run_id': id, 'agent.status': 'lost' })] : []),
    ]);
    expect(read('run_loss_rate', events)).toMatchObject({ value: 0.5 });
  });

  it('a run that began within the hour is not lost yet', () => {
    const events = [
      { timestamp: TO - HOUR_MS / 2, 'event.name': 'agent.run.started', 'agent.run_id': 'a' } as const,
    ];
    expect(read('run_loss_rate', events, { now: TO })).toMatchObject({ value: null });
    expect(read('run_loss_rate', events, { now: TO + HOUR_MS })).toMatchObject({ value: 1 });
  });

  it('a spike needs three days with data among the seven before', () => {
    expect(read('cost_spike', [0, 1, 2].map(costDaysAgo))).toMatchObject({ value: null });
    // 70 today ÷ ((3 × 70) ÷ 7)
    expect(read('cost_spike', [0, 1, 2, 3].map(costDaysAgo))).toMatchObject({ value: 70 / (210 / 7) });
    expect(read('cost_spike', [0, 1, 2, 8, 9].map(costDaysAgo))).toMatchObject({ value: null });
  });

  it('the pace leaves out what the earlier days cost later in the day', () => {
    const events = [0, 1, 2, 3].flatMap((day) => [
      call({ timestamp: TO - day * DAY_MS, cost_nano_usd: 70 }),
      ...(day > 0 ? [call({ timestamp: TO - day * DAY_MS + HOUR_MS, cost_nano_usd: 1000 })] : []),
    ]);
    expect(read('cost_pace', events)).toMatchObject({ value: 70 / (210 / 7) });
  });

  it('an unpriced call is counted and costs nothing known, not 0', () => {
    const events = [call({ 'tallyspan.cost.status': 'unpriced' })];
    expect(read('cost', events)).toMatchObject({ value: null });
    expect(read('unpriced_calls', events)).toMatchObject({ value: 1 });
  });

  it('the cache hit ratio is weighted by tokens and counts what is written', () => {
    const events = [
      call({ tokens_input: 100, tokens_cache_read: 0, tokens_cache_write_5m: 100, tokens_cache_write_1h: 0 }),
      call({ tokens_input: 0, tokens_cache_read: 600, tokens_cache_write_5m: 0, tokens_cache_write_1h: 200 }),
    ];
    expect(read('cache_hit_ratio', events)).toMatchObject({ value: 0.6 });
  });

  it('a call retried after 529 counts as an API error though it ended well', () => {
    const events = [
      call({ retried_status: ['529', 'connection_error'] }),
      call({ 'error.type': 'rate_limit_error' }),
      call({ 'error.type': 'api_error' }),
      call({}),
    ];
    expect(read('api_error_rate', events)).toMatchObject({ value: 0.5 });
  });

  it('the failure rate by error is the share in all ended runs', () => {
    const events = [
      run({ 'agent.status': 'error', 'error.type': 'timeout' }),
      run({ 'agent.status': 'aborted' }),
      run({ 'agent.status': 'ok' }),
      run({ 'agent.status': 'ok' }),
    ];
    expect(read('run_failure_rate', events, { by: 'error' })).toMatchObject({
      groups: [
        { by: { error: 'timeout' }, value: 0.25 },
        { by: { error: null }, value: 0.25 },
      ],
    });
  });

  it('tool cost leaves the pseudo-tools out unless asked by tool', () => {
    const events = ['search', '(system)'].map((name) => ({
      timestamp: TO,
      'event.name': 'agent.tool_cost' as const,
      'gen_ai.tool.name': name,
      cost_nano_usd: 5,
    }));
    expect(read('tool_cost', events)).toMatchObject({ value: 5 });
    expect(groupsOf(read('tool_cost', events, { by: 'tool' }))).toHaveLength(2);
  });

  it('cost per successful run pays for the failed ones too', () => {
    const events = [
      call({ cost_nano_usd: 30 }),
      call({ cost_nano_usd: 10 }),
      run({ 'agent.status': 'ok' }),
      run({ 'agent.status': 'error' }),
    ];
    expect(read('cost_per_successful_run', events)).toMatchObject({ value: 40 });
    expect(read('cost_per_successful_run', events.slice(0, 2))).toMatchObject({ value: null });
  });

  it('a gap in the numbers of a process is lost events, and two processes do not fill each other', () => {
    const events = [1, 2, 5].map((seq) =>
      call({ timestamp: TO, 'tallyspan.seq': seq, 'service.instance.id': 'a' }),
    );
    const other = [3, 4].map((seq) =>
      call({ timestamp: TO, 'tallyspan.seq': seq, 'service.instance.id': 'b' }),
    );
    expect(read('lost_events', [...events, ...other])).toMatchObject({ value: 2 });
    expect(read('telemetry_loss_rate', [...events, ...other])).toMatchObject({ value: 2 / 7 });
  });
});
