// The answer to an OTLP request: what the endpoint says it refused although it took the request.

import { BYTES, FIXED32, FIXED64, VARINT } from './protobuf-writer.ts';

export interface RefusedPart {
  readonly count: number;
  readonly reason: string;
}

const PARTIAL_SUCCESS = 1;
const REJECTED = 1;
const ERROR_MESSAGE = 2;

/** The refused part; `undefined` when all was taken. Throws on bytes that are no protobuf. */
export function readRefusedPart(answer: Uint8Array): RefusedPart | undefined {
  let count = 0;
  let reason = 'no reason given';
  readFields(answer, (field, part) => {
    if (field !== PARTIAL_SUCCESS || typeof part === 'number') return;
    readFields(part, (partField, value) => {
      if (partField === REJECTED && typeof value === 'number') count = value;
      else if (partField === ERROR_MESSAGE && typeof value !== 'number' && value.length > 0)
        reason = new TextDecoder().decode(value);
    });
  });
  return count > 0 ? { count, reason } : undefined;
}

/** Calls back for each varint and each length-delimited field. */
function readFields(bytes: Uint8Array, onField: (field: number, value: number | Uint8Array) => void): void {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error('the answer ends in the middle of a field');
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    switch (tag & 7) {
      case VARINT:
        onField(tag >>> 3, varint());
        break;
      case BYTES: {
        const end = varint() + at;
        onField(tag >>> 3, bytes.subarray(at, end));
        at = end;
        break;
      }
      case FIXED64:
        at += 8;
        break;
      case FIXED32:
        at += 4;
        break;
      default:
        throw new Error(`the answer holds a field of the unknown wire type ${String(tag & 7)}`);
    }
  }
}
