// What the threads of a process have in common: the program that the process runs, and how many model calls its
// threads saw. It reaches a thread by the environment data that Node hands to each one as it starts.

import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads';
import { guard } from './guard.ts';

const KEY = 'tallyspan';

export interface Threads {
  /** Main file of the process; a thread has a file of its own, and none yet where the preload is required. */
  readonly program: string | undefined;
  /** Model calls of all threads but the main one. */
  readonly calls: () => number;
  /** A model call has begun in this thread. */
  readonly seeCall: () => void;
}

/** Begins what is shared in the main thread, and joins it in any other. */
export function joinThreads(program: string | undefined): Threads {
  const known = isMainThread ? undefined : guard('threads', () => getEnvironmentData(KEY));
  const shared = isShared(known) ? known : { program, calls: new Int32Array(new SharedArrayBuffer(4)) };
  if (isMainThread) {
    guard('threads', () => {
      setEnvironmentData(KEY, shared);
    });
  }
  return {
    program: shared.program ?? program,
    calls: () => Atomics.load(shared.calls, 0),
    seeCall: () => {
      if (!isMainThread) Atomics.add(shared.calls, 0, 1);
    },
  };
}

interface Shared {
  readonly program: string | undefined;
  readonly calls: Int32Array;
}

function isShared(value: unknown): value is Shared {
  const { calls } = (value ?? {}) as Partial<Shared>;
  return calls instanceof Int32Array && calls.buffer instanceof SharedArrayBuffer;
}
