// Memory: what the process has and does not use any more, given back. V8 and DuckDB keep it for as long as the machine
// has room; on a small server the room belongs to others (docs/decisions/0028).

import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Database } from '../store/file/database.ts';
import type { EventStore } from '../store/write/event-store.ts';

/** A young collection takes half a millisecond: one for so much is not felt. */
const NATIVE_BYTES = 4 * 1024 * 1024;
/** A whole collection takes some 20 ms: for so much, which takes a second to read, neither. */
const HELD_BYTES = 16 * 1024 * 1024;
/** Growth that is worth reading parts of the file again. */
const GROWTH_BYTES = 12 * 1024 * 1024;
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

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as NodeJS.GCFunction;

let nativeBytes = 0;
let heldBytes = 0;
let isWorkUnderWay = false;

/** Says that objects which nobody uses any more hold memory that V8 does not see: it is free when they are collected. */
export function leaveNativeBytes(bytes: number): void {
  nativeBytes += bytes;
  if (nativeBytes < NATIVE_BYTES) return;
  nativeBytes = 0;
  collect({ type: 'minor' });
}

/** The same of objects that are held over many young collections, such as what waits to be sent: only a whole one frees them. */
export function leaveHeldBytes(bytes: number): void {
  heldBytes += bytes;
  if (heldBytes < HELD_BYTES) return;
  heldBytes = 0;
  collect({ type: 'major' });
}

/**
 * Does work that holds much and leaves it behind: the process is collected first, and when the work has ended, before
 * anybody adds to it, and not meanwhile, when marking and moving what is still needed would take 20 MB more. One such work at a time.
 */
export async function collectAround<T>(work: () => Promise<T>): Promise<T> {
  collectThoroughly();
  const before = getHeapStatistics().used_heap_size;
  isWorkUnderWay = true;
  setFlagsFromString('--no-incremental-marking');
  try {
    return await work();
  } finally {
    isWorkUnderWay = false;
    setFlagsFromString('--incremental-marking');
    if (getHeapStatistics().used_heap_size > before + GROWTH_BYTES / 2) collectThoroughly();
  }
}

/**
 * Gives memory back whenever the process has grown: what DuckDB keeps at once, what V8 keeps not under a load and not
 * too often, as a thorough collection takes some 40 ms. The answer ends that.
 */
export function startFreeingMemory(database: Database, store: EventStore): () => Promise<void> {
  keepYoungSpaceSmall();
  collectThoroughly();
  let leastBytes = process.memoryUsage.rss();
  let collectedBytes = leastBytes;
  let events = store.counters.eventsStored;
  let looksWithoutLoad = LOOKS_BETWEEN;
  let looksSinceCollection = 0;
  let isFreeing = false;

  async function freeMemory(): Promise<void> {
    isFreeing = true;
    await database.settleReaders();
    await store.exclusively(() => database.freeMemory());
    leastBytes = process.memoryUsage.rss();
    isFreeing = false;
  }

  async function collectAndFreeMemory(): Promise<void> {
    looksSinceCollection = 0;
    collectThoroughly();
    await freeMemory();
    collectedBytes = leastBytes;
  }

  const timer = setInterval(() => {
    if (isWorkUnderWay || isFreeing) return;
    const bytes = process.memoryUsage.rss();
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

/**
 * Not restarted by cli/main.js: young objects get no more space than they have. On a machine with much memory V8 would
 * let it become 100 MB.
 */
export function keepYoungSpaceSmall(): void {
  if (!process.execArgv.some((option) => option.startsWith('--max-semi-space-size')))
    setFlagsFromString('--semi-space-growth-factor=1');
}

/** V8 keeps the pages that an ordinary collection empties. */
function collectThoroughly(): void {
  collect({ type: 'major', flavor: 'last-resort' });
}
