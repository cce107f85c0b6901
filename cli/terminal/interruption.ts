// An interruption: the user asked the process to stop (Ctrl-C, SIGTERM, a terminal that is gone) before a command was done. The process exits
// with the code that a shell gives to a program which a signal ended.

import { constants } from 'node:os';

export type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/** The reason of the signal that commands are given. */
export class Interruption extends Error {
  readonly exitCode: number;
  readonly stopSignal: StopSignal;

  constructor(stopSignal: StopSignal) {
    super(`stopped by ${stopSignal}`);
    this.stopSignal = stopSignal;
    this.name = 'Interruption';
    this.exitCode = 128 + constants.signals[stopSignal];
  }
}

/** The result of the work, unless the user asks to stop first: then it is left to itself. */
export async function untilInterrupted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  return new Promise<T>((resolve, reject) => {
    const stop = (): void => {
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', stop, { once: true });
    work()
      .then(resolve, reject)
      .finally(() => {
        signal.removeEventListener('abort', stop);
      });
  });
}

/** The exit code of a command that ended with `error` because it was interrupted; undefined when that is not why. */
export function interruptedExitCode(error: unknown, signal: AbortSignal): number | undefined {
  if (!signal.aborted) return undefined;
  const isWhy = error === signal.reason || (error instanceof Error && error.name === 'AbortError');
  if (!isWhy) return undefined;
  return signal.reason instanceof Interruption ? signal.reason.exitCode : new Interruption('SIGINT').exitCode;
}
