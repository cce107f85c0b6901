import { describe, expect, it } from '@jest/globals';
import { cacheAnswers } from '../../../server/queries/answer-cache.ts';
import type { DatabaseRow } from '../../../server/store/file/database.ts';

function makeStore(rows = 1) {
  const store = {
    version: 1,
    asked: 0,
    all: async (): Promise<DatabaseRow[]> => {
      store.asked++;
      return Array.from({ length: rows }, () => ({ asked: store.asked }));
    },
  };
  return { store, ask: cacheAnswers(store, () => store.version) };
}

describe('an answer', () => {
  it('is kept until something is stored', async () => {
    const { store, ask } = makeStore();
    expect(await ask('SELECT 1', [1])).toEqual([{ asked: 1 }]);
    expect(await ask('SELECT 1', [1])).toEqual([{ asked: 1 }]);
    expect(await ask('SELECT 1', [2])).toEqual([{ asked: 2 }]);
    store.version++;
    expect(await ask('SELECT 1', [1])).toEqual([{ asked: 3 }]);
  });

  it('that was read while something was stored is not kept', async () => {
    const { store, ask } = makeStore();
    const reading = ask('SELECT 1');
    store.version++;
    await reading;
    store.version--;
    await ask('SELECT 1');
    expect(store.asked).toBe(2);
  });

  it('of thousands of rows is not kept', async () => {
    const { store, ask } = makeStore(5001);
    await ask('SELECT 1');
    await ask('SELECT 1');
    expect(store.asked).toBe(2);
  });

  it('that failed is asked for again', async () => {
    let calls = 0;
    const ask = cacheAnswers(
      {
        all: async () => {
          calls++;
          if (calls === 1) throw new Error('interrupted');
          return [];
        },
      },
      () => 1,
    );
    await expect(ask('SELECT 1')).rejects.toThrow('interrupted');
    expect(await ask('SELECT 1')).toEqual([]);
  });
});
