import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EVENT_NAMES } from '../../../core/schema.ts';
import type { Database } from '../../../server/store/file/database.ts';
import type { EventStore } from '../../../server/store/write/event-store.ts';
import { sampleRun } from '../web/sample-run.ts';
import { openTestStore, removeTestStore } from '../test-store.ts';

const MEBIBYTE = 1024 * 1024;

let dataDir: string;
let database: Database;
let store: EventStore;

beforeEach(async () => {
  ({ dataDir, database, store } = await openTestStore());
});

afterEach(() => removeTestStore({ dataDir, database }));

/** Notes of random text, which does not shrink, 72 bytes each. */
async function storeNotes(rows: number): Promise<void> {
  await store.exclusively(async (writer) => {
    await writer.run(
      `INSERT INTO agent_note BY NAME SELECT now() AS timestamp, uuid()::VARCHAR || uuid()::VARCHAR AS agent_note_text
       FROM range(${rows})`,
    );
    await writer.run('CHECKPOINT');
  });
}

async function readNotes(): Promise<number> {
  const [row] = await database.all('SELECT sum(length(agent_note_text)) AS chars FROM agent_note');
  return Number(row?.['chars']);
}

async function bytesOf(tag: 'BASE_TABLE' | 'IN_MEMORY_TABLE'): Promise<number> {
  const [row] = await database.all(
    `SELECT memory_usage_bytes AS bytes FROM duckdb_memory() WHERE tag = '${tag}'`,
  );
  return Number(row?.['bytes']);
}

function freeMemory(): Promise<void> {
  return store.exclusively(() => database.freeMemory());
}

describe('memory', () => {
  it('of pages that were read is given back, and the limit stays what it was', async () => {
    await storeNotes(600_000);
    const [before] = await database.all("SELECT current_setting('memory_limit') AS limit");
    await readNotes();
    expect(await bytesOf('BASE_TABLE')).toBeGreaterThan(20 * MEBIBYTE);
    await freeMemory();
    expect(await bytesOf('BASE_TABLE')).toBeLessThanOrEqual(16 * MEBIBYTE);
    expect(await database.all("SELECT current_setting('memory_limit') AS limit")).toEqual([before]);
  });

  it('of rows that wait for a checkpoint is left: none is written out to be read again', async () => {
    // Of every kind: each table keeps room for each of its columns.
    for (let commit = 0; commit < 8; commit++) {
      const events = EVENT_NAMES.map((name, index) => ({
        timestamp: Date.now(),
        'event.name': name,
        'service.instance.id': 'p',
        'tallyspan.seq': commit * EVENT_NAMES.length + index + 1,
      }));
      await store.write({ events, spans: [] });
    }
    const waitingBytes = await bytesOf('IN_MEMORY_TABLE');
    expect(waitingBytes).toBeGreaterThan(16 * MEBIBYTE);
    await freeMemory();
    expect(await bytesOf('IN_MEMORY_TABLE')).toBe(waitingBytes);
    expect(await database.all('SELECT count(*)::INT AS stored FROM events')).toEqual([
      { stored: 8 * EVENT_NAMES.length },
    ]);
  });

  it('is given back between questions and commits, none of which fails', async () => {
    await storeNotes(100_000);
    const chars = await readNotes();
    const work = Array.from({ length: 40 }, (_, index) => [
      readNotes(),
      store.write({
        events: sampleRun({ mark: 'abcdef'[index % 6] as string, endMs: Date.now() + index }),
        spans: [],
      }),
      freeMemory(),
      readNotes(),
    ]);
    const read = await Promise.all(work.flat());
    expect(read.filter((answer) => answer !== undefined)).toEqual(Array.from({ length: 80 }, () => chars));
    expect(store.counters.commitsFailed).toBe(0);
  });

  it('is not given back while somebody reads, who is waited for', async () => {
    await storeNotes(600_000);
    const reading = readNotes();
    let isRead = false;
    void reading.then(() => (isRead = true));
    await database.settleReaders();
    await new Promise((later) => setImmediate(later));
    expect(isRead).toBe(true);
    const other = readNotes();
    await freeMemory();
    expect(await bytesOf('BASE_TABLE')).toBeGreaterThan(20 * MEBIBYTE);
    await other;
  });

  it('gets its turn though events never cease to come', async () => {
    const freed = new AbortController();
    let sequence = 0;
    async function keepWriting(mark: string): Promise<void> {
      while (!freed.signal.aborted)
        await store.write({ events: sampleRun({ mark, endMs: Date.now() + ++sequence }), spans: [] });
    }
    const writing = ['a', 'b', 'c'].map(keepWriting);
    await new Promise((later) => setTimeout(later, 50));
    await freeMemory();
    freed.abort();
    await Promise.all(writing);
    expect(store.counters.commits).toBeGreaterThan(0);
  });
});
