// Edge cases of quantiles that back ends disagree on.

import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { quantileOf } from '../../core/quantile.ts';

const numbers = fc.array(fc.integer({ min: -1e9, max: 1e9 }), { minLength: 1, maxLength: 30 });
const aShare = fc.double({ min: 0, max: 1, noNaN: true });

describe('any numbers', () => {
  it('have their least at 0, their greatest at 1, and the sorted ones at the places between', () => {
    fc.assert(
      fc.property(numbers, (values) => {
        const sorted = values.toSorted((a, b) => a - b);
        expect(quantileOf(values, 0)).toBe(sorted[0]);
        expect(quantileOf(values, 1)).toBe(sorted.at(-1));
        const middle = [Math.floor((values.length - 1) / 2), Math.ceil((values.length - 1) / 2)];
        const [low = 0, high = 0] = middle.map((index) => sorted[index]);
        expect(quantileOf(values, 0.5)).toBe((low + high) / 2);
      }),
    );
  });

  it('have no smaller quantile at a greater share', () => {
    fc.assert(
      fc.property(numbers, aShare, aShare, (values, one, other) => {
        const [low, high] = [Math.min(one, other), Math.max(one, other)];
        const slack = 1e-6;
        expect(quantileOf(values, low) ?? 0).toBeLessThanOrEqual((quantileOf(values, high) ?? 0) + slack);
      }),
    );
  });

  it('move and stretch with their quantile', () => {
    fc.assert(
      fc.property(numbers, aShare, fc.integer({ min: -1000, max: 1000 }), (values, q, shift) => {
        const moved = quantileOf(
          values.map((value) => 2 * value + shift),
          q,
        );
        expect(moved).toBeCloseTo(2 * (quantileOf(values, q) ?? 0) + shift, 3);
      }),
    );
  });

  it('are left in the order in which they were given', () => {
    const values = [3, 1, 2];
    quantileOf(values, 0.5);
    expect(values).toEqual([3, 1, 2]);
  });
});

it.each([-0.01, 1.01, Number.NaN, Number.POSITIVE_INFINITY])('%p is no share, and the error says so', (q) => {
  expect(() => quantileOf([1, 2], q)).toThrow(new RangeError(`a quantile is between 0 and 1, not ${q}`));
});

it('numbers are sorted as numbers, not as text', () => {
  expect(quantileOf([9, 100, 10], 1)).toBe(100);
});
