// A content hash: 53 bits of what a value says, computed without copying or keeping the value.
// Two 32-bit multiply-xor lanes over UTF-16 code units, two at a time; not cryptographic, made to
// tell "the same" from "changed" at about one nanosecond a character.

import { remembered } from '../remembered.ts';

// Bound once: a global that is looked up for every character is slow where globals are intercepted (vm contexts).
const { imul, floor } = Math;
const FIRST_SEED = 0x9e3779b9;
const SECOND_SEED = 0x85ebca6b;
const FIRST_PRIME = 2_654_435_761;
const SECOND_PRIME = 1_597_334_677;
/** Nesting below which a value is no longer read: a request that deep is cyclic or hostile. */
const MAX_DEPTH = 64;
/** Longer binary payloads (base64 of images and files) are sampled: both ends and 2,048 points between. */
const SAMPLED_LENGTH = 16_384;
const SAMPLE_POINTS = 2_048;

/** A running hash. Mix values in, in order, then read {@link ContentHash.digest}. */
export class ContentHash {
  #first = FIRST_SEED | 0;
  #second = SECOND_SEED | 0;
  /** Characters mixed in so far: text and keys as they are, numbers and punctuation as JSON would write them. */
  chars = 0;

  reset(): this {
    this.#first = FIRST_SEED | 0;
    this.#second = SECOND_SEED | 0;
    this.chars = 0;
    return this;
  }

  mixNumber(value: number): this {
    const low = value | 0;
    const high = floor(value / 4_294_967_296) | 0;
    this.#first = imul(imul(this.#first ^ low, FIRST_PRIME) ^ high, FIRST_PRIME);
    this.#second = imul(imul(this.#second ^ high, SECOND_PRIME) ^ low, SECOND_PRIME);
    return this;
  }

  mixText(text: string): this {
    const { length } = text;
    let first = this.#first ^ length;
    let second = this.#second ^ length;
    let index = 0;
    for (; index + 1 < length; index += 2) {
      const pair = text.charCodeAt(index) | (text.charCodeAt(index + 1) << 16);
      first = imul(first ^ pair, FIRST_PRIME);
      first ^= first >>> 15;
      second = imul(second ^ pair, SECOND_PRIME);
    }
    if (index < length) {
      const unit = text.charCodeAt(index);
      first = imul(first ^ unit, FIRST_PRIME);
      second = imul(second ^ unit, SECOND_PRIME);
    }
    this.#first = first;
    this.#second = second ^ (second >>> 13);
    this.chars += length;
    return this;
  }

  /** Like {@link mixText}, but reads at most a few thousand characters of a long payload. */
  mixPayload(text: string): this {
    const { length } = text;
    if (length <= SAMPLED_LENGTH) return this.mixText(text);
    this.mixNumber(length);
    this.mixText(text.slice(0, 1024));
    this.mixText(text.slice(-1024));
    const step = floor(length / SAMPLE_POINTS);
    for (let index = step; index < length; index += step) this.mixNumber(text.charCodeAt(index));
    this.chars += length - 2048;
    return this;
  }

  /** Any JSON-like value, keys in their order. `undefined` and functions count as absent, as in JSON. */
  mixValue(value: unknown, depth = 0): this {
    switch (typeof value) {
      case 'string':
        this.chars += 2;
        return this.mixText(value);
      case 'number':
        this.chars += 4;
        return this.mixNumber(Number.isSafeInteger(value) ? value : value * 1e6);
      case 'boolean':
        this.chars += 4;
        return this.mixNumber(value ? 3 : 5);
      case 'object':
        break;
      default:
        return this;
    }
    if (value === null || depth > MAX_DEPTH) return this.mixNumber(7);
    if (Array.isArray(value)) {
      this.mixNumber(value.length);
      this.chars += 1 + value.length;
      for (const item of value) this.mixValue(item, depth + 1);
      return this;
    }
    if (ArrayBuffer.isView(value)) return this.mixNumber(value.byteLength);
    this.chars += 2;
    for (const key of Object.keys(value)) {
      const item = (value as Record<string, unknown>)[key];
      if (item === undefined) continue;
      this.chars += 4;
      this.mixText(key).mixValue(item, depth + 1);
    }
    return this;
  }

  /** A non-negative integer below 2^53. */
  digest(): number {
    let first = imul(this.#first ^ (this.#first >>> 16), 2_246_822_507);
    first ^= imul(this.#second ^ (this.#second >>> 13), 3_266_489_909);
    let second = imul(this.#second ^ (this.#second >>> 16), 2_246_822_507);
    second ^= imul(first ^ (first >>> 13), 3_266_489_909);
    return (second & 0x1fffff) * 4_294_967_296 + (first >>> 0);
  }
}

/** The hash of a text that comes in pieces, however it is cut. Nothing of it is kept. */
export class TextHash {
  #first = FIRST_SEED | 0;
  #second = SECOND_SEED | 0;
  /** The last code, where it waits for the other one of its pair. */
  #odd = NO_CODE;
  /** Characters so far. */
  length = 0;

  reset(): this {
    this.#first = FIRST_SEED | 0;
    this.#second = SECOND_SEED | 0;
    this.#odd = NO_CODE;
    this.length = 0;
    return this;
  }

  add(piece: string): this {
    const { length } = piece;
    if (length === 0) return this;
    this.length += length;
    let first = this.#first;
    let second = this.#second;
    let index = 0;
    if (this.#odd !== NO_CODE) {
      const pair = this.#odd | (piece.charCodeAt(0) << 16);
      first = imul(first ^ pair, FIRST_PRIME);
      first ^= first >>> 15;
      second = imul(second ^ pair, SECOND_PRIME);
      index = 1;
    }
    for (; index + 1 < length; index += 2) {
      const pair = piece.charCodeAt(index) | (piece.charCodeAt(index + 1) << 16);
      first = imul(first ^ pair, FIRST_PRIME);
      first ^= first >>> 15;
      second = imul(second ^ pair, SECOND_PRIME);
    }
    this.#first = first;
    this.#second = second;
    this.#odd = index < length ? piece.charCodeAt(index) : NO_CODE;
    return this;
  }

  /** Mixes the text into a hash. */
  mixInto(hash: ContentHash): ContentHash {
    hash.mixNumber(this.length).mixNumber(this.#first).mixNumber(this.#second).mixNumber(this.#odd);
    hash.chars += this.length;
    return hash;
  }
}

/** No code of a character. */
const NO_CODE = -1;

const LOW_DIGITS = 5;
const LOW_RANGE = 36 ** LOW_DIGITS;

/**
 * A digest as it is written in events: base 36, like `toString(36)`, which is slow beyond 32 bits. A history is written
 * again with every call.
 */
export const formatHash: (digest: number) => string = remembered((digest) => {
  const high = floor(digest / LOW_RANGE);
  const low = digest - high * LOW_RANGE;
  return high === 0 ? low.toString(36) : high.toString(36) + low.toString(36).padStart(LOW_DIGITS, '0');
}, 4_096);
