import { expect, it } from '@jest/globals';
import { remembered } from '../../core/remembered.ts';

it('computes for a key once, and again once its memory was full', () => {
  const asked: string[] = [];
  const orderOf = remembered((text: string) => asked.push(text), 2);
  expect([orderOf('a'), orderOf('b'), orderOf('a')]).toEqual([1, 2, 1]);
  expect(orderOf('c')).toBe(3);
  expect(orderOf('a')).toBe(4);
  expect(asked).toEqual(['a', 'b', 'c', 'a']);
});

it('keeps what counts as nothing', () => {
  let count = 0;
  const isThere = remembered((text: string) => {
    count += 1;
    return text === '';
  }, 2);
  expect([isThere('a'), isThere('a'), count]).toEqual([false, false, 1]);
});
