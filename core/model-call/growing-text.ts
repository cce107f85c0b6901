// A growing text: what streams in by thousands of small pieces. Its characters are kept as codes in a few blocks of memory:
// as strings, the pieces of a thousand streams at once are many times their size, and most of the work of the collector.
// A large piece is kept as it is: it costs nothing to add.

const FIRST_CODES = 256;
/** A block grows up to this size; what follows goes into another, so that little is reserved and nothing copied. */
const BLOCK_CODES = 4_096;
/** A piece of this length is kept as it is. */
const LARGE_PIECE = 1_024;
const NARROW = 0xff;

type Codes = Uint8Array | Uint16Array;

export class GrowingText {
  readonly #full: (Codes | string)[] = [];
  /** The block that is being filled. */
  #open: Codes = new Uint8Array(FIRST_CODES);
  #used = 0;
  #length = 0;

  /** Characters so far. */
  get length(): number {
    return this.#length;
  }

  add(piece: string): void {
    const { length } = piece;
    this.#length += length;
    if (length >= LARGE_PIECE) {
      if (this.#used > 0) this.#full.push(this.#open.slice(0, this.#used));
      this.#full.push(piece);
      this.#used = 0;
      return;
    }
    for (let from = 0; from < length;) {
      if (this.#used === this.#open.length) this.#makeRoom(length - from);
      let codes = this.#open;
      let used = this.#used;
      const end = Math.min(length, from + codes.length - used);
      for (; from < end; from++, used++) {
        const code = piece.charCodeAt(from);
        if (code > NARROW && codes instanceof Uint8Array) codes = this.#widen();
        codes[used] = code;
      }
      this.#used = used;
    }
  }

  toString(): string {
    const texts = this.#blocks().map((block) =>
      // Spread, each code would go through an iterator.
      typeof block === 'string' ? block : Reflect.apply(String.fromCharCode, undefined, block),
    );
    return texts.join('');
  }

  #blocks(): (Codes | string)[] {
    return [...this.#full, this.#open.subarray(0, this.#used)];
  }

  #makeRoom(wanted: number): void {
    const open = this.#open;
    if (open.length === BLOCK_CODES) {
      this.#full.push(open);
      this.#open = new Uint8Array(BLOCK_CODES);
      this.#used = 0;
      return;
    }
    const size = Math.min(BLOCK_CODES, Math.max(open.length * 2, this.#used + wanted));
    this.#open = new (open instanceof Uint8Array ? Uint8Array : Uint16Array)(size);
    this.#open.set(open);
  }

  #widen(): Uint16Array {
    const codes = new Uint16Array(this.#open.length);
    codes.set(this.#open);
    this.#open = codes;
    return codes;
  }
}
