// Byte texts: bytes of protobuf as a text that has one character for each. Joining texts is a call into V8 that costs the
// same before the code around it is compiled, where loops over bytes are slow at first and compiled soon, which costs as
// much again; a text that was made once goes into many messages; and what was joined is written in one go.

/** A text of characters below 256, each of which is a byte. */
export type ByteText = string;

/** Wire types in the low three bits of a tag. */
export const VARINT = 0;
export const FIXED64 = 1;
export const BYTES = 2;
export const FIXED32 = 5;

const BYTE: readonly ByteText[] = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));
/** Is the same in UTF-8, character by character. */
// oxlint-disable-next-line no-control-regex
const ASCII = /^[\0-\x7f]*$/;
/** Longer ones are faster looked through by Node. */
const SHORT_TEXT = 256;
const TWO_32 = 2 ** 32;
const doubleBytes = Buffer.alloc(8);

/** Number and wire type of the field that follows. */
export function tagText(field: number, wireType: number): ByteText {
  return varintText((field << 3) | wireType);
}

/** Any whole number that fits 64 bits; negative ones take ten bytes, as int64 does. */
export function varintText(value: number): ByteText {
  if (value < 128 && value >= 0) return byteText(value);
  let text = '';
  if (value < 0) {
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest > 127n; rest >>= 7n) text += byteText(Number(rest & 127n) | 128);
    return text + byteText(Number(rest));
  }
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) text += byteText((rest % 128) | 128);
  return text + byteText(rest);
}

function byteText(byte: number): ByteText {
  return BYTE[byte] ?? '';
}

/** Bytes with their length before them. */
export function sizedText(bytes: ByteText): ByteText {
  return varintText(bytes.length) + bytes;
}

export function fixed32Text(value: number): ByteText {
  return String.fromCharCode(value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24);
}

export function doubleText(value: number): ByteText {
  doubleBytes.writeDoubleLE(value);
  return doubleBytes.toString('latin1');
}

/** A time as nanoseconds since 1970, exactly: they do not fit a double. */
export function timeText(seconds: number, nanoseconds: number): ByteText {
  const high = Math.floor(seconds / 65_536) * 1e9;
  const low = (seconds % 65_536) * 1e9 + nanoseconds;
  const lowWord = (high % 65_536) * 65_536 + (low % TWO_32);
  const highWord = Math.floor(high / 65_536) + Math.floor(low / TWO_32) + (lowWord >= TWO_32 ? 1 : 0);
  return fixed32Text(lowWord % TWO_32) + fixed32Text(highWord);
}

/** Hex digits as the bytes they stand for. */
export function hexText(digits: string): ByteText {
  return Buffer.from(digits, 'hex').toString('latin1');
}

/** A text in UTF-8. */
export function utf8Text(text: string): ByteText {
  const isAscii = text.length > SHORT_TEXT ? Buffer.byteLength(text) === text.length : ASCII.test(text);
  return isAscii ? text : Buffer.from(text, 'utf8').toString('latin1');
}

/** The same text as one piece: what was joined is a tree, and each use of it goes through all of it. */
export function flatText(text: string): string {
  text.charCodeAt(0);
  return text;
}
