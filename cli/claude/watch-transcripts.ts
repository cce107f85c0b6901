// Follows folders of transcripts: imports what was written soon after it was, until stopped. A folder that cannot be
// watched is looked at now and then.

import { watch, type FSWatcher } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { lookAgain, type FoundSession } from './find-transcripts.ts';
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
  const follower = new Follower({ ...options, kept: new KeptSessions() });
  let isChanged = true;
  let wake: (() => void) | undefined;
  const watchers: FSWatcher[] = [];
  for (const root of roots) {
    try {
      const watcher = watch(root, { recursive: true }, (_, name) => {
        isChanged = true;
        follower.noteChange(name === null ? undefined : path.join(root, name));
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
      await follower.importOnce();
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

/** Knows which sessions there are, so that a change of a known file is no reason to look at all others. */
class Follower {
  readonly #options: WatchOptions;
  #sessionOfFile = new Map<string, FoundSession>();
  /** Sessions of which a known file changed; undefined where anything may have. */
  #changed: Set<FoundSession> | undefined;
  #lookedMs = Number.NEGATIVE_INFINITY;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  /** `file` is undefined where the system does not say which. */
  noteChange(file: string | undefined): void {
    const session = this.#sessionOfFile.get(file ?? '');
    if (session === undefined) this.#changed = undefined;
    else this.#changed?.add(session);
  }

  async importOnce(): Promise<void> {
    const { roots, state, now, signal, onFault, onImport } = this.#options;
    const tally = newTally();
    const isDue = performance.now() - this.#lookedMs >= LOOK_MS;
    const among = isDue || this.#changed === undefined ? undefined : [...this.#changed].map(lookAgain);
    // What changes from here on is looked at the next time.
    this.#changed = new Set();
    try {
      const plan = planImport({ roots, state, nowMs: now(), among }, tally);
      if (among === undefined) this.#know(plan.found);
      await importSessions(plan, this.#options, tally);
    } catch (error) {
      this.#changed = undefined;
      // What was not stored is tried again with the next look.
      if (!signal.aborted) onFault(`transcripts: ${(error as Error).message}`);
    }
    if (tally.events > 0) await onImport(tally);
  }

  #know(found: readonly FoundSession[]): void {
    this.#lookedMs = performance.now();
    this.#sessionOfFile = new Map();
    for (const session of found)
      for (const { path: file } of session.files) this.#sessionOfFile.set(file, session);
  }
}

async function rest(forMs: number, signal: AbortSignal): Promise<void> {
  await wait(forMs, undefined, { signal }).catch(() => undefined);
}
