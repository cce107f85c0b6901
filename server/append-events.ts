// Appends finished events to a data folder that no server has open. The store does it as for a sender;
// nothing listens meanwhile, and neither alerts nor retention are touched.

import type { EventRecord } from '../core/event.ts';
import type { PriceOverrides } from '../core/pricing/price-overrides.ts';
import { markRepeats } from './claude-repeats.ts';
import { collectThoroughly, keepYoungSpaceSmall } from './process/memory.ts';
import { readStatusLineNumbers, type StatusLineNumbers } from './queries/usage/read-usage.ts';
import { ScoreBook, type RecordedScore } from './scores/record-scores.ts';
import { parseScoreRequests } from './scores/score-request.ts';
import { openDatabase } from './store/file/database.ts';
import { EventStore } from './store/write/event-store.ts';

/** After so many events the heap is made as small as it can be, which takes 50 ms: seconds of appending come to them. */
const COLLECTED_EVENTS = 70_000;

export interface FolderAppender {
  /** Resolves when the events are on disk. An event that is stored already is not stored again. */
  append(events: readonly EventRecord[]): Promise<void>;
  /** How many of the appended events were not stored before. */
  newCount(): Promise<number>;
  /** Today and the block of five hours that goes on, in this zone. */
  statusLine(timezone: string): Promise<StatusLineNumbers>;
  close(): Promise<void>;
}

/**
 * Opens the folder for appending; it is made where there is none.
 * @throws ServerError when the folder is in use or cannot be written
 */
export async function openAppender(dataDir: string, overrides?: PriceOverrides): Promise<FolderAppender> {
  keepYoungSpaceSmall();
  const database = await openDatabase(dataDir);
  try {
    const store = await EventStore.open(database);
    let sinceCollected = 0;
    return {
      append: async (events) => {
        sinceCollected += events.length;
        if (sinceCollected >= COLLECTED_EVENTS) {
          sinceCollected = 0;
          collectThoroughly();
        }
        await store.write({ events, spans: [] });
      },
      newCount: () => Promise.resolve(store.counters.eventsStored),
      statusLine: (timezone) => readStatusLineNumbers(database, Date.now(), timezone),
      close: async () => {
        await store.settle();
        // What follows looks at all that is stored, and writes the file: with what the appending left it would be the most
        // that this process ever has.
        if (store.counters.eventsStored > COLLECTED_EVENTS) collectThoroughly();
        await database.freeMemory();
        await markRepeats(database, store, { overrides });
        await database.freeMemory();
        await database.close();
      },
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}

export interface OpenScoreBook {
  /** Records the scores of a body of `/api/scores`. @throws RequestError */
  record(body: unknown): Promise<readonly RecordedScore[]>;
  close(): Promise<void>;
}

/**
 * Opens the folder for scores of its runs.
 * @throws ServerError when the folder is in use or cannot be written
 */
export async function openScoreBook(dataDir: string): Promise<OpenScoreBook> {
  const database = await openDatabase(dataDir);
  try {
    const store = await EventStore.open(database);
    const book = new ScoreBook(database, (events) => store.write({ events, spans: [] }));
    return {
      record: async (body) => book.record(parseScoreRequests(body)),
      close: () => database.close(),
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}
