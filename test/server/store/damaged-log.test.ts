// A data folder whose process was killed, and whose log was then cut or damaged: it opens, with what can be saved, and
// says in numbers what that is.

import { cp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { makeDataDir } from '../data-dir.ts';
import { openTestStore, removeTestStore, type TestStore } from '../test-store.ts';

const COMMITS = 20;
const ROWS = 100;
const LOG = 'tallyspan.duckdb.wal';

let killed: string;
let log: Buffer;

beforeAll(async () => {
  const running = await openTestStore();
  for (let commit = 0; commit < COMMITS; commit++)
    await running.store.write({
      events: Array.from({ length: ROWS }, (_, index) => ({
        timestamp: 1_795_000_000_000 + commit,
        'event.name': 'agent.note' as const,
        'service.instance.id': 'p',
        'tallyspan.seq': commit * ROWS + index + 1,
        'agent.note.text': `note ${commit}/${index}`,
      })),
      spans: [],
    });
  // As a kill leaves it: nothing is checkpointed.
  killed = await makeDataDir();
  await cp(running.dataDir, killed, { recursive: true });
  await removeTestStore(running);
  log = await readFile(path.join(killed, LOG));
});

afterAll(() => rm(killed, { recursive: true, force: true }));

/** Opens a copy of the folder with another log. */
async function openWith(bytes: Buffer): Promise<{ opened: TestStore; rows: number; saved: number }> {
  const dataDir = await makeDataDir();
  await cp(killed, dataDir, { recursive: true });
  await writeFile(path.join(dataDir, LOG), bytes);
  const opened = await openTestStore(dataDir);
  const [row] = await opened.database.all('SELECT count(*) AS rows FROM agent_note');
  const said = /with ([\d,]+) rows? were read/.exec(opened.database.recovery ?? '')?.[1];
  const saved = Number(said?.replaceAll(',', '') ?? Number.NaN);
  return { opened, rows: Number(row?.['rows']), saved };
}

describe('a log', () => {
  it('that is whole is read without a word', async () => {
    const { opened, rows } = await openWith(log);
    expect([rows, opened.database.recovery]).toEqual([COMMITS * ROWS, undefined]);
    await removeTestStore(opened);
  });

  it.each([0.02, 0.3, 0.5, 0.9, 0.9999])('cut at %f of it gives the commits before', async (share) => {
    const { opened, rows, saved } = await openWith(log.subarray(0, Math.floor(log.length * share)));
    expect(saved).toBe(rows);
    expect(rows % ROWS).toBe(0);
    expect(rows).toBeGreaterThanOrEqual(Math.floor(COMMITS * share - 1) * ROWS);
    expect(opened.database.recovery).toMatch(/ends within a commit/);
    await removeTestStore(opened);
  });

  it('that is cut stays where it is when the file is in use', async () => {
    const { opened } = await openWith(log);
    // As a look at it finds it while it is written.
    await writeFile(path.join(opened.dataDir, LOG), log.subarray(0, log.length - 10));
    await expect(openTestStore(opened.dataDir)).rejects.toThrow('already open');
    expect(await readdir(opened.dataDir)).toContain(LOG);
    await rm(path.join(opened.dataDir, LOG));
    await removeTestStore(opened);
  });

  it.each([0.001, 0.1, 0.37, 0.5, 0.73, 0.98])(
    'with one damaged byte at %f of it loses one commit, and says so',
    async (share) => {
      const bytes = Buffer.from(log);
      const at = Math.floor(log.length * share);
      bytes[at] = (bytes[at] as number) ^ 0xff;
      const { opened, rows, saved } = await openWith(bytes);
      expect([rows, saved]).toEqual([(COMMITS - 1) * ROWS, (COMMITS - 1) * ROWS]);
      expect(opened.database.recovery).toMatch(/is damaged/);
      expect((await readdir(opened.dataDir)).some((name) => name.includes('.wal.damaged-'))).toBe(true);
      // It goes on, and takes what was lost when it is sent again.
      await opened.store.write({
        events: [
          { timestamp: 1, 'event.name': 'agent.note', 'service.instance.id': 'q', 'tallyspan.seq': 1 },
        ],
        spans: [],
      });
      await removeTestStore(opened);
    },
  );
});
