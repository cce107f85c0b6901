// Leases through crashes: four processes use one limit of the day; the server and two of them are killed while leases are
// out. Nothing that was granted is lost, and nothing is counted twice.

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { SharedLimit } from '../../core/limits/leases.ts';
import { LimitKeeper } from '../../server/limits/limit-keeper.ts';
import { answer } from '../fakes/messages.ts';
import { startChildServer, type ChildServer } from '../server/child-server.ts';
import { makeDataDir } from '../server/data-dir.ts';
import { openHarness, type Harness, type Outcome } from './harness.ts';

const PROGRAM = path.join(import.meta.dirname, 'programs/limits.mjs');
/** Of a request: what it costs, and what is reserved for it at most. */
const COST = 400_000;
const WORST = 1_100_000;
const LIMIT = 80_000_000;
const SLICE = LIMIT / 10;
/** Two killed processes: of each a call that was under way, and one that was being told. */
const UNTOLD = 4 * COST;
const LONGEST_MS = 120_000;

let harness: Harness;
let server: ChildServer;
let dataDir: string;
beforeAll(async () => {
  harness = await openHarness();
  dataDir = await makeDataDir();
  server = await open(0);
});
afterAll(async () => {
  await server.stop('SIGTERM');
  await harness.close();
  await rm(dataDir, { recursive: true, force: true });
});

const open = (uiPort: number): Promise<ChildServer> =>
  startChildServer({ dataDir, uiPort, grpcPort: 0, httpPort: 0 });

async function today(): Promise<SharedLimit & Readonly<Record<string, number>>> {
  const response = await fetch(`${server.uiUrl}/api/limits`);
  const { limits } = (await response.json()) as { limits: (SharedLimit & Record<string, number>)[] };
  if (limits[0] === undefined) throw new Error('no limit is shared');
  return limits[0];
}

/** What the file of the server says, as the next server will read it. */
async function storedSpent(): Promise<number> {
  const keeper = await LimitKeeper.open(dataDir, () => undefined);
  return keeper.today()[0]?.spentNanoUsd ?? 0;
}

const until = async (isTrue: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await isTrue())) await setTimeout(100);
};

it(
  'a limit of the day survives the server and half of the processes killed with leases out',
  async () => {
    const counts = [0, 0, 0, 0];
    const kills: (() => void)[] = [];
    const sum = (): number => counts.reduce((total, count) => total + count, 0) * COST;
    const processes = counts.map((_, index) =>
      harness.run(PROGRAM, {
        scenario: {
          exchanges: [],
          respond: () => {
            counts[index] = (counts[index] ?? 0) + 1;
            return answer();
          },
        },
        arguments: ['steady'],
        longestMs: LONGEST_MS,
        endpoint: 'absent',
        environment: {
          PACKAGE: path.join(harness.packageDir, 'index.mjs'),
          TALLYSPAN_LIMIT_USER_DAY: '$0.08',
          TALLYSPAN_LIMIT_SERVER: server.uiUrl,
          TALLYSPAN_LOG: 'off',
        },
        during: (child) => {
          kills[index] = () => child.kill('SIGKILL');
          return Promise.resolve();
        },
      }),
    );
    await until(() => counts.every((count) => count >= 4));
    const atKill = await today();
    expect(atKill.processes).toBe(4);
    // What the server has heard and not yet answered may not be on disk.
    await until(async () => (await storedSpent()) >= (atKill['spent_nano_usd'] ?? 0));
    kills[0]?.();
    kills[1]?.();
    const dead: readonly Outcome[] = await Promise.all(processes.slice(0, 2));
    const port = Number(new URL(server.uiUrl).port);
    await server.stop('SIGKILL');
    server = await open(port);

    // What was on disk when it was killed is known still: who holds what, and what was spent.
    const back = await today();
    expect(back['spent_nano_usd']).toBeGreaterThanOrEqual(atKill['spent_nano_usd'] ?? Infinity);
    expect(back['limit_nano_usd']).toBe(LIMIT);

    // What the dead ones held comes back when their leases end, and the living use it: nothing is lost.
    await until(() => sum() > LIMIT - WORST - UNTOLD);
    await until(async () => sum() - ((await today())['spent_nano_usd'] ?? 0) <= UNTOLD);
    for (const kill of kills.slice(2)) kill();
    await Promise.all(processes.slice(2));

    const end = await today();
    const { spent_nano_usd: spent = 0, reserved_nano_usd: held = 0, left_nano_usd: left = 0 } = end;
    // The living say each of their calls.
    expect(sum() - spent).toBeGreaterThanOrEqual(0);
    expect(sum() - spent).toBeLessThanOrEqual(UNTOLD);
    expect(spent + held + left).toBe(LIMIT);
    expect(spent).toBeLessThanOrEqual(LIMIT);
    // The stated bound: a slice for each process that ended without a word, or went on while it could not ask.
    expect(sum()).toBeLessThanOrEqual(LIMIT + 4 * SLICE);
    // As it was: only what the killed had under way.
    expect(sum()).toBeLessThanOrEqual(LIMIT + UNTOLD);
    expect(dead.map(({ signal }) => signal)).toEqual(['SIGKILL', 'SIGKILL']);
  },
  LONGEST_MS,
);
