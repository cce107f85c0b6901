// The event `beforeExit`: it comes whenever the loop has run empty, so it comes again after work that a listener of it
// began. Ours begins such work, too, and the listeners of the program must not hear of that.

import { guarded } from './guard.ts';
import { setImmediate } from './timers.ts';

/** What keeps the loop alive, as one text; of a loop that has run empty, what is listed all the same. */
function listActive(): string {
  return process.getActiveResourcesInfo().toSorted().join();
}

/**
 * Listens for `beforeExit`. What `work` waits for is followed by another `beforeExit`, which the other listeners do not
 * get, unless one of them had begun something itself.
 * @param work gives a promise where it keeps the process alive
 */
export function listenBeforeExit(work: () => (() => Promise<void>) | undefined): void {
  const onBeforeExit = (): void => {
    const begin = work();
    if (begin === undefined) return;
    const before = listActive();
    // After the other listeners, and what they left to be done at once.
    setImmediate(
      guarded('before exit', async () => {
        const isOursAlone = listActive() === before;
        await begin();
        if (isOursAlone) hideNext(onBeforeExit);
      }),
    );
  };
  process.on('beforeExit', guarded('before exit', onBeforeExit));
}

/** The next `beforeExit` reaches the given listener only. */
function hideNext(onBeforeExit: () => void): void {
  // oxlint-disable-next-line typescript/unbound-method -- called with its own receiver
  const { emit } = process;
  let isHidden = false;
  const emitOnce = function (this: unknown, event: string | symbol, ...parameters: unknown[]): boolean {
    if (isHidden || event !== 'beforeExit')
      return Reflect.apply(emit, this, [event, ...parameters]) as boolean;
    isHidden = true;
    // Where other code has replaced it meanwhile, it stays below theirs and does nothing more.
    if ((process.emit as unknown) === emitOnce) process.emit = emit;
    guarded('before exit', onBeforeExit)();
    return true;
  };
  process.emit = emitOnce as typeof process.emit;
}
