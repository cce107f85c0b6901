// A byte buffer: bytes that wait for their request. It grows, and is used again for the next one.

import type { ByteText } from './byte-text.ts';

const FIRST_CAPACITY = 4_096;
/** Memory that one large record has made longer than this is given up afterwards. */
const MAX_KEPT = 262_144;

export class ByteBuffer {
  #bytes: Buffer;
  length = 0;

  constructor() {
    this.#bytes = Buffer.allocUnsafeSlow(FIRST_CAPACITY);
  }

  /** Whether its memory is that of `bytes`. */
  holds(bytes: Uint8Array): boolean {
    return this.#bytes.buffer === bytes.buffer;
  }

  /** What was added; valid until more is, or it is emptied. */
  get view(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }

  empty(): void {
    this.length = 0;
    if (this.#bytes.length > MAX_KEPT) this.#bytes = Buffer.allocUnsafeSlow(FIRST_CAPACITY);
  }

  text(text: ByteText): void {
    this.reserve(text.length);
    this.length += this.#bytes.write(text, this.length, 'latin1');
  }

  bytes(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.#bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** Makes room for so many bytes more. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.length));
    this.#bytes = grown;
  }
}
