// Laws of matching the messages of two requests, folded or not.

import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { messageCountOf, matchMessages } from '../../../core/attribution/prefix-match.ts';
import { foldMessages } from '../../../core/attribution/request-shape.ts';

const aHistory = fc.array(fc.constantFrom(1, 2, 3), { maxLength: 8 });
const aLongHistory = fc.array(fc.nat({ max: 9 }), { minLength: 60, maxLength: 150 });

describe('histories that are not folded', () => {
  it('have in common what both begin with', () => {
    fc.assert(
      fc.property(aHistory, aHistory, aHistory, (start, one, other) => {
        const [before, after] = [one, other].map((rest) => [...start, ...rest].map(String)) as [
          string[],
          string[],
        ];
        let common = 0;
        while (common < Math.min(before.length, after.length) && before[common] === after[common]) common++;
        expect(matchMessages(before, after)).toEqual({
          common,
          before: before.length,
          after: after.length,
        });
      }),
    );
  });
});

describe('folded histories', () => {
  it('count their messages, and a history is all in common with itself and with what continues it', () => {
    fc.assert(
      fc.property(aLongHistory, aLongHistory, (history, more) => {
        const before = foldMessages(history);
        const after = foldMessages([...history, ...more]);
        expect(messageCountOf(before)).toBe(history.length);
        expect(matchMessages(before, before)).toEqual({
          common: history.length,
          before: history.length,
          after: history.length,
        });
        expect(matchMessages(before, after).common).toBe(history.length);
      }),
      { numRuns: 40 },
    );
  });

  it('have all of the shorter one in common, folded or not, whichever is first', () => {
    const aLength = fc.integer({ min: 1, max: 150 });
    fc.assert(
      fc.property(aLongHistory, aLongHistory, aLength, (start, more, length) => {
        const long = [...start, ...more];
        const [whole, part] = [foldMessages(long), foldMessages(long.slice(0, length))];
        const least = Math.min(length, long.length);
        expect(matchMessages(whole, part)).toEqual({ common: least, before: long.length, after: least });
        expect(matchMessages(part, whole)).toEqual({ common: least, before: least, after: long.length });
      }),
      { numRuns: 40 },
    );
  });

  it('have the same in common whichever is first, and never more than they have', () => {
    fc.assert(
      fc.property(aLongHistory, fc.nat({ max: 149 }), (history, at) => {
        const changed = history.with(at % history.length, 99);
        const [one, other] = [foldMessages(history), foldMessages(changed)];
        const there = matchMessages(one, other);
        const back = matchMessages(other, one);
        expect(there.common).toBe(back.common);
        expect(there.common).toBeLessThanOrEqual(at % history.length);
      }),
      { numRuns: 40 },
    );
  });

  it('are not told apart where the shorter one ends within a fold of the longer', () => {
    const fold = '32*abc';
    expect(matchMessages([fold, 'x'], [fold, 'y'])).toMatchObject({ common: 32, before: 33 });
    expect(matchMessages(['a', 'b', 'c'], [fold, 'y']).common).toBe(3);
    expect(matchMessages([fold, 'y'], ['a', 'b', 'c']).common).toBe(3);
    expect(matchMessages([fold], ['32*other']).common).toBe(0);
  });
});

describe('the length of a list', () => {
  it.each([
    ['2*abc', 2],
    ['32*abc', 32],
    ['abc', 1],
    ['*abc', 1],
    ['0*abc', 1],
    ['-3*abc', 1],
    ['1.5*abc', 1],
    ['99999999999999999999*abc', 1],
    ['x*abc', 1],
  ])('with only %s is %p', (entry, length) => {
    expect(messageCountOf([entry])).toBe(length);
  });
});
