import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { EventRecord } from '../../../core/event.ts';
import { DAY_MS } from '../../../core/time/time.ts';
import type { Database } from '../../../server/store/file/database.ts';
import type { EventStore } from '../../../server/store/write/event-store.ts';
import { startHousekeeping } from '../../../server/process/housekeeping.ts';
import { compactFile } from '../../../server/store/file/compaction.ts';
import { listRuns } from '../../../server/queries/runs/list-runs.ts';
import { applyRetention } from '../../../server/store/file/retention.ts';
import { waitUntil } from '../../stack/process.ts';
import { sampleRun } from '../web/sample-run.ts';
import { openTestStore, removeTestStore } from '../test-store.ts';

const NOW = Date.now();
const RUN_LENGTH = sampleRun({ mark: 'a', endMs: NOW }).length;

/** Rows are freed by groups of 16,384, here of one table; a text takes some 60 bytes. */
const ROW_GROUP_BYTES = 16_384 * 90;

let dataDir: string;
let database: Database;
let store: EventStore;

beforeEach(async () => {
  ({ dataDir, database, store } = await openTestStore());
});

afterEach(() => removeTestStore({ dataDir, database }));

async function countEvents(): Promise<unknown> {
  const [row] = await database.all('SELECT count(*) AS events FROM events');
  return row?.['events'];
}

/** Rows that fill the file: random text shrinks by half. */
async function fill(rows: number, fromMs: number): Promise<void> {
  await store.exclusively((writer) =>
    writer.run(
      `INSERT INTO agent_note BY NAME
       SELECT make_timestamptz(($1::BIGINT + range) * 1000) AS timestamp,
         concat(uuid(), uuid(), uuid()) AS agent_note_text
       FROM range($2::BIGINT)`,
      [fromMs, rows],
    ),
  );
  await store.exclusively((writer) => writer.run('CHECKPOINT'));
}

describe('retention', () => {
  it('deletes what is older than its time and keeps the rest', async () => {
    await store.write({
      events: [...sampleRun({ mark: 'a', endMs: NOW - 3 * DAY_MS }), ...sampleRun({ mark: 'b', endMs: NOW })],
      spans: [],
    });
    expect(await applyRetention(database, store, { ageMs: 2 * DAY_MS }, NOW)).toBe(RUN_LENGTH);
    expect(await countEvents()).toBe(RUN_LENGTH);
    expect(await applyRetention(database, store, { ageMs: 2 * DAY_MS }, NOW)).toBe(0);
  });

  it('keeps the start of a run that goes on, so that it is listed, and no longer once it has ended', async () => {
    const run = sampleRun({ mark: 'c', endMs: NOW });
    const [start] = run;
    const old = { ...start, timestamp: NOW - 3 * DAY_MS } as EventRecord;
    await store.write({ events: [old, ...run.slice(1, -1)], spans: [] });
    await store.write({ events: sampleRun({ mark: 'a', endMs: NOW - 3 * DAY_MS }), spans: [] });
    expect(await applyRetention(database, store, { ageMs: 2 * DAY_MS }, NOW)).toBe(RUN_LENGTH);
    expect(await applyRetention(database, store, { ageMs: 2 * DAY_MS }, NOW)).toBe(0);
    const listed = await listRuns(
      { all: (...asked) => database.all(...asked), openRuns: () => store.openRuns() },
      { limit: 10 },
    );
    expect(listed).toMatchObject([
      { 'agent.status': 'running', started_at: new Date(old.timestamp).toISOString() },
    ]);
    await store.write({ events: run.slice(-1), spans: [] });
    expect(await applyRetention(database, store, { ageMs: 2 * DAY_MS }, NOW)).toBe(1);
  });

  it('deletes the oldest until the rest fits', async () => {
    await fill(400_000, NOW - DAY_MS);
    const limit = 10_000_000;
    const deleted = await applyRetention(database, store, { bytes: limit }, NOW);
    expect(deleted).toBeGreaterThan(100_000);
    const [first] = await database.all('SELECT epoch_ms(min(timestamp)) AS millis FROM events');
    expect(first?.['millis']).toBe(NOW - DAY_MS + deleted);
    const [size] = await database.all('SELECT used_blocks * block_size AS used FROM pragma_database_size()');
    expect(Number(size?.['used'])).toBeLessThan(limit + ROW_GROUP_BYTES);
  });

  it('by size does not wait for the hour in which a load could fill the disk', async () => {
    const told: string[] = [];
    const housekeeping = startHousekeeping({
      database,
      store,
      lostAfterMs: 400,
      retention: { ageMs: DAY_MS, bytes: 10_000_000 },
      log: (line) => told.push(line),
    });
    await store.write({ events: sampleRun({ mark: 'a', endMs: NOW - 3 * DAY_MS }), spans: [] });
    await waitUntil(() => told.length > 0, { what: () => 'the first round' });
    await fill(400_000, NOW - DAY_MS / 2);
    await store.write({ events: sampleRun({ mark: 'b', endMs: NOW - 3 * DAY_MS }), spans: [] });
    await waitUntil(() => told.length > 2, { what: () => 'a round that deletes by size' });
    await housekeeping.stop();
    expect(told).toEqual([
      `${RUN_LENGTH} rows past the retention were deleted`,
      expect.stringMatching(/^retention: \d{6} of 4\d{5} rows go at once/),
      expect.stringMatching(/^\d{6} rows past the retention were deleted$/),
    ]);
  });

  it('does not believe a clock that the newest event contradicts', async () => {
    const told: string[] = [];
    const watch = { log: (line: string) => void told.push(line) };
    await store.write({ events: sampleRun({ mark: 'a', endMs: NOW }), spans: [] });
    const later = NOW + 400 * DAY_MS;
    expect(await applyRetention(database, store, { ageMs: 90 * DAY_MS }, later, watch)).toBe(0);
    expect(await applyRetention(database, store, { ageMs: 90 * DAY_MS }, later, watch)).toBe(0);
    expect(await countEvents()).toBe(RUN_LENGTH);
    expect(told).toEqual([
      expect.stringMatching(/^retention: the clock says .* but the newest stored event/),
    ]);
    // A clock that is behind deletes nothing, and says nothing.
    expect(await applyRetention(database, store, { ageMs: 90 * DAY_MS }, 0, watch)).toBe(0);
    expect(told).toHaveLength(1);
  });

  it('waits when a sender with the same odd clock bears it out and most rows would go', async () => {
    const told: string[] = [];
    const watch = { log: (line: string) => void told.push(line) };
    const later = NOW + 400 * DAY_MS;
    await fill(2000, NOW - 1000);
    await store.write({ events: sampleRun({ mark: 'a', endMs: later }), spans: [] });
    for (let round = 0; round < 3; round++)
      expect(await applyRetention(database, store, { ageMs: 90 * DAY_MS }, later, watch)).toBe(0);
    expect(await countEvents()).toBe(2000 + RUN_LENGTH);
    expect(told).toEqual([expect.stringMatching(/^retention: 2000 of 20\d\d events.*deleted in a day/)]);
  });

  it('deletes recorded content before its events where that is asked for', async () => {
    const content = { 'tallyspan.request_json': '{"messages":[]}', trace_id: '1'.repeat(32) } as const;
    const call = { 'event.name': 'agent.model_call', ...content } as const;
    await store.write({
      events: [
        { ...call, timestamp: NOW - 3 * DAY_MS, span_id: 'a'.repeat(16) },
        { ...call, timestamp: NOW, span_id: 'b'.repeat(16) },
      ],
      spans: [],
    });
    expect(await applyRetention(database, store, { contentAgeMs: DAY_MS }, NOW)).toBe(0);
    const rows = await database.all('SELECT span_id FROM recorded_content');
    expect(rows.map((row) => row['span_id'])).toEqual(['b'.repeat(16)]);
    expect(await countEvents()).toBe(2);
  });

  it('gives the disk its space back while the server goes on', async () => {
    await fill(400_000, NOW - 3 * DAY_MS);
    await fill(1000, NOW - 1000);
    await store.write({ events: sampleRun({ mark: 'a', endMs: NOW }), spans: [] });
    const file = path.join(dataDir, 'tallyspan.duckdb');
    const before = (await stat(file)).size;
    const told: string[] = [];
    const housekeeping = startHousekeeping({
      database,
      store,
      lostAfterMs: 400,
      retention: { ageMs: DAY_MS },
      log: (line) => told.push(line),
    });
    await waitUntil(() => told.length > 2, { what: () => 'the file to be rewritten' });
    await housekeeping.stop();
    expect(told).toEqual([
      expect.stringMatching(/^retention: 400000 of \d{6} rows go at once/),
      '400000 rows past the retention were deleted',
      expect.stringMatching(/^the data file was rewritten: the disk has \d+ MB back$/),
    ]);
    expect((await stat(file)).size).toBeLessThan(before / 4);
    await store.write({ events: sampleRun({ mark: 'b', endMs: NOW }), spans: [] });
    expect(await countEvents()).toBe(1000 + 2 * RUN_LENGTH);
    expect((await readdir(dataDir)).filter((name) => /compact|-.*\.tmp/.test(name))).toEqual([]);
    // What was stored after it is found when the server starts again.
    await database.close();
    ({ database, store } = await openTestStore(dataDir));
    expect(await countEvents()).toBe(1000 + 2 * RUN_LENGTH);
  });

  it('leaves the file as it is while somebody reads for long, and when it is little or in use', async () => {
    await fill(1000, NOW);
    expect(await compactFile(database, store, { mostBytes: 1e9, patienceMs: 50 })).toBe(0);
    await fill(400_000, NOW - 3 * DAY_MS);
    expect(await compactFile(database, store, { mostBytes: 1e9, patienceMs: 50 })).toBe(0);
    await applyRetention(database, store, { ageMs: DAY_MS }, NOW);
    expect(await compactFile(database, store, { mostBytes: 1, patienceMs: 50 })).toBe(0);
    const reading = database.all(
      'SELECT sum(hash(a.range, b.range)) FROM range(30_000) AS a, range(10_000) AS b',
    );
    expect(await compactFile(database, store, { mostBytes: 1e9, patienceMs: 50 })).toBe(0);
    expect(await countEvents()).toBe(1000);
    await reading;
    expect(await compactFile(database, store, { mostBytes: 1e9, patienceMs: 50 })).toBeGreaterThan(10e6);
    expect(await countEvents()).toBe(1000);
  });
});
