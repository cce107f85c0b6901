// A question that finds the memory of the database in use by others is answered with more of it.

import { DuckDBInstance } from '@duckdb/node-api';
import { expect, it } from '@jest/globals';
import { ReaderPool } from '../../../server/store/file/reader-pool.ts';

const FAULT = 'Out of Memory Error: failed to pin block of size 256.0 KiB (60.8 MiB/61.0 MiB used)';

it('is asked once more with more memory, which is given back', async () => {
  const instance = await DuckDBInstance.create(':memory:');
  const setUp = await instance.connect();
  await setUp.run("ATTACH ':memory:' AS tallyspan");
  setUp.closeSync();
  const pool = await ReaderPool.open(instance);
  const limits: unknown[] = [];
  const readLimit = (canRepeat: boolean): Promise<unknown> =>
    pool.use(
      async (connection) => {
        const reader = await connection.runAndReadAll("SELECT current_setting('memory_limit')");
        limits.push(reader.getRows()[0]?.[0]);
        if (limits.length % 2 === 1) throw new Error(FAULT);
        return 'answer';
      },
      () => canRepeat,
    );
  expect(await readLimit(true)).toBe('answer');
  const [usual, more] = limits;
  expect(more).not.toBe(usual);
  await expect(readLimit(false)).rejects.toThrow('Out of Memory');
  expect(limits.length).toBe(3);
  // What of an answer was handed over already is not handed over twice.
  let isTaken = false;
  const taking = pool.use(
    async () => {
      isTaken = true;
      throw new Error(FAULT);
    },
    () => !isTaken,
  );
  await expect(taking).rejects.toThrow('Out of Memory');
  const [again] = await pool.use(async (connection) =>
    (await connection.runAndReadAll("SELECT current_setting('memory_limit')")).getRows(),
  );
  expect(again?.[0]).not.toBe(more);
  pool.close();
  instance.closeSync();
});
