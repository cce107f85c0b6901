// A deadline: how long somebody waits for work that goes on without it.

import { guardAsync } from '../process/guard.ts';
import { boundedDelay, clearTimeout, holdUntil, later, monotonicMs } from '../process/timers.ts';

/** Waits for the work, but not beyond the deadline, which holds the process; true when the deadline came first. */
export async function before(deadlineMs: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<boolean>((resolve) => {
    timer = holdUntil('deadline', deadlineMs - monotonicMs(), () => {
      resolve(true);
    });
  });
  const isOver = await Promise.race([guardAsync('flush', async () => void (await work)), deadline]);
  clearTimeout(timer);
  return isOver === true;
}

export function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    later('pause', boundedDelay(delayMs), resolve);
  });
}
