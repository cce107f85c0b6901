// Kill −9 twenty times during each work on a data folder, and a device that loses what was not synced ten times during
// ingest: the folder opens again, and what was acknowledged is in it, once.

import { spawn, spawnSync } from 'node:child_process';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { encodeEvent, type EventRecord } from '../../core/event.ts';
import { modelCallFields } from '../../core/model-call/model-call-fields.ts';
import { priceCall } from '../../core/pricing/cost.ts';
import { readUsage } from '../../core/pricing/usage.ts';
import { DAY_MS } from '../../core/time/time.ts';
import { describeWhere } from '../fixtures/describe-where.ts';
import { makeDataDir } from '../server/data-dir.ts';
import { useFirstFormat, useOldBlocks } from '../server/old-blocks.ts';
import { openTestStore, removeTestStore } from '../server/test-store.ts';
import { buildLossyDevice, canBuildDevices } from './device/lossy-device.ts';
import { buildStoreWork } from './store-work-program.ts';

const KILLS = 20;
const LOSSES = 10;
const OLD = 20_000;
const CALLS = 3000;
const NOW = Date.now();

let scratch: string;
let program: string;
let eventsFile: string;

/** What is stored, by what it is: the folder must not have more or less of it. */
interface Template {
  readonly folder: string;
  /** Whether what is stored after the kill is right. */
  readonly check: (count: (sql: string) => Promise<number>, stored: number) => Promise<void>;
  readonly args?: readonly string[];
}

beforeAll(async () => {
  scratch = await makeDataDir();
  program = await buildStoreWork();
  eventsFile = path.join(scratch, 'events.jsonl');
  await writeFile(
    eventsFile,
    calls()
      .map((event) => `${encodeEvent(event)}\n`)
      .join(''),
  );
});

afterAll(() => rm(scratch, { recursive: true, force: true }));

/** Calls whose recorded cost is one nano-dollar too low. */
function calls(): EventRecord[] {
  const model = 'claude-opus-5-5';
  const reading = readUsage({ input_tokens: 1000, output_tokens: 100 });
  if ('error' in reading) throw new Error(reading.error);
  const fields = modelCallFields({ reading, model, cost: priceCall(reading, { model, atMs: NOW }) });
  return Array.from({ length: CALLS }, (_, index) => ({
    timestamp: NOW - DAY_MS + index,
    'event.name': 'agent.model_call',
    trace_id: 'a'.repeat(32),
    span_id: index.toString(16).padStart(16, '0'),
    'service.instance.id': 'p',
    'tallyspan.seq': index + 1,
    'gen_ai.response.id': `msg_${index}`,
    'gen_ai.request.model': model,
    'gen_ai.response.model': model,
    ...fields,
    cost_nano_usd: (fields.cost_nano_usd ?? 0) - 1,
  }));
}

async function templateOf(
  fill: (opened: Awaited<ReturnType<typeof openTestStore>>) => Promise<void>,
): Promise<string> {
  const opened = await openTestStore();
  await fill(opened);
  await opened.database.close();
  return opened.dataDir;
}

function fillNotes(
  opened: Awaited<ReturnType<typeof openTestStore>>,
  rows: number,
  fromMs: number,
): Promise<void> {
  return opened.store.exclusively(async (writer) => {
    await writer.run(
      `INSERT INTO agent_note BY NAME SELECT make_timestamptz(($1::BIGINT + range) * 1000) AS timestamp,
         uuid()::VARCHAR || uuid()::VARCHAR AS agent_note_text FROM range($2::BIGINT)`,
      [fromMs, rows],
    );
    await writer.run('CHECKPOINT');
  });
}

/** A folder as the first format had it: one table of all events. */
async function oldFormat(): Promise<string> {
  const folder = await templateOf((opened) => opened.store.write({ events: calls(), spans: [] }));
  await useOldBlocks(folder, useFirstFormat);
  return folder;
}

const NOTES = 'SELECT count(*) AS n FROM agent_note';
const COUNTED = 'SELECT count(*) AS n FROM agent_model_call WHERE tallyspan_duplicate IS NOT TRUE';

const WORKS: Readonly<Record<string, () => Promise<Template>>> = {
  ingest: async () => ({
    folder: await templateOf(() => Promise.resolve()),
    async check(count, stored) {
      const rows = await count(NOTES);
      // One commit more may have been stored and not yet said.
      expect(rows - stored === 0 || rows - stored === 50).toBe(true);
      expect(await count('SELECT count(DISTINCT tallyspan_seq) AS n FROM agent_note')).toBe(rows);
    },
  }),
  retention: async () => ({
    folder: await templateOf(async (opened) => {
      await fillNotes(opened, OLD, NOW - 3 * DAY_MS);
      await fillNotes(opened, OLD, NOW - 60_000);
    }),
    args: [String(DAY_MS)],
    async check(count) {
      expect([OLD, 2 * OLD]).toContain(await count(NOTES));
      expect(await count(`${NOTES} WHERE epoch_ms(timestamp) >= ${NOW - 60_000}`)).toBe(OLD);
    },
  }),
  compaction: async () => ({
    folder: await templateOf(async (opened) => {
      await fillNotes(opened, 250_000, NOW - 3 * DAY_MS);
      await fillNotes(opened, OLD, NOW);
      await opened.store.exclusively(async (writer) => {
        await writer.run(`DELETE FROM agent_note WHERE epoch_ms(timestamp) < ${NOW}`);
        await writer.run('CHECKPOINT');
      });
    }),
    async check(count) {
      expect(await count(NOTES)).toBe(OLD);
    },
  }),
  backup: async () => ({
    folder: await templateOf((opened) => fillNotes(opened, 5 * OLD, NOW)),
    async check(count) {
      expect(await count(NOTES)).toBe(5 * OLD);
    },
  }),
  import: async () => ({
    folder: await templateOf(() => Promise.resolve()),
    args: [eventsFile],
    async check(count) {
      expect(await count(COUNTED)).toBe(CALLS);
    },
  }),
  recost: async () => ({
    folder: await templateOf((opened) => opened.store.write({ events: calls(), spans: [] })),
    async check(count) {
      expect(await count(COUNTED)).toBe(CALLS);
      expect(await count('SELECT count(*) AS n FROM agent_cost_adjustment')).toBe(CALLS);
      expect(
        await count('SELECT sum(cost_adjustment_nano_usd)::BIGINT AS n FROM agent_cost_adjustment'),
      ).toBe(CALLS);
    },
  }),
  migration: async () => ({
    folder: await oldFormat(),
    async check(count) {
      expect(await count(COUNTED)).toBe(CALLS);
    },
  }),
};

/** Those that must be begun again until they are done: nothing may be there twice then. */
const AGAIN: ReadonlySet<string> = new Set(['import', 'recost']);

async function countIn(
  folder: string,
  check: (count: (sql: string) => Promise<number>) => Promise<void>,
): Promise<void> {
  const opened = await openTestStore(folder);
  try {
    await check(async (sql) => Number((await opened.database.all(sql))[0]?.['n']));
    // It takes more.
    await opened.store.write({
      events: [{ timestamp: NOW, 'event.name': 'agent.run', 'agent.run_id': 'f' }],
      spans: [],
    });
  } finally {
    await removeTestStore(opened);
  }
}

/** Node compiles the program once and not for each of some two hundred processes. */
const env = (): NodeJS.ProcessEnv => ({ ...process.env, NODE_COMPILE_CACHE: path.join(scratch, 'compiled') });

/** Runs a work to its end, or kills it so long after it has begun; how long it took from there, and what it stored. */
async function run(
  work: string,
  folder: string,
  args: readonly string[],
  killAfterMs?: number,
): Promise<{ readonly stored: number; readonly tookMs: number }> {
  const child = spawn(process.execPath, [program, work, folder, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: env(),
  });
  let stored = 0;
  const ended = new Promise((done) => child.once('close', done));
  const lines = createInterface({ input: child.stdout });
  const begun = new Promise<void>((done) => {
    lines.on('line', (line) => {
      if (line === 'begun') done();
      if (line.startsWith('stored ')) stored = Number(line.slice('stored '.length));
    });
  });
  await Promise.race([begun, ended]);
  const fromMs = performance.now();
  if (killAfterMs !== undefined) {
    await sleep(killAfterMs);
    child.kill('SIGKILL');
  }
  await ended;
  return { stored, tookMs: performance.now() - fromMs };
}

describe('a folder whose process is killed twenty times', () => {
  it.each(Object.keys(WORKS))(
    'during %s has what it must have',
    async (work) => {
      const template = await (WORKS[work] as () => Promise<Template>)();
      const { args = [] } = template;
      const whole = path.join(scratch, `${work}-whole`);
      await cp(template.folder, whole, { recursive: true });
      const { tookMs } = await run(work, whole, args);
      await rm(whole, { recursive: true, force: true });
      expect(tookMs).toBeGreaterThan(0);
      for (let kill = 0; kill < KILLS; kill++) {
        const folder = path.join(scratch, `${work}-${kill}`);
        await cp(template.folder, folder, { recursive: true });
        const { stored } = await run(work, folder, args, (tookMs * kill) / KILLS);
        if (AGAIN.has(work)) await run(work, folder, args);
        await countIn(folder, (count) => template.check(count, stored));
      }
      await rm(template.folder, { recursive: true, force: true });
    },
    300_000,
  );
});

describeWhere(
  canBuildDevices(),
  'a device that loses what was not synced',
  'there is no gcc, or it is not Linux',
)('a device that loses what was not synced', () => {
  it('has every acknowledged event after ten losses', async () => {
    const library = buildLossyDevice(scratch);
    const template = await (WORKS['ingest'] as () => Promise<Template>)();
    for (let loss = 0; loss < LOSSES; loss++) {
      const folder = path.join(scratch, `lossy-${loss}`);
      await mkdir(folder);
      const { stdout, status } = spawnSync(process.execPath, [program, 'ingest', folder], {
        encoding: 'utf8',
        env: {
          ...env(),
          LD_PRELOAD: library,
          LOSSY_FOLDER: folder,
          LOSSY_KIND: 'write',
          LOSSY_CHANGES: String(60 + loss * 17),
        },
      });
      expect(status).toBe(137);
      const stored = Number(/stored (\d+)\n$/.exec(stdout)?.[1] ?? 0);
      await countIn(folder, (count) => template.check(count, stored));
    }
    await rm(template.folder, { recursive: true, force: true });
  });
});
