// A request of OTLP logs in protobuf that can be sent again and again with new ids and times: it is
// encoded once, and only the bytes that must differ are written over. So the sender costs next to nothing.

import type { EventRecord } from '../../core/event.ts';
import { encodeLogs } from './encode-logs.ts';

/** A time whose eight bytes occur nowhere else in the request. */
const MARK_MS = 1_600_000_000_123;

export class ReplayedRequest {
  readonly #bytes: Buffer;
  readonly #idOffsets: number[] = [];
  readonly #textIdOffsets: number[] = [];
  readonly #timeOffsets: number[] = [];
  #sequence = 0n;

  /** Encodes `count` copies of an event, each with a span id of its own. */
  constructor(event: Omit<EventRecord, 'timestamp' | 'span_id'>, count: number) {
    const events = Array.from({ length: count }, (_, index) => ({
      ...event,
      timestamp: MARK_MS,
      span_id: markId(index),
    })) as EventRecord[];
    this.#bytes = encodeLogs(events);
    for (let index = 0; index < count; index++) {
      const id = markId(index);
      this.#idOffsets.push(...findAll(this.#bytes, Buffer.from(id, 'hex')));
      this.#textIdOffsets.push(...findAll(this.#bytes, Buffer.from(id)));
    }
    const mark = Buffer.alloc(8);
    mark.writeBigUInt64LE(BigInt(MARK_MS) * 1_000_000n);
    this.#timeOffsets = findAll(this.#bytes, mark);
    if (this.#idOffsets.length !== count || this.#timeOffsets.length < count) {
      throw new Error('the ids and times of the request were not found');
    }
  }

  get byteLength(): number {
    return this.#bytes.byteLength;
  }

  /** The request with ids that no earlier one had, at this time. Valid until the next call. */
  at(timeMs: number): Buffer {
    const nano = BigInt(timeMs) * 1_000_000n;
    for (const offset of this.#timeOffsets) this.#bytes.writeBigUInt64LE(nano, offset);
    this.#idOffsets.forEach((offset, index) => {
      this.#sequence += 1n;
      this.#bytes.writeBigUInt64BE(this.#sequence, offset);
      const textOffset = this.#textIdOffsets[index];
      if (textOffset !== undefined)
        this.#bytes.write(this.#sequence.toString(16).padStart(16, '0'), textOffset);
    });
    return this.#bytes;
  }
}

function markId(index: number): string {
  return `fedcba98${index.toString(16).padStart(8, '0')}`;
}

function findAll(bytes: Buffer, part: Buffer): number[] {
  const offsets: number[] = [];
  for (let at = bytes.indexOf(part); at !== -1; at = bytes.indexOf(part, at + 1)) offsets.push(at);
  return offsets;
}
