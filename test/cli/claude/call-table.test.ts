import { describe, expect, test } from '@jest/globals';
import { array, assert, integer, nat, oneof, property, tuple } from 'fast-check';
import { CallTable } from '../../../cli/claude/call-table.ts';

describe('a table of calls', () => {
  test('holds what a Map would, whatever came before, and reads what it wrote', () => {
    const keys = oneof(
      integer({ min: 1, max: 2 ** 52 - 1 }),
      integer({ min: 1, max: 5000 }),
      // The same place of a small table.
      integer({ min: 1, max: 3000 }).map((n) => n * 2048 + 7),
    );
    assert(
      property(array(tuple(keys, nat()), { maxLength: 4000, size: 'max' }), (calls) => {
        const table = new CallTable();
        const map = new Map<number, number>();
        for (const [key, value] of calls) {
          table.set(key, value);
          map.set(key, value);
        }
        const read = new CallTable();
        read.addAll(table.toCells());
        const values = [...map.values()];
        for (const each of [table, read]) expect([...map.keys()].map((key) => each.get(key))).toEqual(values);
        expect(table.toCells()).toHaveLength(2 * map.size);
        expect(table.get(2 ** 52 + 1)).toBeUndefined();
      }),
      { numRuns: 10 },
    );
  });

  test('goes on from damaged cells', () => {
    const table = new CallTable();
    table.addAll(Float64Array.of(3, 30, Number.NaN, 1, 0, 2, -4, 5, 9));
    expect([...table.toCells()]).toEqual([3, 30]);
  });
});
