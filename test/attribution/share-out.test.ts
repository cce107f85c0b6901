// Laws of sharing out a whole amount.

import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { roundToSum, shareOut } from '../../core/attribution/share-out.ts';

const amounts = fc.integer({ min: 0, max: 1e12 });
const weightLists = fc.array(fc.double({ min: 0, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 20 });

describe('shares of an amount', () => {
  it('sum to it, and none is a whole unit off its proportion', () => {
    fc.assert(
      fc.property(amounts, weightLists, (amount, weights) => {
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const shares = shareOut(amount, weights);
        if (total === 0) return shares.every((share) => share === 0);
        expect(shares.reduce((sum, share) => sum + share, 0)).toBe(amount);
        return shares.every(
          (share, index) => Math.abs(share - (amount * (weights[index] ?? 0)) / total) < 1 + amount * 1e-12,
        );
      }),
    );
  });

  it('go to the largest remainders, of equal ones to the first', () => {
    expect(shareOut(10, [1, 1, 1])).toEqual([4, 3, 3]);
    expect(shareOut(100, [0.333, 0.333, 0.334])).toEqual([33, 33, 34]);
    expect(shareOut(1, [0.2, 0.5, 0.3])).toEqual([0, 1, 0]);
    expect(shareOut(5, [0, 0])).toEqual([0, 0]);
  });

  it('end at once for weights and values that no arithmetic survives', () => {
    for (const weights of [
      [5e-324, 5e-324],
      [1e308, 1e308],
      [Number.NaN, 1],
      [Infinity, 1],
    ])
      expect(shareOut(1e12, weights).every(Number.isSafeInteger)).toBe(true);
    expect(roundToSum(1e12, [0, 0.5]).reduce((sum, share) => sum + share, 0)).toBe(1e12);
  });

  it('of a difference may be negative', () => {
    expect(roundToSum(-3, [-1.5, -2.4, 0.9])).toEqual([-2, -2, 1]);
    expect(roundToSum(0, [0.4, -0.4])).toEqual([0, 0]);
  });
});
