// The health of the store: whether what is sent can be stored. A commit that failed makes it ill; the next one that works,
// or a trial where none is sent, makes it well.

import { writeFile } from 'node:fs/promises';
import { diskReason } from './disk-fault.ts';
import { makeTemporaryFile, removeTemporaryFile } from './leftovers.ts';

export interface StoreFault {
  /** For people, without names of files: everybody who reaches the server may read it. */
  readonly reason: string;
  /** Unix milliseconds of the first failure. */
  readonly sinceMs: number;
}

const TRIAL_PAUSE_MS = 1000;
/** As much as a large request brings. */
const TRIAL_BYTES = 1024 * 1024;

export class StoreHealth {
  readonly #file: string;
  readonly #touchFile: () => Promise<void>;
  readonly #checkPlace: () => void;
  #fault: StoreFault | undefined;
  #nextTrialMs = 0;
  #trial: Promise<void> | undefined;

  /**
   * `touchFile` reads from the data file, and fails when that cannot be used; `checkPlace` fails when it is not the one
   * at its path.
   */
  constructor(file: string, touchFile: () => Promise<void>, checkPlace: () => void) {
    this.#checkPlace = checkPlace;
    this.#file = file;
    this.#touchFile = touchFile;
  }

  noteCommit(): void {
    this.#fault = undefined;
  }

  noteFailure(error: unknown): void {
    const reason = diskReason(error) ?? 'the last commit failed; the log says why';
    this.#fault = { reason, sinceMs: this.#fault?.sinceMs ?? Date.now() };
    this.#nextTrialMs = performance.now() + TRIAL_PAUSE_MS;
  }

  /** What keeps rows from being stored; undefined when nothing does. */
  async check(): Promise<StoreFault | undefined> {
    // Nobody may have sent anything since.
    try {
      this.#checkPlace();
    } catch (error) {
      this.noteFailure(error);
    }
    if (this.#fault !== undefined && performance.now() >= this.#nextTrialMs) {
      this.#trial ??= this.#try().finally(() => (this.#trial = undefined));
      await this.#trial;
    }
    return this.#fault;
  }

  async #try(): Promise<void> {
    try {
      this.#checkPlace();
      await writeTrial(this.#file);
      await this.#touchFile();
      this.#fault = undefined;
    } catch (error) {
      this.noteFailure(error);
    }
  }
}

async function writeTrial(dataFile: string): Promise<void> {
  const file = makeTemporaryFile(dataFile);
  try {
    await writeFile(file, Buffer.alloc(TRIAL_BYTES), { flag: 'wx', flush: true });
  } finally {
    removeTemporaryFile(file);
  }
}
