// A kept file: JSON of the data folder that the page of alerts changes and that people may edit. What of it cannot be read
// is said, and is not lost by the next change: the file as it was is put aside first.

import { copyFileSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { messageOf } from '../process/server-error.ts';

const OWNER_ONLY = 0o600;

export class KeptFile {
  readonly path: string;
  #isReadInFull = true;

  constructor(path: string) {
    this.path = path;
  }

  /** The value; undefined where there is no file or nothing that can be read. `onFault` is called with the reason. */
  read(onFault: (reason: string) => void): unknown {
    try {
      return JSON.parse(readFileSync(this.path, 'utf8'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      this.#isReadInFull = false;
      onFault(messageOf(error));
      return undefined;
    }
  }

  /** Says that a part of it is left out. */
  leavePartOut(): void {
    this.#isReadInFull = false;
  }

  /** So that after a crash it is either the old or the new one. */
  write(value: unknown): void {
    if (!this.#isReadInFull) copyFileSync(this.path, `${this.path}.unreadable`);
    this.#isReadInFull = true;
    const draft = `${this.path}.new`;
    // What lies there as a link to another file is not written through.
    rmSync(draft, { force: true });
    writeFileSync(draft, JSON.stringify(value, undefined, 2), { mode: OWNER_ONLY });
    renameSync(draft, this.path);
  }
}
