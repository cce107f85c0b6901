import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { openDatabase } from '../../../server/store/file/database.ts';
import { migrate } from '../../../server/store/file/migrations.ts';
import { makeDataDir } from '../data-dir.ts';

const ID = '0b9a8a5e-6a55-4a6e-9d5c-6f1d2a3b4c5d';

let dataDir: string;

beforeEach(async () => {
  dataDir = await makeDataDir();
});

afterEach(() => rm(dataDir, { recursive: true, force: true }));

describe('a start', () => {
  it('removes what a killed process left beside the data, and nothing else', async () => {
    const left = [
      `tallyspan.duckdb.${ID}.tmp`,
      `tallyspan.duckdb.${ID}.tmp.wal`,
      'tallyspan.duckdb.compact',
      'tallyspan.duckdb.compact.wal',
    ];
    const others = ['alerts.json', 'tallyspan.duckdb.old', 'tallyspan.duckdb.tmp.mine', `${ID}.tmp`];
    for (const name of [...left, ...others]) await writeFile(path.join(dataDir, name), 'something');
    await mkdir(path.join(dataDir, 'tallyspan.duckdb.tmp'));
    await writeFile(path.join(dataDir, 'tallyspan.duckdb.tmp/duckdb_temp_storage-0.tmp'), 'something');
    await (await openDatabase(dataDir)).close();
    expect((await readdir(dataDir)).toSorted()).toEqual([...others, 'tallyspan.duckdb'].toSorted());
  });

  it.each([0, 4096, 8192])(
    'begins again where one was killed after %i bytes of a new file',
    async (length) => {
      const file = path.join(dataDir, 'tallyspan.duckdb');
      await (await openDatabase(dataDir)).close();
      await writeFile(file, (await readFile(file)).subarray(0, length));
      await (await openDatabase(dataDir)).close();
      expect((await stat(file)).size).toBeGreaterThan(8192);
    },
  );

  it('that another process keeps out removes nothing', async () => {
    const database = await openDatabase(dataDir);
    const file = `tallyspan.duckdb.${ID}.tmp`;
    await writeFile(path.join(dataDir, file), 'something');
    await expect(openDatabase(dataDir)).rejects.toThrow('already open');
    expect(await readdir(dataDir)).toContain(file);
    await database.close();
  });
});

describe('a migration that fails', () => {
  it('says why, also when it cannot be rolled back', async () => {
    const database = await openDatabase(dataDir);
    const writer = database.writer as DuckDBConnection;
    // DuckDB rolls back by itself when a commit fails.
    const failing = new Proxy(writer, {
      get(target, key) {
        if (key !== 'run') return (target[key as keyof DuckDBConnection] as () => unknown).bind(target);
        return async (sql: string) => {
          if (sql !== 'COMMIT') return target.run(sql);
          await target.run('ROLLBACK');
          throw new Error('the disk is full');
        };
      },
    });
    await expect(migrate(failing, database.file)).rejects.toThrow('the disk is full');
    await database.close();
  });
});
