// Copy memory: what is written and still needed is taken, once, whatever was written and let go in between.

import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { CopyWriter, takeCopies, type Request } from '../../../instrumentation/deliver/copy-memory.ts';

const requestOf = (length: number, count = 1): Request => ({
  kind: length % 2 === 0 ? 'logs' : 'traces',
  bytes: Uint8Array.from({ length }, (_, at) => (at + length) % 256),
  count,
});

describe('copy memory', () => {
  it('gives what is needed, each once', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ length: fc.integer({ min: 1, max: 5_000 }), isLetGo: fc.boolean() })),
        (steps) => {
          const writer = new CopyWriter(1);
          const needed: Request[] = [];
          for (const { length, isLetGo } of steps) {
            const request = requestOf(length, length % 7);
            const letGo = writer.write(request);
            if (isLetGo) letGo?.();
            else if (letGo !== undefined) needed.push(request);
          }
          expect(writer.isFree).toBe(needed.length === 0);
          expect(takeCopies(writer.memory)).toEqual(needed);
          expect(takeCopies(writer.memory)).toEqual([]);
        },
      ),
    );
  });

  it('begins anew when nothing is needed, so that it is never full of what was let go', () => {
    const writer = new CopyWriter(1);
    for (let round = 0; round < 100; round += 1) {
      const letGo = [100_000, 100_000].map((length) => writer.write(requestOf(length)));
      expect(letGo.every((one) => one !== undefined)).toBe(true);
      expect(writer.write(requestOf(100_000))).toBeUndefined();
      for (const one of letGo) one?.();
    }
    expect(takeCopies(writer.memory)).toEqual([]);
  });

  it('takes a request of any size, where it is made for it', () => {
    const large = requestOf(3_000_000);
    const writer = new CopyWriter(large.bytes.byteLength);
    expect(writer.write(large)).toBeDefined();
    expect(takeCopies(writer.memory)).toEqual([large]);
  });
});
