// The spool: a folder where encoded batches wait that could not be sent before the process ended.
// One file is one batch. The next process of the same service and endpoint sends them again.
// The spool is bounded in size and age; the oldest go first and are counted. Anything else that lies in the folder is
// left alone: it may be a pipe or a device.

import {
  existsSync,
  lstatSync,
  readdirSync,
  renameSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { SPOOL_CLAIM_MS, SPOOL_NAME, SPOOL_TARGET_FILE, type SpoolTarget } from '../../core/spool.ts';
import { readRegularFile, makeFolder } from '../process/files.ts';
import { guard } from '../process/guard.ts';
import type { SignalKind } from './otlp.ts';

const MAX_BYTES = 64 * 1024 * 1024;
/** Batches that waited longer are of nobody's interest any more. */
export const SPOOL_DAYS = 7;
const MAX_AGE_MS = SPOOL_DAYS * 24 * 3_600_000;

export interface SpooledBatch {
  /** The same as long as the batch waits. */
  readonly id: string;
  readonly kind: SignalKind;
  readonly path: string;
  readonly count: number;
  readonly bytes: Uint8Array;
}

/** A file of the spool. */
interface Entry {
  readonly id: string;
  readonly name: string;
  readonly writtenMs: number;
  readonly touchedMs: number;
  readonly count: number;
  readonly kind: SignalKind;
  readonly state: 'waiting' | 'claimed' | 'draft';
  readonly size: number;
}

export interface Written {
  readonly isWritten: boolean;
  /** Records of older batches that had to go for it. */
  readonly dropped: number;
}

export interface Taken {
  /** Records of batches that waited too long and are deleted. Above 0 no batch is taken: who asks again gets it. */
  readonly expired: number;
  readonly batch: SpooledBatch | undefined;
}

export class Spool {
  readonly #folder: string;
  readonly #maxBytes: number;
  readonly #target: SpoolTarget | undefined;
  /**
   * Threads of a process share its number, and so do containers with one process each: what they write within a
   * millisecond must not have one name. All have ten digits, so that names have the order of their numbers.
   */
  #serial = 1e9 + Math.floor(Math.random() * 8e9);
  #isTargetSaid = false;

  /**
   * @param maxBytes of all files together
   * @param target where its batches are to go, for who drains it
   */
  constructor(folder: string, maxBytes = MAX_BYTES, target?: SpoolTarget) {
    this.#target = target;
    this.#folder = folder;
    this.#maxBytes = maxBytes;
  }

  /** Writes a batch at once, in the place of the oldest where there is no room for both. */
  write(kind: SignalKind, bytes: Uint8Array, count: number): Written {
    const dropped = guard('spool room', () => this.#makeRoom(bytes.byteLength)) ?? 0;
    const isWritten = guard('spool write', () => {
      makeFolder(this.#folder);
      if (bytes.byteLength > this.#maxBytes) return false;
      this.#sayTarget();
      this.#serial += 1;
      const name = `${String(Date.now())}-${String(process.pid)}-${String(this.#serial)}.${String(count)}.${kind}`;
      // Written under a name that no reader takes, so that no reader sees half a file.
      const draft = join(this.#folder, `${name}.draft`);
      writeFileSync(draft, bytes, { mode: 0o600, flag: 'wx' });
      renameSync(draft, join(this.#folder, name));
      return true;
    });
    return { isWritten: isWritten === true, dropped };
  }

  #sayTarget(): void {
    if (this.#target === undefined || this.#isTargetSaid) return;
    this.#isTargetSaid = true;
    guard('spool target', () => {
      writeFileSync(join(this.#folder, SPOOL_TARGET_FILE), JSON.stringify(this.#target), { mode: 0o600 });
    });
  }

  /**
   * Deletes the batches of a signal that waited too long. Where there are none, takes the oldest one that waits for
   * this process; two processes never take the same one.
   */
  take(kind: SignalKind, isPassedOver: (id: string) => boolean = () => false): Taken {
    const nowMs = Date.now();
    let expired = 0;
    for (const entry of this.#entries()) {
      if (entry.kind !== kind || isClaimed(entry)) continue;
      if (nowMs - entry.writtenMs > MAX_AGE_MS) {
        if (this.#delete(entry.name)) expired += entry.count;
        continue;
      }
      // The oldest come first: all that expired is gone.
      if (expired > 0) break;
      if (entry.state === 'draft' || isPassedOver(entry.id)) continue;
      const batch = this.#claim(entry);
      if (batch !== undefined) return { expired, batch };
    }
    return { expired, batch: undefined };
  }

  /** The batch was delivered or refused for good. */
  remove(batch: SpooledBatch): void {
    guard('spool remove', () => {
      unlinkSync(batch.path);
    });
  }

  /** The batch waits again. */
  release(batch: SpooledBatch): void {
    guard('spool release', () => {
      renameSync(batch.path, join(this.#folder, batch.id));
    });
  }

  /** `undefined` when another process took it in between, or it cannot be read. */
  #claim({ id, name, kind, count }: Entry): SpooledBatch | undefined {
    return guard('spool claim', () => {
      const path = join(this.#folder, `${id}.claimed`);
      renameSync(join(this.#folder, name), path);
      const now = new Date();
      utimesSync(path, now, now);
      return { id, kind, path, count, bytes: readRegularFile(path) };
    });
  }

  /** Deletes the oldest until so many bytes fit; gives the number of their records. */
  #makeRoom(bytes: number): number {
    const entries = this.#entries();
    let used = entries.reduce((sum, { size }) => sum + size, 0);
    let dropped = 0;
    for (const { name, size, state, count, touchedMs } of entries) {
      // Left by a process that was killed while it wrote.
      const isLeft = state === 'draft' && Math.abs(Date.now() - touchedMs) > SPOOL_CLAIM_MS;
      const isInTheWay = state === 'waiting' && used + bytes > this.#maxBytes && bytes <= this.#maxBytes;
      if (!isLeft && !isInTheWay) continue;
      if (!this.#delete(name)) continue;
      used -= size;
      if (state === 'waiting') dropped += count;
    }
    return dropped;
  }

  /** False as well where another process was first, so that each loss is counted once. */
  #delete(name: string): boolean {
    return (
      guard('spool delete', () => {
        unlinkSync(join(this.#folder, name));
        return true;
      }) === true
    );
  }

  /** Oldest first. */
  #entries(): Entry[] {
    const entries = (this.#names() ?? []).flatMap((name): Entry[] => {
      const match = SPOOL_NAME.exec(name);
      if (match === null) return [];
      const stat = lstatSync(join(this.#folder, name), { throwIfNoEntry: false });
      if (stat?.isFile() !== true) return [];
      const [, written, count, kind, suffix] = match;
      return [
        {
          id: name.replace(/\.(claimed|draft)$/, ''),
          name,
          writtenMs: Number(written),
          touchedMs: stat.mtimeMs,
          count: Number(count),
          kind: kind === 'traces' ? 'traces' : 'logs',
          state: suffix === '.claimed' ? 'claimed' : suffix === '.draft' ? 'draft' : 'waiting',
          size: stat.size,
        },
      ];
    });
    return entries.sort((a, b) => a.writtenMs - b.writtenMs || (a.name < b.name ? -1 : 1));
  }

  #names(): string[] | undefined {
    return existsSync(this.#folder) ? guard('spool names', () => readdirSync(this.#folder)) : undefined;
  }
}

/** Another process has it. A clock that was set back must not keep it for ever. */
function isClaimed({ state, touchedMs }: Entry): boolean {
  return state === 'claimed' && Math.abs(Date.now() - touchedMs) < SPOOL_CLAIM_MS;
}
