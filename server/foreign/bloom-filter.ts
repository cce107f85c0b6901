// A Bloom filter of texts: it may take a text for one that was added, and never one that was added for a new one.

const HASHES = 4;
const FNV_PRIME = 0x01000193;

export class BloomFilter {
  readonly #bits: Uint32Array;
  readonly #mask: number;

  /** `bits` is a power of two. */
  constructor(bits: number) {
    this.#bits = new Uint32Array(bits / 32);
    this.#mask = bits - 1;
  }

  add(text: string): void {
    const [first, second] = hashesOf(text);
    for (let index = 0; index < HASHES; index++) {
      const bit = (first + Math.imul(index, second)) & this.#mask;
      this.#bits[bit >>> 5] = (this.#bits[bit >>> 5] as number) | (1 << (bit & 31));
    }
  }

  mayHave(text: string): boolean {
    const [first, second] = hashesOf(text);
    for (let index = 0; index < HASHES; index++) {
      const bit = (first + Math.imul(index, second)) & this.#mask;
      if (((this.#bits[bit >>> 5] as number) & (1 << (bit & 31))) === 0) return false;
    }
    return true;
  }
}

function hashesOf(text: string): readonly [number, number] {
  let first = 0x811c9dc5;
  let second = 0x9747b28c;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    first = Math.imul(first ^ code, FNV_PRIME);
    second = Math.imul(second ^ code, 0x5bd1e995) ^ (second >>> 15);
  }
  return [first >>> 0, (second >>> 0) | 1];
}
