import { expect, it } from '@jest/globals';
import { meaningText } from '../../../server/queries/groups/group-texts.ts';

type Number = Parameters<typeof meaningText>[0];

it.each([
  [5, 0, 'about 5 more of A would decide'],
  [0, 1200, 'about 1,200 more of B would decide'],
  [3, 4, 'about 3 more of A and 4 more of B would decide'],
  [1, 1, 'about 1 more run of each would decide'],
])('%d and %d missing runs are said of who lacks them', (a, b, needed) => {
  const number = { verdict: 'too_few_runs', difference: null, more_runs_a: a, more_runs_b: b };
  expect(meaningText(number as Number)).toBe(`too few runs to say; ${needed}`);
});
