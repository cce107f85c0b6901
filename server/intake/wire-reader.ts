// A wire reader walks protobuf's wire format: tags, varints, and the ends of what has a length.

import { ANY_VALUE, VALUE_LIST } from '../../core/otlp/otlp-fields.ts';
import { MalformedBodyError } from './otlp-model.ts';
import { WIRE_32, WIRE_64, WIRE_BYTES, WIRE_VARINT } from './otlp-protobuf.ts';

const WORD = 2 ** 32;

function latin1Of(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
}

export class WireReader {
  readonly bytes: Uint8Array;
  /** Index of the next byte. */
  at = 0;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Calls `read` for every field up to the end; fields that it does not take are skipped. */
  eachField(end: number, read: (field: number, wire: number) => boolean): void {
    while (this.at < end) {
      const tag = this.varint();
      if (!read(tag >>> 3, tag & 7)) this.skip(tag >>> 3, tag & 7);
    }
    this.expectEnd(end);
  }

  /** An unsigned varint of 32 bits; what it has beyond them is dropped, as protobuf asks. */
  varint(): number {
    let value = this.#byte();
    if (value < 0x80) return value;
    value &= 0x7f;
    for (let shift = 7; ; shift += 7) {
      const byte = this.#byte();
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
      if (shift === 63) throw new MalformedBodyError('the body is not protobuf: a number does not end');
    }
  }

  /** A signed varint of 64 bits; beyond 2^53 it loses digits, as every JSON reader does. */
  int64(): number {
    let low = 0;
    let high = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.#byte();
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >> 4;
      } else high |= bits << (shift - 32);
      if (byte < 0x80) return high * WORD + (low >>> 0);
      if (shift === 63) throw new MalformedBodyError('the body is not protobuf: a number does not end');
    }
  }

  double(): number {
    this.#need(8);
    const value = this.#view.getFloat64(this.at, true);
    this.at += 8;
    return value;
  }

  /** Whole milliseconds of a fixed64 of nanoseconds, exactly. */
  timeMs(): number {
    this.#need(8);
    const low = this.#view.getUint32(this.at, true);
    const high = this.#view.getUint32(this.at + 4, true);
    this.at += 8;
    // 2^32 ns = 4294 ms + 967296 ns, so no product leaves the safe integers.
    return high * 4294 + Math.floor((high * 967_296 + low) / 1_000_000);
  }

  /** Reads a length; the index at which what follows ends. */
  endOfBytes(): number {
    const length = this.varint();
    this.#need(length);
    return this.at + length;
  }

  /**
   * The texts of a list of them as it is usually written: it ends where it should, each has a value, and all is ASCII.
   * Undefined where it is not, or is no such list: the place is anywhere then.
   */
  plainTexts(end: number): string[] | undefined {
    if (this.endOfBytes() !== end) return undefined;
    const texts: string[] = [];
    while (this.at < end) {
      if (this.varint() !== ((VALUE_LIST.values << 3) | WIRE_BYTES)) return undefined;
      const valueEnd = this.endOfBytes();
      if (valueEnd > end || this.at === valueEnd) return undefined;
      if (this.varint() !== ((ANY_VALUE.string << 3) | WIRE_BYTES)) return undefined;
      if (this.endOfBytes() !== valueEnd) return undefined;
      for (let at = this.at; at < valueEnd; at++) if ((this.bytes[at] as number) > 0x7f) return undefined;
      texts.push(latin1Of(this.bytes, this.at, valueEnd));
      this.at = valueEnd;
    }
    return texts;
  }

  expect(wire: number, expected: number): void {
    if (wire !== expected)
      throw new MalformedBodyError(`the body is not OTLP: wire type ${wire} instead of ${expected}`);
  }

  expectEnd(end: number): void {
    if (this.at !== end)
      throw new MalformedBodyError('the body is not protobuf: a field ends outside its message');
  }

  skip(field: number, wire: number): void {
    if (field === 0) throw new MalformedBodyError('the body is not protobuf: field number 0');
    switch (wire) {
      case WIRE_VARINT:
        this.int64();
        return;
      case WIRE_64:
        this.#need(8);
        this.at += 8;
        return;
      case WIRE_BYTES:
        this.at = this.endOfBytes();
        return;
      case WIRE_32:
        this.#need(4);
        this.at += 4;
        return;
      default:
        throw new MalformedBodyError(`the body is not protobuf: wire type ${wire}`);
    }
  }

  #byte(): number {
    const byte = this.bytes[this.at];
    if (byte === undefined) throw new MalformedBodyError('the body is cut off');
    this.at++;
    return byte;
  }

  #need(bytes: number): void {
    if (this.at + bytes > this.bytes.length) throw new MalformedBodyError('the body is cut off');
  }
}
