// Frames: how AWS writes an event stream (application/vnd.amazon.eventstream): length, length of the headers, a checksum,
// headers, payload, a checksum. Read as they come, cut wherever the network cut them.

import { guard } from '../process/guard.ts';

export interface AwsFrame {
  /** Header `:event-type`, or `:exception-type` of a frame that reports an error. */
  readonly type: string;
  readonly payload: Uint8Array;
}

const PRELUDE_BYTES = 12;
const CHECKSUM_BYTES = 4;
/** AWS writes no larger ones: what says so is no frame. */
const MAX_FRAME_BYTES = 24 * 1024 * 1024;
/** Bytes of the values of fixed size, by the type of the header. */
const VALUE_BYTES: Readonly<Record<number, number>> = { 0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16 };

export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  /** The frames that this piece completes. */
  push(piece: Uint8Array): AwsFrame[] {
    this.#rest = this.#rest.length === 0 ? Buffer.from(piece) : Buffer.concat([this.#rest, piece]);
    const frames: AwsFrame[] = [];
    while (this.#rest.length >= PRELUDE_BYTES) {
      const total = this.#rest.readUInt32BE(0);
      if (total < PRELUDE_BYTES + CHECKSUM_BYTES || total > MAX_FRAME_BYTES) {
        this.#rest = Buffer.alloc(0);
        break;
      }
      if (this.#rest.length < total) break;
      const frame = readFrame(this.#rest.subarray(0, total));
      if (frame !== undefined) frames.push(frame);
      this.#rest = this.#rest.subarray(total);
    }
    return frames;
  }
}

/** What a frame holds; `undefined` where its headers are none, and it is left out. */
function readFrame(bytes: Buffer): AwsFrame | undefined {
  const headersEnd = PRELUDE_BYTES + bytes.readUInt32BE(4);
  const payloadEnd = bytes.length - CHECKSUM_BYTES;
  if (headersEnd > payloadEnd) return undefined;
  return guard('frame', () => {
    const headers = readHeaders(bytes.subarray(PRELUDE_BYTES, headersEnd));
    return {
      type: headers.get(':event-type') ?? headers.get(':exception-type') ?? '',
      payload: bytes.subarray(headersEnd, payloadEnd),
    };
  });
}

function readHeaders(bytes: Buffer): Map<string, string> {
  const headers = new Map<string, string>();
  let at = 0;
  while (at < bytes.length) {
    const nameEnd = at + 1 + bytes.readUInt8(at);
    const name = bytes.toString('utf8', at + 1, nameEnd);
    const type = bytes.readUInt8(nameEnd);
    at = nameEnd + 1;
    const fixed = VALUE_BYTES[type];
    if (fixed === undefined) {
      const end = at + 2 + bytes.readUInt16BE(at);
      headers.set(name, bytes.toString('utf8', at + 2, end));
      at = end;
    } else at += fixed;
  }
  return headers;
}
