// Laws of the shares of a product's change.

import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { unitShares } from '../../core/diagnosis/product-shares.ts';

const factor = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1000, noNaN: true }));
const pairs = fc.array(fc.tuple(factor, factor), { minLength: 1, maxLength: 7 });

function sharesOf(states: readonly (readonly [number, number])[]): number[] {
  const units = unitShares(
    states.map(([before]) => before),
    states.map(([, after]) => after),
  );
  return states.map(([before, after], index) => (after - before) * (units[index] ?? 0));
}

function product(values: readonly number[]): number {
  return values.reduce((result, value) => result * value, 1);
}

describe('shares of the change of a product', () => {
  it('sum to the change, zeros included', () => {
    fc.assert(
      fc.property(pairs, (states) => {
        const change = product(states.map(([, after]) => after)) - product(states.map(([before]) => before));
        const sum = sharesOf(states).reduce((total, share) => total + share, 0);
        const scale = product(states.map(([before, after]) => Math.max(before, after, 1)));
        expect(Math.abs(sum - change)).toBeLessThanOrEqual(scale * 1e-9);
      }),
    );
  });

  it('are nothing for a factor that did not change, and everything for the only one that did', () => {
    const shares = sharesOf([
      [3, 3],
      [2, 5],
      [7, 7],
    ]);
    expect(shares[0]).toBe(0);
    expect(shares[2]).toBe(0);
    expect(shares[1]).toBeCloseTo(3 * 7 * (5 - 2));
  });

  it('do not depend on the order of the factors', () => {
    const [one, two] = sharesOf([
      [2, 3],
      [5, 11],
    ]);
    const [twoFirst, oneLast] = sharesOf([
      [5, 11],
      [2, 3],
    ]);
    expect(oneLast).toBeCloseTo(one ?? 0);
    expect(twoFirst).toBeCloseTo(two ?? 0);
    // By hand: half of 1 × (5 + 11), half of 6 × (2 + 3).
    expect([one, two]).toEqual([8, 15]);
  });
});
