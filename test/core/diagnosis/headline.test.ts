import { describe, expect, it } from '@jest/globals';
import { becauseOf } from '../../../core/diagnosis/because.ts';
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

  it('says because of what, where and when', () => {
    const because = becauseOf({
      cause: 'cache_tools_reordered',
      subject: null,
      agent: 'support',
      since: 'at 14:02',
      isMore: true,
    });
    const causes = [{ title: 'cache reads 91 % → 38 %: tool list reordered', nanoUsd: 3.2 * USD, because }];
    expect(headlineOf(NAMES, 4.1 * USD, causes, 0.9 * USD).sentence).toBe(
      'Today costs $4.10 more than the 7-day average: 78 % of what raised it because the tool list of support was reordered at 14:02.',
    );
    // Nearly all is not all.
    expect(
      headlineOf(NAMES, 4 * USD, [{ title: '', nanoUsd: 3.99 * USD, because }], 0.01 * USD).sentence,
    ).toContain(': 99 % of what');
  });

  it('names no cause where none goes with the difference', () => {
    expect(headlineOf(NAMES, -USD, [{ title: 'more runs', nanoUsd: USD }], -2 * USD).sentence).toBe(
      'Today costs $1.00 less than the 7-day average; no single cause stands out.',
    );
    expect(headlineOf(NAMES, 0, [], 0).sentence).toBe('Today costs the same as the 7-day average.');
  });
});
