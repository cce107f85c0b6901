// A growing text: what streams in by thousands of small pieces. Its characters are kept as codes in one block of memory:
// as strings, the pieces of a thousand streams at once are many times their size, and most of the work of the collector.

const FIRST_CODES = 256;
const NARROW = 0xff;
/** Codes that become a string at once. */
const SLICE_CODES = 4_096;

export class GrowingText {
  #codes: Uint8Array | Uint16Array = new Uint8Array(FIRST_CODES);
  #length = 0;

  /** Characters so far. */
  get length(): number {
    return this.#length;
  }

  /** Their codes, valid until more is added. */
  get codes(): Uint8Array | Uint16Array {
    return this.#codes.subarray(0, this.#length);
  }

  add(piece: string): void {
    const length = this.#length + piece.length;
    if (length > this.#codes.length) this.#grow(length);
    let codes = this.#codes;
    for (let from = 0, to = this.#length; from < piece.length; from++, to++) {
      const code = piece.charCodeAt(from);
      if (code > NARROW && codes instanceof Uint8Array) codes = this.#widen();
      codes[to] = code;
    }
    this.#length = length;
  }

  toString(): string {
    let text = '';
    for (let at = 0; at < this.#length; at += SLICE_CODES) {
      const codes = this.#codes.subarray(at, Math.min(at + SLICE_CODES, this.#length));
      // Spread, each code would go through an iterator.
      text += Reflect.apply(String.fromCharCode, undefined, codes);
    }
    return text;
  }

  #grow(length: number): void {
    const codes = new (this.#codes instanceof Uint8Array ? Uint8Array : Uint16Array)(
      Math.max(length, this.#codes.length * 2),
    );
    codes.set(this.#codes.subarray(0, this.#length));
    this.#codes = codes;
  }

  #widen(): Uint16Array {
    const codes = new Uint16Array(this.#codes.length);
    codes.set(this.#codes);
    this.#codes = codes;
    return codes;
  }
}
