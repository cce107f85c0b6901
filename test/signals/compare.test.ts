import { describe, expect, it } from '@jest/globals';
import { compareResults, compareSeries } from '../../signals/compare.ts';
import { signalOf } from '../../signals/catalogue/index.ts';
import type { SignalResult } from '../../signals/result.ts';

const HEAD = { id: 'x', unit: '1', window: { from: '', to: '' } } as const;
const value = (number: number | null): SignalResult => ({ ...HEAD, value: number });
const groups = (...pairs: [string | null, number][]): SignalResult => ({
  ...HEAD,
  groups: pairs.map(([user, number]) => ({ by: { user }, value: number })),
});
const cost = signalOf('cost');
const p95 = signalOf('run_latency_p95');

describe('two answers', () => {
  it('agree when they are equal, and differ when either has another number', () => {
    expect(compareResults(cost, value(5), value(5))).toEqual([]);
    expect(compareResults(cost, value(5), value(6))).toEqual([{ id: 'cost', expected: 5, actual: 6 }]);
    expect(compareResults(cost, value(6), value(5))).toEqual([{ id: 'cost', expected: 6, actual: 5 }]);
  });

  it('never take no data for 0', () => {
    expect(compareResults(cost, value(null), value(null))).toEqual([]);
    expect(compareResults(cost, value(null), value(0))).toHaveLength(1);
    expect(compareResults(cost, value(0), value(null))).toHaveLength(1);
  });

  it('may differ by a billionth in a quantile, and by nothing in a sum', () => {
    expect(compareResults(p95, value(1e6), value(1e6 + 1e-4))).toEqual([]);
    expect(compareResults(p95, value(1e6), value(1e6 + 1e-2))).toHaveLength(1);
    expect(compareResults(cost, value(1e6), value(1e6 + 1e-4))).toHaveLength(1);
  });

  it('have the same groups', () => {
    expect(compareResults(cost, groups(['a', 1], [null, 2]), groups([null, 2], ['a', 1]))).toEqual([]);
    expect(compareResults(cost, groups(['a', 1]), groups(['a', 1], ['b', 2]))).toEqual([
      { id: 'cost', by: { user: 'b' }, expected: null, actual: 2 },
    ]);
    expect(compareResults(cost, groups(['a', 1], ['b', 2]), groups(['a', 3]))).toHaveLength(2);
  });
});

describe('two time series', () => {
  it('have the same steps with the same values, and no series is not an empty one', () => {
    const series = [
      { start: 1, value: 5 },
      { start: 2, value: null },
    ];
    expect(compareSeries(cost, series, series)).toEqual([]);
    expect(compareSeries(cost, series, series.slice(0, 1))).toHaveLength(1);
    expect(compareSeries(cost, series, [series[0], { start: 2, value: 0 }] as typeof series)).toHaveLength(1);
    expect(compareSeries(cost, series, { reason: 'none' })).toHaveLength(2);
    expect(compareSeries(cost, { reason: 'none' }, { reason: 'none' })).toEqual([]);
  });
});
