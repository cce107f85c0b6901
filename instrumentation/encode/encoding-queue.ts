// The encoding queue: spans and events that are finished and no bytes yet. Many in one go cost a fraction of what each
// costs alone: between two answers of a model a processor does other work, and comes back with empty caches.

import { guard } from '../process/guard.ts';
import { later } from '../process/timers.ts';

/** A second is what a record may wait as bytes; this is little beside it. */
const DELAY_MS = 100;
/** What waits holds objects, so it is few. */
const MAX_WAITING = 128;

export class EncodingQueue {
  readonly #maxWaiting: number;
  #waiting: (() => void)[] = [];
  #isScheduled = false;

  /** @param maxWaiting that so many wait for the rest; 1 where nothing waits */
  constructor(maxWaiting = MAX_WAITING) {
    this.#maxWaiting = maxWaiting;
  }

  /** Records that are not encoded yet. */
  get size(): number {
    return this.#waiting.length;
  }

  /** Encodes soon, after what was added before. What it reads must not change meanwhile. */
  add(encode: () => void): void {
    this.#waiting.push(encode);
    if (this.#waiting.length >= this.#maxWaiting) this.encodeAll();
    if (this.#isScheduled || this.#waiting.length === 0) return;
    this.#isScheduled = true;
    later('encode', DELAY_MS, () => {
      this.#isScheduled = false;
      this.encodeAll();
    });
  }

  /** Of what is bytes already: at once, or in its turn where something waits. */
  addEncoded(send: () => void): void {
    if (this.#waiting.length === 0) send();
    else this.add(send);
  }

  /** Encodes what waits, at once and in order. */
  encodeAll(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const encode of waiting) guard('encode', encode);
  }
}
