// Freeing: while the server runs it is looked each second whether the process has grown, and what it does not use any
// more goes back to the machine (docs/decisions/0028).

import type { Database } from '../store/file/database.ts';
import type { EventStore } from '../store/write/event-store.ts';
import {
  GROWTH_BYTES,
  collectThoroughly,
  isCollectedAround,
  keepYoungSpaceSmall,
  residentBytes,
} from './memory.ts';

/** Growth that is worth a collection even soon after the last one. */
const MUCH_BYTES = 18 * 1024 * 1024;
const LOOK_EVERY_MS = 1000;
/** So many events between two looks are a load. */
const BUSY_EVENTS = 2000;
/**
 * Looks between two thorough collections, which are a hundredth of the time then, unless there is much to free; and without
 * a load until none is taken to be under way: those who send many pause between two lots.
 */
const LOOKS_BETWEEN = 5;

/**
 * Gives memory back whenever the process has grown: what DuckDB keeps at once, what V8 keeps not under a load and not
 * too often, as a thorough collection takes some 40 ms. The answer ends that.
 */
export function startFreeingMemory(database: Database, store: EventStore): () => Promise<void> {
  keepYoungSpaceSmall();
  collectThoroughly();
  let leastBytes = residentBytes() ?? 0;
  let collectedBytes = leastBytes;
  let events = store.counters.eventsStored;
  let looksWithoutLoad = LOOKS_BETWEEN;
  let looksSinceCollection = 0;
  let isFreeing = false;

  async function freeMemory(): Promise<void> {
    isFreeing = true;
    await database.settleReaders();
    await store.exclusively(() => database.freeMemory());
    leastBytes = residentBytes() ?? leastBytes;
    isFreeing = false;
  }

  async function collectAndFreeMemory(): Promise<void> {
    looksSinceCollection = 0;
    collectThoroughly();
    await freeMemory();
    collectedBytes = leastBytes;
  }

  const timer = setInterval(() => {
    if (isCollectedAround() || isFreeing) return;
    const bytes = residentBytes();
    if (bytes === undefined) return;
    leastBytes = Math.min(leastBytes, bytes);
    looksSinceCollection++;
    looksWithoutLoad = store.counters.eventsStored - events > BUSY_EVENTS ? 0 : looksWithoutLoad + 1;
    events = store.counters.eventsStored;
    const isLoadOver = looksWithoutLoad === LOOKS_BETWEEN;
    const growth = bytes - collectedBytes;
    const isDue = growth >= GROWTH_BYTES && (looksSinceCollection >= LOOKS_BETWEEN || growth >= MUCH_BYTES);
    if (isLoadOver || (isDue && looksWithoutLoad >= LOOKS_BETWEEN)) void collectAndFreeMemory();
    else if (bytes >= leastBytes + GROWTH_BYTES) void freeMemory();
  }, LOOK_EVERY_MS);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await store.settle();
  };
}
