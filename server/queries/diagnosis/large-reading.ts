// A large reading holds the events of a stretch of time as objects. There is one at a time, so that only its events
// are in memory.

import { collectAround } from '../../process/memory.ts';

/** Ends when the reading under way has ended. */
let turn: Promise<unknown> = Promise.resolve();

/** Does the work when those before it have ended, well or not. */
export function readInTurn<T>(work: () => Promise<T>): Promise<T> {
  const done = turn.then(() => collectAround(work));
  turn = done.catch(() => undefined);
  return done;
}
