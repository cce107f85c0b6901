import { rm } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import type { EventRecord } from '../../../core/event.ts';
import type { StoreCounters } from '../../../server/store/write/event-store.ts';
import { addToRanges } from '../../../server/store/write/seen-events.ts';
import { Random } from '../../fixtures/random.ts';
import { makeDataDir } from '../data-dir.ts';
import { openTestStore } from '../test-store.ts';

describe('the places of a process that were seen', () => {
  it('are the same as in a set, whatever the order', () => {
    const random = new Random(7);
    for (let round = 0; round < 200; round++) {
      const ranges: { from: number; to: number }[] = [];
      const seen = new Set<number>();
      const wrong: number[] = [];
      for (let n = 0; n < 100; n++) {
        const place = random.int(1, 60);
        if (addToRanges(ranges, place) === seen.has(place)) wrong.push(place);
        seen.add(place);
      }
      expect(wrong).toEqual([]);
      const listed = ranges.flatMap(({ from, to }) =>
        Array.from({ length: to - from + 1 }, (_, i) => from + i),
      );
      expect(listed).toEqual([...seen].toSorted((a, b) => a - b));
    }
  });

  it('are one range when nothing is missing, so that a process costs next to no memory', () => {
    const ranges: { from: number; to: number }[] = [];
    for (let place = 1; place <= 10_000; place++) addToRanges(ranges, place);
    expect(ranges).toEqual([{ from: 1, to: 10_000 }]);
  });
});

/** Within a stretch of places, at its end and in the next one. */
const MISSING = new Set([7, 8, 16_384, 20_001]);

describe('what a process sent before the server was restarted', () => {
  it('is known, gaps and all, however much it is', async () => {
    const dataDir = await makeDataDir();
    const events = Array.from({ length: 40_000 }, (_, index) => noteOf(index + 1));
    await storeAnew(
      dataDir,
      events.filter((event) => !MISSING.has(event['tallyspan.seq'] ?? 0)),
    );
    expect(await storeAnew(dataDir, events)).toMatchObject({ eventsStored: 4, eventsDuplicate: 39_996 });
    await rm(dataDir, { recursive: true, force: true });
  });
});

describe('processes that share one service.instance.id', () => {
  it('are told apart by the id in which they number; the same event twice is one', async () => {
    const dataDir = await makeDataDir();
    const of = (processId: string): EventRecord[] =>
      [1, 2, 3].map((place) => ({ ...noteOf(place), 'tallyspan.process_id': processId }));
    const old = [1, 2, 3].map(noteOf);
    await storeAnew(dataDir, [...of('a'), ...old]);
    expect(await storeAnew(dataDir, [...of('b'), ...of('a'), ...old])).toMatchObject({
      eventsStored: 3,
      eventsDuplicate: 6,
    });
    await rm(dataDir, { recursive: true, force: true });
  });
});

/** Stores the events as a server does that has just started; what it counted. */
async function storeAnew(dataDir: string, events: readonly EventRecord[]): Promise<StoreCounters> {
  const { database, store } = await openTestStore(dataDir);
  for (let from = 0; from < events.length; from += 10_000)
    await store.write({ events: events.slice(from, from + 10_000), spans: [] });
  await database.close();
  return store.counters;
}

function noteOf(sequence: number): EventRecord {
  return {
    timestamp: 1_795_000_000_000 + sequence,
    'event.name': sequence % 2 === 0 ? 'agent.note' : 'agent.tool_call',
    'service.instance.id': 'p',
    'tallyspan.seq': sequence,
  };
}
