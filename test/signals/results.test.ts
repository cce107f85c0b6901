// Results, requests and series at their edges, without a back end.

import { describe, expect, it } from '@jest/globals';
import { DAY_MS, HOUR_MS } from '../../core/time/time.ts';
import { signalOf } from '../../signals/catalogue/index.ts';
import { compareResults, compareSeries } from '../../signals/compare.ts';
import { parseLength, parseRequest } from '../../signals/request.ts';
import {
  groupsResult,
  cellNumber,
  shapeResult,
  valueResult,
  type SignalResult,
} from '../../signals/result.ts';
import {
  dimensionsOf,
  SignalError,
  type Signal,
  type SignalRequest,
  type Value,
} from '../../signals/signal.ts';
import { defaultLengthMs, intervalsOf, seriesObstacle, windowOf } from '../../signals/spans.ts';
import { shapeSeries, toSql, toSqlSeries } from '../../signals/to-sql.ts';
import { count, per, quantile, ratio, sum, total } from '../../signals/values.ts';

const TO = Date.parse('2026-11-21T09:00:00Z');
const REQUEST: SignalRequest = { from: TO - DAY_MS, to: TO, timezone: 'UTC' };
const cost = signalOf('cost');
const runCount = signalOf('run_count');

interface Group {
  readonly by: { readonly user: string | null };
  readonly value: number | null;
}

const group = (user: string | null, value: number | null): Group => ({ by: { user }, value });

const requestOf = (text: object): SignalRequest => parseRequest({ id: 'cost', ...text }, TO, 'UTC').request;

const of = (value: Value, window: Signal['window'] = cost.window): Signal => ({ ...cost, value, window });

describe('a cell of a row', () => {
  it.each<readonly [unknown, number | null]>([
    [5, 5],
    [0, 0],
    [7n, 7],
    [null, null],
    [undefined, null],
    [Number.NaN, null],
    [Number.POSITIVE_INFINITY, null],
    ['5', null],
    [true, null],
  ])('%p is the number %p', (cell, number) => {
    expect(cellNumber(cell)).toBe(number);
  });

  it.each<readonly [unknown, string | null]>([
    ['a', 'a'],
    ['', null],
    [3, '3'],
    [3n, '3'],
    [false, 'false'],
    [null, null],
    [{}, null],
  ])('%p names the group %p', (cell, name) => {
    const result = shapeResult(cost, { ...REQUEST, by: 'user' }, [{ user: cell, value: 1 }]);
    expect(result).toMatchObject({ groups: [{ by: { user: name }, value: 1 }] });
  });
});

describe('an answer', () => {
  it('says what was asked, over which window', () => {
    expect(valueResult(cost, REQUEST, 5)).toEqual({
      id: 'cost',
      unit: 'nanoUsd',
      window: { from: '2026-11-20T09:00:00.000Z', to: '2026-11-21T09:00:00.000Z' },
      value: 5,
    });
  });

  it('of nothing is what the signal is when empty', () => {
    expect([valueResult(cost, REQUEST, null).value, valueResult(runCount, REQUEST, null).value]).toEqual([
      null,
      0,
    ]);
    expect(shapeResult(cost, REQUEST, [])).toMatchObject({ value: null });
    expect(shapeResult(runCount, REQUEST, [])).toMatchObject({ value: 0 });
  });

  it('has its greatest group first, equal ones by name, and none without data', () => {
    const { groups } = groupsResult(cost, REQUEST, [
      group('b', 1),
      group('c', null),
      group('a', 1),
      group(null, 3),
      group('d', 0),
    ]);
    expect(groups.map(({ by }) => by.user)).toEqual([null, 'a', 'b', 'd']);
  });
});

describe('a difference', () => {
  const broken: Signal = { ...cost, value: per(total([0.5, sum('agent.model_call', 'cost_nano_usd')]), 2) };
  const answer = (value: number | null): SignalResult => valueResult(cost, REQUEST, value);
  const close = [answer(1e6), answer(1e6 + 1e-4)] as const;

  it.each<readonly [string, Value, number]>([
    ['a sum', sum('agent.model_call', 'cost_nano_usd'), 1],
    ['a ratio of counts', ratio(count('agent.run'), count('agent.run')), 1],
    ['a ratio with a quantile', ratio(quantile(0.5, 'agent.run', 'duration_ms'), count('agent.run')), 0],
    ['whole times', total([2, count('agent.run')]), 1],
    ['broken times', broken.value, 0],
    ['a ratio of broken times', ratio(count('agent.run'), broken.value), 0],
    ['a broken ratio', ratio(broken.value, count('agent.run')), 0],
    [
      'a guarded broken one',
      { kind: 'guarded', value: broken.value, needs: count('agent.run'), atLeast: 1 },
      0,
    ],
    [
      'a guarded count',
      { kind: 'guarded', value: count('agent.run'), needs: count('agent.run'), atLeast: 1 },
      1,
    ],
  ])('of less than a billionth in %s counts %p times', (_, value, differences) => {
    expect(compareResults({ ...cost, value }, ...close)).toHaveLength(differences);
  });

  it('is measured against the larger, whatever the signs, and 0 is only 0', () => {
    expect(compareResults(broken, answer(-1e9), answer(-1e9 - 1))).toEqual([]);
    expect(compareResults(broken, answer(-1e9), answer(-1e9 - 2))).toHaveLength(1);
    expect(compareResults(broken, answer(1e9 + 2), answer(1e9))).toHaveLength(1);
    expect(compareResults(broken, answer(0), answer(1e-12))).toHaveLength(1);
    expect(compareResults(broken, answer(null), answer(1))).toHaveLength(1);
    expect(compareResults(broken, answer(1), answer(null))).toHaveLength(1);
  });

  it('of series names the step and both values, and a missing step is no null', () => {
    const series = [{ start: 1, value: null }];
    expect(compareSeries(cost, series, [{ start: 2, value: 5 }])).toEqual([
      { id: 'cost', start: 1, expected: null, actual: null },
      { id: 'cost', start: 2, expected: null, actual: 5 },
    ]);
  });
});

describe('a length', () => {
  it.each([
    ['90s', 90_000],
    ['15m', 900_000],
    ['24h', DAY_MS],
    [' 7d ', 7 * DAY_MS],
    ['2w', 14 * DAY_MS],
    ['3660d', 3660 * DAY_MS],
  ])('%p is %p ms', (text, lengthMs) => {
    expect(parseLength(text)).toBe(lengthMs);
  });

  it.each(['', 'h', '1', '1y', '-1h', '3661d', '1h2', 'x1h', '0s'])('%p is none', (text) => {
    expect(() => parseLength(text)).toThrow(
      new SignalError(`"${text}" is no window; write 1h, 24h, 7d or day`),
    );
  });
});

describe('a request', () => {
  it('takes Unix milliseconds, empty words, and dimensions with blanks', () => {
    expect(requestOf({ from: '1789000000000', to: '1789000000001' })).toMatchObject({
      from: 1_789_000_000_000,
      to: 1_789_000_000_001,
    });
    expect(requestOf({ window: '', by: '' })).toMatchObject({ from: TO - DAY_MS, by: undefined, now: TO });
    expect(requestOf({ by: 'user , model', where: { ' agent ': 'a', task: undefined } })).toMatchObject({
      by: ['user', 'model'],
      where: { agent: 'a' },
    });
    expect(() => requestOf({ to: '5' })).toThrow(/"5" is no time/);
    expect(() => requestOf({ from: new Date(TO).toISOString() })).toThrow(/ends before it starts/);
  });

  it('of a signal without that dimension is refused with those that it has', () => {
    expect(dimensionsOf(cost, { by: 'user' })).toEqual(['user']);
    expect(dimensionsOf(cost, {})).toEqual([]);
    expect(() => dimensionsOf({ ...cost, dimensions: ['user', 'agent'] }, { by: ['user', 'tool'] })).toThrow(
      new SignalError('cost has no dimension tool; its dimensions: user, agent'),
    );
    expect(() => dimensionsOf({ ...cost, dimensions: [] }, { where: { user: 'a' } })).toThrow(
      'cost has no dimension user; its dimensions: none',
    );
    expect(new SignalError('x').name).toBe('SignalError');
  });
});

describe('a window', () => {
  it('is the one asked for, the last so long, or the day so far', () => {
    const windows = [
      { kind: 'range', defaultMs: 5 },
      { kind: 'rolling', lengthMs: HOUR_MS },
      { kind: 'day' },
    ] as const;
    expect(windows.map((window) => windowOf({ ...cost, window }, REQUEST).from)).toEqual([
      TO - DAY_MS,
      TO - HOUR_MS,
      TO - 9 * HOUR_MS,
    ]);
    expect(windows.map(defaultLengthMs)).toEqual([5, HOUR_MS, DAY_MS]);
  });

  it('is settled up to an hour before now, and never ends before it starts or after it ends', () => {
    const window = { from: TO - 2 * HOUR_MS, to: TO };
    const settledTo = (now?: number): number | undefined =>
      intervalsOf('settled', window, { timezone: 'UTC', now })[0]?.to;
    expect([undefined, TO, TO + HOUR_MS / 2, TO + 9 * HOUR_MS, TO - 9 * HOUR_MS].map(settledTo)).toEqual([
      TO - HOUR_MS,
      TO - HOUR_MS,
      TO - HOUR_MS / 2,
      TO,
      TO - 2 * HOUR_MS,
    ]);
  });

  it('of earlier days holds seven, each only as far as today has come', () => {
    const window = { from: 0, to: TO };
    const [all] = intervalsOf('earlierDays', window, { timezone: 'UTC' });
    const midnight = TO - 9 * HOUR_MS;
    expect(all).toEqual({ from: midnight - 7 * DAY_MS, to: midnight });
    const soFar = intervalsOf('earlierDaysSoFar', window, { timezone: 'UTC' });
    expect(soFar.map(({ from }) => (midnight - from) / DAY_MS)).toEqual([7, 6, 5, 4, 3, 2, 1]);
    expect(soFar.every(({ from, to }) => to - from === 9 * HOUR_MS)).toBe(true);
    // The day that the clock went forward is shorter than today has been.
    const late = Date.parse('2026-03-30T21:30:00Z');
    const berlin = intervalsOf('earlierDaysSoFar', { from: 0, to: late }, { timezone: 'Europe/Berlin' });
    const lengths = berlin.map(({ from, to }) => (to - from) / HOUR_MS);
    expect(lengths).toEqual([23.5, 23.5, 23.5, 23.5, 23.5, 23.5, 23]);
  });
});

describe('a series', () => {
  it('is none where a step cannot know the number, and the reason says why', () => {
    const call = 'agent.model_call';
    expect(seriesObstacle(of(sum(call, 'cost_nano_usd', [], { span: 'today' })))).toMatch(/calendar days/);
    expect(seriesObstacle(of(count('agent.run', [], { instant: 'start' })))).toMatch(/began/);
    const unless = { unlessRunHas: [{ of: '*', span: 'before' }] } as const;
    expect(seriesObstacle(of(count('agent.run', [], unless)))).toMatch(/goes on/);
    expect(seriesObstacle(of({ kind: 'fold', of: '*', aggregate: 'gaps', field: 'tallyspan.seq' }))).toMatch(
      /gap/,
    );
    expect(seriesObstacle(of(count(call), { kind: 'day' }))).toMatch(/fixed/);
    expect(seriesObstacle(of(count(call), { kind: 'rolling', lengthMs: 5 }))).toMatch(/fixed/);
    expect(seriesObstacle(of(count(call, [], { span: 'settled' })))).toBeUndefined();
    expect(toSqlSeries(of(count(call), { kind: 'day' }), { ...REQUEST, step: 'hour' })).toEqual({
      reason: 'its window is fixed',
    });
  });

  it('has a point for each step, and no row is what the signal is when empty', () => {
    const rows = [
      { bucket: 20n, value: 5 },
      { bucket: null, value: 9 },
      { bucket: 30, value: null },
    ];
    expect(shapeSeries(runCount, [10, 20, 30], { timezone: 'UTC', step: 'hour' }, rows)).toEqual([
      { start: 10, value: 0 },
      { start: 20, value: 5 },
      { start: 30, value: 0 },
    ]);
    const day = shapeSeries(cost, [DAY_MS - HOUR_MS], { timezone: 'Europe/Berlin', step: 'day' }, [
      { bucket: 1, value: 7 },
    ]);
    expect(day).toEqual([{ start: DAY_MS - HOUR_MS, value: 7 }]);
  });

  it('can be grouped too', () => {
    const query = toSqlSeries(cost, { ...REQUEST, by: 'user', step: 'hour' });
    expect(query).toMatch(/AS "bucket",\s+nullif\("user_id", ''\) AS "user"/);
  });
});

describe('a statement', () => {
  it('has its instants and values in the text, a quote in one written twice', () => {
    const sql = toSql(cost, { ...REQUEST, where: { user: "o'neil" } });
    expect(sql).toContain(`CAST(${REQUEST.from} AS BIGINT)`);
    expect(sql).toContain("= 'o''neil'");
  });

  it('can have them by name, and is the same for every window then', () => {
    const [one, other] = [REQUEST, { ...REQUEST, from: 5, to: 9 }].map((request) =>
      toSql(cost, { ...request, where: { user: "o'neil" } }, (name) => `$${name}`),
    );
    expect(one).toBe(other);
    expect(one).toContain('= $where_user');
  });

  it('cannot be made of an aggregate without its field', () => {
    const value = { kind: 'fold', of: '*', aggregate: 'gaps' } as const;
    expect(() => toSql(of(value), REQUEST)).toThrow('the aggregate "gaps" needs a field');
  });
});
