// Follows folders of transcripts: imports what was written soon after it was, until stopped. A folder that cannot be
// watched is looked at now and then.

import { watch, type FSWatcher } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import {
  importSessions,
  newTally,
  planImport,
  type ImportOptions,
  type ImportTally,
} from './import-claude.ts';
import { KeptSessions } from './kept-sessions.ts';

/** Lines come in groups: one import for each. */
const SETTLE_MS = 500;
/** How often it is looked without a sign: for runs that time has ended, and for what the system did not tell. */
const LOOK_MS = 30_000;
/** Of the time an import took, how much it rests at least. */
const REST_FACTOR = 5;

export interface WatchOptions extends ImportOptions {
  readonly roots: readonly string[];
  /** Told of each import that stored something. */
  readonly onImport: (tally: ImportTally) => void | Promise<void>;
  readonly onFault: (message: string) => void;
}

/** Resolves when the signal of the options is aborted. */
export async function watchTranscripts(options: WatchOptions): Promise<void> {
  const { roots, signal } = options;
  const kept = new KeptSessions();
  let isChanged = true;
  let wake: (() => void) | undefined;
  const watchers: FSWatcher[] = [];
  for (const root of roots) {
    try {
      const watcher = watch(root, { recursive: true }, () => {
        isChanged = true;
        wake?.();
      });
      // Such as a folder that was deleted: what is there is found by looking.
      watcher.on('error', () => {
        watcher.close();
      });
      watchers.push(watcher);
    } catch {
      // Looked at now and then.
    }
  }
  try {
    while (!signal.aborted) {
      const begunMs = performance.now();
      isChanged = false;
      await importOnce({ ...options, kept });
      const tookMs = performance.now() - begunMs;
      await rest(tookMs * REST_FACTOR + SETTLE_MS, signal);
      if (!isChanged) {
        const sign = new Promise<void>((resolve) => {
          wake = resolve;
        });
        const stop = new AbortController();
        await Promise.race([sign, rest(LOOK_MS, AbortSignal.any([signal, stop.signal]))]);
        stop.abort();
        if (isChanged) await rest(SETTLE_MS, signal);
      }
    }
  } finally {
    for (const watcher of watchers) watcher.close();
  }
}

async function importOnce(options: WatchOptions): Promise<void> {
  const tally = newTally();
  try {
    const plan = planImport({ roots: options.roots, state: options.state, nowMs: options.now() }, tally);
    await importSessions(plan, options, tally);
  } catch (error) {
    // What was not stored is tried again with the next look.
    if (!options.signal.aborted) options.onFault(`transcripts: ${(error as Error).message}`);
  }
  if (tally.events > 0) await options.onImport(tally);
}

async function rest(forMs: number, signal: AbortSignal): Promise<void> {
  await wait(forMs, undefined, { signal }).catch(() => undefined);
}
