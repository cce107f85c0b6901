// A file of an older version, with a log of its own, is brought to today's form. Killed, without power, or with a disk that
// is full from there on, at each sync, rename and removal and at many writes: the next start has every event, once.

import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeWhere } from '../fixtures/describe-where.ts';
import { makeDataDir } from '../server/data-dir.ts';
import { blockBytesOf, useFirstFormat, useOldBlocks } from '../server/old-blocks.ts';
import { openTestStore } from '../server/test-store.ts';
import { BLOCK_BYTES } from '../../server/store/file/attached-file.ts';
import { buildLossyDevice, canBuildDevices } from './device/lossy-device.ts';
import { buildStoreWork } from './store-work-program.ts';

const IN_FILE = 3000;
const IN_LOG = 1000;
const KILLED = 137;

/** How the process is stopped, at which changes of the folder, and how many of them are between two stops. */
const STOPS: readonly (readonly [string, Readonly<Record<string, string>>, number])[] = [
  ['killed at a rename', { LOSSY_KEEPS: '1', LOSSY_KIND: 'rename' }, 1],
  ['killed at a removal', { LOSSY_KEEPS: '1', LOSSY_KIND: 'removal' }, 1],
  ['killed at a sync', { LOSSY_KEEPS: '1', LOSSY_KIND: 'sync' }, 3],
  ['killed at a write', { LOSSY_KEEPS: '1', LOSSY_KIND: 'write' }, 70],
  ['without power at a sync', { LOSSY_KIND: 'sync' }, 5],
  ['full from a write on', { LOSSY_FULL: '1', LOSSY_KIND: 'write' }, 70],
];

let scratch: string;
let template: string;
let library: string;
let program: string;

const notesSql = (from: number, rows: number): string =>
  `INSERT INTO events BY NAME SELECT 'agent.note' AS event_name, make_timestamptz((1795000000000 + range) * 1000) AS timestamp,
     range AS tallyspan_seq, uuid()::VARCHAR AS agent_note_text FROM range(${from}, ${from + rows})`;

beforeAll(async () => {
  scratch = await makeDataDir();
  template = path.join(scratch, 'template');
  mkdirSync(template);
  await (await openTestStore(template)).database.close();
  await useOldBlocks(
    template,
    async (connection) => {
      await useFirstFormat(connection);
      await connection.run(notesSql(0, IN_FILE));
    },
    async (connection) => void (await connection.run(notesSql(IN_FILE, IN_LOG))),
  );
});

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Renews a copy of the template with a device that stops it; how it ended. */
function renew(folder: string, stop: Readonly<Record<string, string>>): string {
  cpSync(template, folder, { recursive: true });
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, 'migration', folder], {
    encoding: 'utf8',
    env: {
      ...process.env,
      NODE_COMPILE_CACHE: path.join(scratch, 'compiled'),
      LD_PRELOAD: library,
      LOSSY_FOLDER: folder,
      ...stop,
    },
  });
  if (status === KILLED) return 'killed';
  if (/no space is left on the disk/.test(stdout + stderr)) return 'full';
  return status === 0 ? 'renewed' : stderr;
}

async function expectAll(folder: string): Promise<void> {
  const { database } = await openTestStore(folder);
  const [row] = await database.all(
    'SELECT count(*) AS n, count(DISTINCT tallyspan_seq) AS d, sum(tallyspan_seq) AS s FROM agent_note',
  );
  const rows = IN_FILE + IN_LOG;
  expect(row).toEqual({ n: rows, d: rows, s: (rows * (rows - 1)) / 2 });
  expect(await blockBytesOf(database)).toBe(BLOCK_BYTES);
  await database.close();
}

describeWhere(
  canBuildDevices(),
  'a renewal that is stopped',
  'there is no gcc, or it is not Linux',
)('a renewal that is stopped', () => {
  beforeAll(async () => {
    library = buildLossyDevice(scratch);
    program = await buildStoreWork();
  });

  it.each(STOPS)(
    '%s leaves every event to the next start',
    async (_name, stop, step) => {
      const ends: string[] = [];
      for (let change = 1; ends.at(-1) !== 'renewed'; change += step) {
        const folder = path.join(scratch, 'data');
        ends.push(renew(folder, { ...stop, LOSSY_CHANGES: String(change) }));
        await expectAll(folder);
        rmSync(folder, { recursive: true });
      }
      expect(ends.length).toBeGreaterThan(1);
      const isFull = stop['LOSSY_FULL'] !== undefined;
      expect(new Set(ends)).toEqual(new Set([isFull ? 'full' : 'killed', 'renewed']));
    },
    120_000,
  );
});
