// Laws of shares where the values do not sum to the amount, are negative, or are equal.

import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { roundToSum, shareOut } from '../../../core/attribution/share-out.ts';

const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0);
const anAmount = fc.integer({ min: -1e9, max: 1e9 });
const someValues = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 12 });

describe('rounded values', () => {
  it('sum to what they must, whatever they are', () => {
    fc.assert(
      fc.property(anAmount, someValues, (sum, values) => {
        expect(sumOf(roundToSum(sum, values))).toBe(sum);
      }),
    );
  });

  it('that sum to it are less than one off each', () => {
    fc.assert(
      fc.property(someValues, (values) => {
        const exact = values.map((value) => Math.round(value * 64) / 64);
        const sum = sumOf(exact);
        fc.pre(Number.isInteger(sum));
        roundToSum(sum, exact).forEach((share, index) => {
          expect(Math.abs(share - (exact[index] ?? 0))).toBeLessThan(1);
        });
      }),
    );
  });

  it('that are whole already stay as they are', () => {
    expect(roundToSum(6, [1, 2, 3])).toEqual([1, 2, 3]);
    expect(roundToSum(0, [])).toEqual([]);
    expect(roundToSum(5, [])).toEqual([]);
  });

  it('leave what is more than one each to the largest, which is the first of equal ones', () => {
    expect(roundToSum(100, [1, 5, 2])).toEqual([1 + 1, 5 + 90 + 1, 2]);
    expect(roundToSum(104, [1, 7, 7, 2])).toEqual([1 + 1, 7 + 84 + 1, 7 + 1, 2]);
    expect(roundToSum(-100, [1, 5, 2])).toEqual([1, 5 - 108, 2]);
  });

  it('give up units from the least remainder on, of equal ones from the last', () => {
    expect(roundToSum(3, [1.5, 1.25, 1.75])).toEqual([1, 1, 1]);
    expect(roundToSum(2, [1.5, 1.25, 1.75])).toEqual([1, 0, 1]);
    expect(roundToSum(2, [1, 1, 1])).toEqual([1, 1, 0]);
    expect(roundToSum(1, [1, 1, 1])).toEqual([1, 0, 0]);
  });

  it('go to the first of equal remainders, in a long list too', () => {
    const halves = Array.from({ length: 20 }, () => 0.5);
    expect(roundToSum(10, halves)).toEqual([
      ...halves.slice(10).map(() => 1),
      ...halves.slice(10).map(() => 0),
    ]);
  });
});

describe('shares', () => {
  it('of nothing are nothing', () => {
    expect(shareOut(0, [1, 2, 3])).toEqual([0, 0, 0]);
    expect(shareOut(0, [0.1, 0.2])).toEqual([0, 0]);
    expect(shareOut(7, [])).toEqual([]);
  });

  it('do not depend on the scale of the weights', () => {
    const weights = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(fc.nat({ max: 1e6 }), weights, (amount, own) => {
        expect(
          shareOut(
            amount,
            own.map((weight) => weight * 4),
          ),
        ).toEqual(shareOut(amount, own));
      }),
    );
  });
});
