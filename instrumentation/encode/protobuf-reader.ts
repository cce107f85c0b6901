// A protobuf reader: walks the fields of one message, and of those inside it when asked. What does not fit its own
// lengths is an error, because the bytes come from others or from a file.

import { BYTES, FIXED32, FIXED64, VARINT } from './byte-text.ts';

export interface ReadField {
  readonly number: number;
  /** A varint as a number, the content of what has a length; empty for fixed numbers. */
  readonly value: number | Uint8Array;
  /** The field as it stands in the message, tag included. */
  readonly whole: Uint8Array;
}

const NOTHING = new Uint8Array();
/** A varint of 64 bits has no more. */
const MAX_VARINT_BYTES = 10;

/** The fields of a message, in order. Throws on bytes that are none. */
export function* readFields(bytes: Uint8Array): Generator<ReadField> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let index = 0, scale = 1; index < MAX_VARINT_BYTES; index++, scale *= 128) {
      const byte = bytes[at++];
      if (byte === undefined) break;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    throw new Error('the message ends in the middle of a field');
  };
  const skip = (count: number): Uint8Array => {
    const start = at;
    at += count;
    if (at > bytes.length) throw new Error('the message ends in the middle of a field');
    return bytes.subarray(start, at);
  };
  while (at < bytes.length) {
    const start = at;
    const tag = varint();
    let value: number | Uint8Array = NOTHING;
    switch (tag & 7) {
      case VARINT:
        value = varint();
        break;
      case BYTES:
        value = skip(varint());
        break;
      case FIXED64:
        skip(8);
        break;
      case FIXED32:
        skip(4);
        break;
      default:
        throw new Error(`the message holds a field of the unknown wire type ${String(tag & 7)}`);
    }
    yield { number: tag >>> 3, value, whole: bytes.subarray(start, at) };
  }
}
