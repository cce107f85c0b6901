// A protobuf writer: appends fields to one buffer that grows and is used again. A message whose length is
// not known yet is opened and closed; most are short, so one byte is kept free for the length and the
// content moves only where that is not enough. It also appends JSON, which travels inside.

const FIRST_CAPACITY = 4_096;
/** A buffer that one large message has made longer than this is given up afterwards. */
const MAX_KEPT = 1_048_576;
/** Shorter texts are copied character by character: cheaper than a call into the runtime. */
const SHORT_TEXT = 48;
const TWO_32 = 4_294_967_296;
const VARINT_MAX_BYTES = 10;

/** Below it a number is written digit by digit. */
const MAX_QUICK_NUMBER = 1_000_000_000;
const ZERO = 48;
const QUOTE = 34;
const BACKSLASH = 92;

/** Wire types in the low three bits of a tag. */
export const VARINT = 0;
export const FIXED64 = 1;
export const BYTES = 2;
export const FIXED32 = 5;

export class ProtobufWriter {
  #bytes: Buffer;
  length = 0;

  constructor(capacity = FIRST_CAPACITY) {
    this.#bytes = Buffer.allocUnsafeSlow(capacity);
  }

  /** What was written; valid until the next write or reset. */
  get view(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }

  /** What was written, as text. */
  toString(): string {
    return this.#bytes.toString('utf8', 0, this.length);
  }

  reset(): void {
    this.length = 0;
    if (this.#bytes.length > MAX_KEPT) this.#bytes = Buffer.allocUnsafeSlow(FIRST_CAPACITY);
  }

  /** Number and wire type of the field that follows. */
  tag(field: number, wireType: number): void {
    const tag = (field << 3) | wireType;
    if (tag > 127) {
      this.varint(tag);
      return;
    }
    this.#reserve(1);
    this.#bytes[this.length++] = tag;
  }

  /** Any whole number that fits 64 bits; negative ones take ten bytes, as int64 does. */
  varint(value: number): void {
    this.#reserve(VARINT_MAX_BYTES);
    const bytes = this.#bytes;
    let at = this.length;
    if (value >= 0 && value <= 127) bytes[at++] = value;
    else if (value < 0) {
      let rest = BigInt.asUintN(64, BigInt(value));
      for (; rest > 127n; rest >>= 7n) bytes[at++] = Number(rest & 127n) | 128;
      bytes[at++] = Number(rest);
    } else {
      let rest = value;
      for (; rest >= TWO_32; rest = Math.floor(rest / 128)) bytes[at++] = (rest % 128) | 128;
      rest >>>= 0;
      for (; rest > 127; rest >>>= 7) bytes[at++] = (rest & 127) | 128;
      bytes[at++] = rest;
    }
    this.length = at;
  }

  fixed32(value: number): void {
    this.#reserve(4);
    this.length = this.#bytes.writeUInt32LE(value >>> 0, this.length);
  }

  double(value: number): void {
    this.#reserve(8);
    this.length = this.#bytes.writeDoubleLE(value, this.length);
  }

  /** A time as nanoseconds since 1970, exactly: they do not fit a double. */
  time(seconds: number, nanoseconds: number): void {
    const high = Math.floor(seconds / 65_536) * 1e9;
    const low = (seconds % 65_536) * 1e9 + nanoseconds;
    const lowWord = (high % 65_536) * 65_536 + (low % TWO_32);
    const highWord = Math.floor(high / 65_536) + Math.floor(low / TWO_32) + (lowWord >= TWO_32 ? 1 : 0);
    this.fixed32(lowWord % TWO_32);
    this.fixed32(highWord);
  }

  /** Hex digits as the bytes they stand for, with their length. */
  hex(digits: string): void {
    const count = digits.length >>> 1;
    this.varint(count);
    this.#reserve(count);
    const bytes = this.#bytes;
    let at = this.length;
    for (let index = 0; index < count * 2; index += 2) {
      bytes[at++] = (hexValue(digits.charCodeAt(index)) << 4) | hexValue(digits.charCodeAt(index + 1));
    }
    this.length = at;
  }

  /** A text with its length. */
  text(text: string): void {
    const { length } = text;
    if (length > SHORT_TEXT) {
      this.#longText(text);
      return;
    }
    this.#reserve(length + 1);
    const bytes = this.#bytes;
    const start = this.length + 1;
    for (let index = 0; index < length; index++) {
      const unit = text.charCodeAt(index);
      if (unit > 127) {
        this.#longText(text);
        return;
      }
      bytes[start + index] = unit;
    }
    bytes[start - 1] = length;
    this.length = start + length;
  }

  #longText(text: string): void {
    // Room for the longest form: three bytes for each UTF-16 unit.
    this.#reserve(text.length * 3 + VARINT_MAX_BYTES);
    const start = this.length;
    const lengthBytes = varintSize(text.length);
    const written = this.#bytes.write(text, start + lengthBytes);
    const shift = varintSize(written) - lengthBytes;
    if (shift > 0)
      this.#bytes.copyWithin(start + lengthBytes + shift, start + lengthBytes, start + lengthBytes + written);
    this.varint(written);
    this.length += written;
  }

  /** A text as it is, without a length. */
  characters(text: string): void {
    const { length } = text;
    this.#reserve(length * 3);
    const start = this.length;
    if (length <= SHORT_TEXT) {
      const bytes = this.#bytes;
      let index = 0;
      for (; index < length; index++) {
        const unit = text.charCodeAt(index);
        if (unit > 127) break;
        bytes[start + index] = unit;
      }
      if (index === length) {
        this.length = start + length;
        return;
      }
    }
    this.length = start + this.#bytes.write(text, start);
  }

  /** A value as JSON. */
  json(value: string | number | boolean | readonly string[]): void {
    if (typeof value === 'string') this.#jsonText(value);
    else if (typeof value === 'number') this.#jsonNumber(value);
    else if (typeof value === 'boolean') this.characters(value ? 'true' : 'false');
    else this.characters(JSON.stringify(value));
  }

  /** Ids and names, which is nearly everything, need no escaping. */
  #jsonText(text: string): void {
    const { length } = text;
    if (length <= SHORT_TEXT) {
      this.#reserve(length + 2);
      const bytes = this.#bytes;
      const start = this.length + 1;
      let index = 0;
      for (; index < length; index++) {
        const unit = text.charCodeAt(index);
        if (unit < 0x20 || unit > 0x7e || unit === QUOTE || unit === BACKSLASH) break;
        bytes[start + index] = unit;
      }
      if (index === length) {
        bytes[start - 1] = QUOTE;
        bytes[start + length] = QUOTE;
        this.length = start + length + 1;
        return;
      }
    }
    this.characters(JSON.stringify(text));
  }

  #jsonNumber(value: number): void {
    if (!Number.isInteger(value) || value < 0 || value >= MAX_QUICK_NUMBER || Object.is(value, -0)) {
      this.characters(String(value));
      return;
    }
    let count = 1;
    for (let limit = 10; limit <= value; limit *= 10) count++;
    this.#reserve(count);
    const bytes = this.#bytes;
    let rest = value | 0;
    for (let at = this.length + count - 1; at >= this.length; at--) {
      const tenth = (rest / 10) | 0;
      bytes[at] = ZERO + rest - tenth * 10;
      rest = tenth;
    }
    this.length += count;
  }

  /** Bytes with their length. */
  bytes(bytes: Uint8Array): void {
    this.varint(bytes.length);
    this.raw(bytes);
  }

  /** What another writer holds, with its length. */
  message(other: ProtobufWriter): void {
    const { length } = other;
    this.varint(length);
    this.#reserve(length);
    other.#bytes.copy(this.#bytes, this.length, 0, length);
    this.length += length;
  }

  /** Bytes as they are. */
  raw(bytes: Uint8Array): void {
    const { length } = bytes;
    this.#reserve(length);
    if (length > SHORT_TEXT) this.#bytes.set(bytes, this.length);
    else {
      const own = this.#bytes;
      for (let index = 0; index < length; index++) own[this.length + index] = bytes[index] ?? 0;
    }
    this.length += length;
  }

  /** Opens a message; give what this returns to {@link close}. */
  open(): number {
    this.#reserve(1);
    return this.length++;
  }

  close(mark: number): void {
    const start = mark + 1;
    const count = this.length - start;
    if (count < 128) {
      this.#bytes[mark] = count;
      return;
    }
    const shift = varintSize(count) - 1;
    this.#reserve(shift);
    this.#bytes.copyWithin(start + shift, start, this.length);
    const end = this.length + shift;
    this.length = mark;
    this.varint(count);
    this.length = end;
  }

  #reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.length));
    this.#bytes = grown;
  }
}

/** Bytes that a length takes as a varint. */
function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) size++;
  return size;
}

function hexValue(unit: number): number {
  if (unit <= 57) return unit - 48;
  return unit >= 97 ? unit - 87 : unit - 55;
}
