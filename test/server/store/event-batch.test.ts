import { describe, expect, it } from '@jest/globals';
import { EventBatch } from '../../../server/store/columns/event-batch.ts';

const BODY_BYTES = 100_000;

/** Bytes that the buffer still has when a batch with this part of it as its body was released. */
function leftOf(buffer: ArrayBuffer, start: number, length: number): number {
  new EventBatch(new Uint8Array(buffer, start, length), 1).release();
  return buffer.byteLength;
}

describe('the body of a released batch', () => {
  it('is free at once where it is alone in its memory', () => {
    expect(leftOf(new ArrayBuffer(BODY_BYTES), 0, BODY_BYTES)).toBe(0);
  });

  it('is left alone where others may have a part of its buffer', () => {
    expect(leftOf(new ArrayBuffer(BODY_BYTES), 100, BODY_BYTES - 200)).toBe(BODY_BYTES);
    const small = Buffer.from('a body as small as many that share a buffer');
    const pool = small.buffer;
    expect(leftOf(pool, small.byteOffset, small.length)).toBe(Buffer.poolSize);
    expect(leftOf(new ArrayBuffer(BODY_BYTES + 5), 5, BODY_BYTES)).toBe(BODY_BYTES + 5);
  });
});
