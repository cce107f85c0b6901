// Memory: what the process has and does not use any more, given back. V8 and DuckDB keep it for as long as the machine
// has room; on a small server the room belongs to others (docs/decisions/0028). Only a process of our own is collected:
// in one that does other work beside a server, each collection would go through what that work holds (0230).

import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** A young collection takes half a millisecond: one for so much is not felt. */
const NATIVE_BYTES = 4 * 1024 * 1024;
/** A whole collection takes some 20 ms: for so much, which takes a second to read, neither. */
const HELD_BYTES = 16 * 1024 * 1024;
/** Growth that is worth reading parts of the file again. */
export const GROWTH_BYTES = 12 * 1024 * 1024;

/** There in a process of our own. */
let collect: NodeJS.GCFunction | undefined;
let nativeBytes = 0;
let heldBytes = 0;
let isWorkUnderWay = false;

/** Says that this process is ours: it runs a command of tallyspan and nothing else. */
export function ownProcess(): void {
  setFlagsFromString('--expose-gc');
  collect = runInNewContext('gc') as NodeJS.GCFunction;
}

/** Whether work is under way around which the process is collected: nobody else collects meanwhile. */
export function isCollectedAround(): boolean {
  return isWorkUnderWay;
}

/** Says that objects which nobody uses any more hold memory that V8 does not see: it is free when they are collected. */
export function leaveNativeBytes(bytes: number): void {
  nativeBytes += bytes;
  if (nativeBytes < NATIVE_BYTES) return;
  nativeBytes = 0;
  collect?.({ type: 'minor' });
}

/** The same of objects that are held over many young collections, such as what waits to be sent: only a whole one frees them. */
export function leaveHeldBytes(bytes: number): void {
  heldBytes += bytes;
  if (heldBytes < HELD_BYTES) return;
  heldBytes = 0;
  collect?.({ type: 'major' });
}

/**
 * Does work that holds much and leaves it behind: the process is collected first, and when the work has ended, before
 * anybody adds to it, and not meanwhile, when marking and moving what is still needed would take 20 MB more. One such work at a time.
 */
export async function collectAround<T>(work: () => Promise<T>): Promise<T> {
  if (collect === undefined) return work();
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
 * Not restarted by cli/main.js: young objects get no more space than they have. On a machine with much memory V8 would
 * let it become 100 MB.
 */
export function keepYoungSpaceSmall(): void {
  if (collect !== undefined && !process.execArgv.some((option) => option.startsWith('--max-semi-space-size')))
    setFlagsFromString('--semi-space-growth-factor=1');
}

/** Resident memory of the process; undefined where it cannot be read, as Linux tells it in a file and no more may be open. */
export function residentBytes(): number | undefined {
  try {
    return process.memoryUsage.rss();
  } catch {
    return undefined;
  }
}

/** V8 keeps the pages that an ordinary collection empties. */
export function collectThoroughly(): void {
  collect?.({ type: 'major', flavor: 'last-resort' });
}
