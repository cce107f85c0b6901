// The spool: a folder where encoded batches wait that could not be sent before the process ended.
// One file is one batch. The next process of the same service and endpoint sends them again.
// The spool is bounded in size and age; the oldest go first and are counted.

import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SignalKind } from './otlp.ts';

const MAX_BYTES = 64 * 1024 * 1024;
const MAX_AGE_MS = 7 * 24 * 3_600_000;
/** A claimed file whose process did not finish is taken over after this time. */
const CLAIM_MS = 60_000;

export interface SpooledBatch {
  readonly kind: SignalKind;
  readonly path: string;
  readonly count: number;
  readonly bytes: Uint8Array;
}

export class Spool {
  readonly #folder: string;
  #serial = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Writes a batch at once; false when there is no room or the folder cannot be written. */
  write(kind: SignalKind, bytes: Uint8Array, count: number): boolean {
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      if (this.#usedBytes() + bytes.byteLength > MAX_BYTES) return false;
      this.#serial += 1;
      const name = `${String(Date.now())}-${String(process.pid)}-${String(this.#serial)}.${String(count)}.${kind}`;
      // Written under a name that no reader takes, so that no reader sees half a file.
      const draft = join(this.#folder, `${name}.draft`);
      writeFileSync(draft, bytes, { mode: 0o600 });
      renameSync(draft, join(this.#folder, name));
      return true;
    } catch {
      return false;
    }
  }

  /** Takes the oldest waiting batch of a signal for this process; two processes never take the same one. */
  take(kind: SignalKind): SpooledBatch | undefined {
    for (const name of this.#names()) {
      const match = /^(\d+)-\d+-\d+\.(\d+)\.(traces|logs)(\.claimed)?$/.exec(name);
      if (match === null || match[3] !== kind) continue;
      const path = join(this.#folder, name);
      try {
        const ageMs = Date.now() - statSync(path).mtimeMs;
        if (ageMs > MAX_AGE_MS) {
          rmSync(path, { force: true });
          continue;
        }
        if (match[4] !== undefined && ageMs < CLAIM_MS) continue;
        const claimed = join(this.#folder, `${name.replace(/\.claimed$/, '')}.claimed`);
        renameSync(path, claimed);
        return {
          kind,
          path: claimed,
          count: Number(match[2]),
          bytes: readFileSync(claimed),
        };
      } catch {
        // Another process took it in between.
      }
    }
    return undefined;
  }

  /** The batch was delivered or refused for good. */
  remove(batch: SpooledBatch): void {
    rmSync(batch.path, { force: true });
  }

  /** The batch waits again. */
  release(batch: SpooledBatch): void {
    try {
      renameSync(batch.path, batch.path.replace(/\.claimed$/, ''));
    } catch {
      // Removed meanwhile: nothing waits.
    }
  }

  #names(): string[] {
    try {
      return readdirSync(this.#folder).sort();
    } catch {
      return [];
    }
  }

  #usedBytes(): number {
    let total = 0;
    for (const name of this.#names()) {
      const stat = statSync(join(this.#folder, name), { throwIfNoEntry: false });
      total += stat?.size ?? 0;
    }
    return total;
  }
}
