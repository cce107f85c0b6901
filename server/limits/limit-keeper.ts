// The limit keeper: shares limits of a day out to processes. What it grants is on disk before it is told, so that a
// server that is killed and comes back knows who holds what. Requests that come at once are written together.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { LeaseBook, type Lease, type LeaseRequest, type SharedLimit } from '../../core/limits/leases.ts';
import { limitDayOf } from '../../core/limits/limit.ts';
import { replacePrivateFile } from '../store/file/private-files.ts';

/** What judges hold of their own limit while they ask; no limit of anybody's agents. */
export const JUDGE_SCOPE = 'judge';

const FILE = 'limits.json';
/** Days that are kept beside today, for processes whose clock is behind. */
const KEPT_MS = 2 * 86_400_000;

export class LimitKeeper {
  readonly #folder: string;
  readonly #book: LeaseBook;
  #writing: Promise<void> | undefined;
  #isChanged = false;

  private constructor(folder: string, book: LeaseBook) {
    this.#folder = folder;
    this.#book = book;
  }

  /** Goes on with what an earlier server granted; a file that cannot be read is as good as not there. */
  static async open(folder: string, log: (line: string) => void): Promise<LimitKeeper> {
    const file = path.join(folder, FILE);
    const text = await readFile(file, 'utf8').catch(() => undefined);
    let saved: unknown;
    try {
      saved = text === undefined ? undefined : JSON.parse(text);
    } catch {
      log(
        `limits: ${file} could not be read; what was spent of today's limits is asked from the processes again`,
      );
    }
    return new LimitKeeper(folder, LeaseBook.load(saved));
  }

  /** Resolves when the grants are on disk. */
  async lease(requests: readonly LeaseRequest[], nowMs = Date.now()): Promise<Lease[]> {
    this.#book.forgetBefore(limitDayOf(nowMs - KEPT_MS));
    const leases = requests.map((request) => this.#book.lease(request, nowMs));
    await this.#save();
    return leases;
  }

  /** The limits of today as they stand. */
  today(nowMs = Date.now()): SharedLimit[] {
    return this.#book.limitsOf(limitDayOf(nowMs), nowMs).filter(({ scope }) => scope !== JUDGE_SCOPE);
  }

  /** One write at a time; what changes meanwhile goes with the next. */
  async #save(): Promise<void> {
    this.#isChanged = true;
    while (this.#writing !== undefined) await this.#writing;
    if (!this.#isChanged) return;
    this.#isChanged = false;
    const text = JSON.stringify(this.#book.save());
    this.#writing = replacePrivateFile(path.join(this.#folder, FILE), text);
    try {
      await this.#writing;
    } finally {
      this.#writing = undefined;
    }
  }
}
