import { describe, expect, it } from '@jest/globals';
import { headlineOf, shareOfSide } from '../../../core/diagnosis/headline.ts';

const NAMES = { now: 'Today', isGoingOn: true, against: 'the 7-day average' };
const USD = 1e9;

describe('the headline', () => {
  it('gives shares that sum on each side, however far the sides cancel', () => {
    const causes = [
      { title: 'cache reads fell', nanoUsd: 6 * USD },
      { title: 'fewer runs', nanoUsd: -4 * USD },
    ];
    const headline = headlineOf(NAMES, 4 * USD, causes, 2 * USD);
    expect(headline.sentence).toBe(
      'Today costs $4.00 more than the 7-day average. 75.0 % of what raised it: cache reads fell.',
    );
    const shares = [...causes.map(({ nanoUsd }) => nanoUsd), 2 * USD].map((value) =>
      shareOfSide(value, headline),
    );
    expect(shares).toEqual([0.75, 1, 0.25]);
  });

  it('names no cause where none goes with the difference', () => {
    expect(headlineOf(NAMES, -USD, [{ title: 'more runs', nanoUsd: USD }], -2 * USD).sentence).toBe(
      'Today costs $1.00 less than the 7-day average; no single cause stands out.',
    );
    expect(headlineOf(NAMES, 0, [], 0).sentence).toBe('Today costs the same as the 7-day average.');
  });
});
