import { describe, expect, it } from '@jest/globals';
import { addToRanges } from '../../server/store/seen-events.ts';
import { Random } from '../fixtures/random.ts';

describe('the places of a process that were seen', () => {
  it('are the same as in a set, whatever the order', () => {
    const random = new Random(7);
    for (let round = 0; round < 200; round++) {
      const ranges: { from: number; to: number }[] = [];
      const seen = new Set<number>();
      const wrong: number[] = [];
      for (let n = 0; n < 100; n++) {
        const place = random.int(1, 60);
        if (addToRanges(ranges, place) === seen.has(place)) wrong.push(place);
        seen.add(place);
      }
      expect(wrong).toEqual([]);
      const listed = ranges.flatMap(({ from, to }) =>
        Array.from({ length: to - from + 1 }, (_, i) => from + i),
      );
      expect(listed).toEqual([...seen].toSorted((a, b) => a - b));
    }
  });

  it('are one range when nothing is missing, so that a process costs next to no memory', () => {
    const ranges: { from: number; to: number }[] = [];
    for (let place = 1; place <= 10_000; place++) addToRanges(ranges, place);
    expect(ranges).toEqual([{ from: 1, to: 10_000 }]);
  });
});
