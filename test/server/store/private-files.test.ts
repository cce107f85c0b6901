import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chmod, mkdir, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { exportEvents, backupDatabase } from '../../../server/queries/export/export-events.ts';
import { openDatabaseReadOnly } from '../../../server/store/file/database.ts';
import { makeDataDir, sendEvents, startTestServer, type TestServer } from '../harness.ts';
import { sampleRun } from '../web/sample-run.ts';

/** What most systems have: others may read. */
const USUAL_UMASK = 0o022;

let parent: string;
let dataDir: string;
let server: TestServer | undefined;
let umaskBefore: number;

beforeEach(async () => {
  umaskBefore = process.umask(USUAL_UMASK);
  parent = await makeDataDir();
  dataDir = path.join(parent, 'data');
});

afterEach(async () => {
  await server?.close();
  server = undefined;
  process.umask(umaskBefore);
  await rm(parent, { recursive: true, force: true });
});

async function modeOf(...names: string[]): Promise<string> {
  return ((await stat(path.join(dataDir, ...names))).mode & 0o777).toString(8);
}

async function modesIn(folder: string): Promise<Record<string, string>> {
  const names = await readdir(path.join(dataDir, folder));
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await modeOf(folder, name)])));
}

async function startWithRun(): Promise<TestServer> {
  server = await startTestServer({ dataDir });
  await sendEvents(server, sampleRun({ mark: 'a', endMs: Date.now() }));
  return server;
}

/** Modes of the temporary folders beside the data and of what is in them. */
async function temporaryModes(): Promise<unknown[]> {
  const folders = (await readdir(dataDir)).filter((name) => /-.*\.tmp$/.test(name));
  return Promise.all(folders.map(async (name) => [await modeOf(name), Object.keys(await modesIn(name))]));
}

describe('a data folder', () => {
  it('that the server makes is its owner’s, with all that is in it, and the umask is as it was afterwards', async () => {
    const running = await startWithRun();
    expect(await modeOf()).toBe('700');
    expect(await modesIn('')).toMatchObject({ 'tallyspan.duckdb': '600', 'tallyspan.duckdb.wal': '600' });
    expect(new Set(Object.values(await modesIn('')))).toEqual(new Set(['600']));
    await running.close();
    expect(await modeOf('tallyspan.duckdb')).toBe('600');
    expect(process.umask()).toBe(USUAL_UMASK);
  });

  it('of somebody who has it so stays open; the files of an earlier server do not', async () => {
    await (await startWithRun()).close();
    await chmod(path.join(dataDir, 'tallyspan.duckdb'), 0o644);
    await chmod(dataDir, 0o755);
    await startWithRun();
    expect(await modeOf()).toBe('755');
    expect(await modesIn('')).toMatchObject({ 'tallyspan.duckdb': '600', 'tallyspan.duckdb.wal': '600' });
  });

  it('that cannot be opened leaves the umask as it was', async () => {
    await mkdir(path.join(dataDir, 'tallyspan.duckdb'), { recursive: true });
    await expect(startTestServer({ dataDir })).rejects.toThrow('tallyspan.duckdb');
    expect(process.umask()).toBe(USUAL_UMASK);
  });
});

describe('a temporary file beside the data', () => {
  it('of an export or a backup is its owner’s, and gone afterwards', async () => {
    await (await startWithRun()).close();
    const database = await openDatabaseReadOnly(dataDir);
    for (const bytes of [exportEvents(database, { format: 'parquet' }), backupDatabase(database)]) {
      const modes: unknown[] = [];
      for await (const _ of bytes) modes.push(...(await temporaryModes()));
      expect(modes[0]).toEqual(['700', ['file']]);
    }
    expect(await temporaryModes()).toEqual([]);
    await database.close();
  });
});
