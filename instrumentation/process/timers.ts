// Timers of our own: Node's, as they were before the program began. Tests put a clock of theirs in the place of these,
// count what waits on it and move it by hand; nothing of ours may wait there. A delay above 2^31-1 ms would fire at once,
// and for ever where the work starts the next one.

import { guarded } from './guard.ts';

export const { setTimeout, setInterval, setImmediate, clearTimeout, queueMicrotask } = globalThis;
/** Milliseconds of a clock that nobody sets. */
export const monotonicMs = performance.now.bind(performance);

const LONGEST_MS = 2 ** 31 - 1;

/** Runs the work later, without holding the process open. */
export function later(step: string, delayMs: number, work: () => unknown): NodeJS.Timeout {
  return setTimeout(guarded(step, work), boundedDelay(delayMs)).unref();
}

/** Like {@link later}, and the process stays until then. */
export function holdUntil(step: string, delayMs: number, work: () => unknown): NodeJS.Timeout {
  return setTimeout(guarded(step, work), boundedDelay(delayMs));
}

/** A delay that a timer takes. */
export function boundedDelay(delayMs: number): number {
  return Number.isNaN(delayMs) ? 0 : Math.min(Math.max(0, delayMs), LONGEST_MS);
}
