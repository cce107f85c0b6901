import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { readdir, rm, statfs, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { EventRecord } from '../../../core/event.ts';
import { describeWhere } from '../../fixtures/describe-where.ts';
import { waitUntil } from '../../stack/process.ts';
import { canMountDisks, mountDisk, unmountDisk } from '../small-disk.ts';
import { getJson, sendEvents, startTestServer, type TestServer } from '../harness.ts';

const DISK = '40m';
/** What another program has on the disk. */
const BALLAST_BYTES = 16 * 1024 * 1024;
const EVENTS_PER_REQUEST = 500;

let disk: string;
let dataDir: string;
let server: TestServer;
let sent = 0;
let acknowledged = 0;

/** Events of random text, which does not shrink. */
function someEvents(): EventRecord[] {
  return Array.from({ length: EVENTS_PER_REQUEST }, () => ({
    timestamp: Date.now(),
    'event.name': 'agent.note',
    'service.name': 'support-service',
    'service.instance.id': 'process-1',
    'tallyspan.seq': sent++,
    'agent.note.kind': 'note',
    'agent.note.text': Array.from({ length: 35 }, () => Math.random().toString(36).slice(2)).join(''),
  }));
}

async function send(): Promise<boolean> {
  try {
    await sendEvents(server, someEvents());
    acknowledged += EVENTS_PER_REQUEST;
    return true;
  } catch (error) {
    if (!/503 .*could not be stored: no space is left on the disk; try again/.test(String(error)))
      throw error;
    return false;
  }
}

async function sendUntilFull(): Promise<void> {
  while (await send());
  // The next failure may be of another kind: the file is attached again, and its log takes nothing.
  expect(await send()).toBe(false);
}

/** Leaves no room for anything. */
async function fillDisk(): Promise<void> {
  const { bavail, bsize } = await statfs(disk);
  await writeFile(path.join(disk, 'more'), Buffer.alloc(bavail * bsize));
}

async function makeRoom(): Promise<void> {
  await rm(path.join(disk, 'ballast'));
  await rm(path.join(disk, 'more'), { force: true });
}

async function readHealth(): Promise<unknown> {
  const answer = await fetch(`${server.uiUrl}/healthz`);
  return [answer.status, await answer.json()];
}

async function countEvents(): Promise<number> {
  return (await getJson<{ events: number }>(server, '/api/meta')).events;
}

describeWhere(
  canMountDisks(),
  'full disk',
  'no small file system can be mounted here',
)('a full disk', () => {
  beforeEach(async () => {
    disk = mountDisk(DISK) as string;
    dataDir = path.join(disk, 'data');
    await writeFile(path.join(disk, 'ballast'), Buffer.alloc(BALLAST_BYTES));
    server = await startTestServer({ dataDir });
    acknowledged = 0;
  });

  afterEach(async () => {
    await server.close().catch(() => undefined);
    unmountDisk(disk);
  });

  it('is reported by /healthz, and forgotten when there is room again, with nothing lost', async () => {
    expect(await readHealth()).toEqual([200, { status: 'ok' }]);
    await sendUntilFull();
    const failing = {
      status: 'failing',
      what: 'nothing can be stored: no space is left on the disk. Senders are asked to try again.',
      since: expect.stringMatching(/Z$/),
    };
    expect(await readHealth()).toEqual([503, failing]);
    // What is stored can be read meanwhile.
    expect(await countEvents()).toBeGreaterThanOrEqual(acknowledged);
    await fillDisk();
    await new Promise((later) => setTimeout(later, 1100));
    expect(await readHealth()).toEqual([503, failing]);

    await makeRoom();
    await waitUntil(async () => (await fetch(`${server.uiUrl}/healthz`)).ok, { what: () => 'health' });
    expect(await send()).toBe(true);
    expect(await countEvents()).toBeGreaterThanOrEqual(acknowledged);
    expect((await readdir(dataDir)).filter((name) => /-.*\.tmp/.test(name))).toEqual([]);
  });

  it('does not lose what was acknowledged when the server stops, which says so, nor at the next start', async () => {
    await sendUntilFull();
    await fillDisk();
    await expect(server.close()).rejects.toThrow(
      /tallyspan\.duckdb\.wal holds could not be moved to .*: no space is left on the disk\. Nothing is lost/,
    );
    await expect(startTestServer({ dataDir })).rejects.toThrow(
      /tallyspan\.duckdb cannot be opened: no space is left on the disk, and what .*\.wal holds .* 0\.0 MB are free\. Free some/,
    );
    await makeRoom();
    server = await startTestServer({ dataDir });
    expect(await countEvents()).toBeGreaterThanOrEqual(acknowledged);
  });
});
