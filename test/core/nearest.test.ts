import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { nearestOf } from '../../core/text/nearest.ts';

const WORDS = ['runs', 'run_count', 'cost', 'cost_today'];

describe('the nearest neighbour of a word', () => {
  it.each([
    ['cots', 'cost'],
    ['run_cuont', 'run_count'],
    ['cost_toda', 'cost_today'],
    ['costtoday', 'cost_today'],
    ['runs', 'runs'],
    ['cost_to', 'cost_today'],
    ['something_else', undefined],
  ])('%s → %s', (word, expected) => {
    expect(nearestOf(word, WORDS)).toBe(expected);
  });

  it('is as far as the distance allows and no farther', () => {
    expect(nearestOf('abcd', ['abxy'], 2)).toBe('abxy');
    expect(nearestOf('abcd', ['axyz'], 2)).toBeUndefined();
    expect(nearestOf('', ['abcd'])).toBe('abcd');
    expect(nearestOf('', ['abcde'])).toBeUndefined();
  });

  it('is the word itself where it is known', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { minLength: 1 }), (words) => {
        const [word = ''] = words;
        expect(nearestOf(word, words)).toBe(word);
      }),
    );
  });
});
