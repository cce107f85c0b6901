// Timers of our own. A delay above 2^31-1 ms would fire at once, and for ever where the work starts the next one.

import { guarded } from './guard.ts';

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
