import { describe, expect, it } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import { writeToOutput } from '../../../cli/files/whole-file.ts';

/** Counts what was read of it. */
function bytesOf(chunks: number, count: { read: number }): AsyncIterable<Uint8Array> {
  return (async function* () {
    for (; count.read < chunks; count.read++) yield Buffer.from('x');
  })();
}

describe('an export to standard output', () => {
  it('reads on only when what it wrote was taken', async () => {
    const count = { read: 0 };
    const takers: (() => void)[] = [];
    const output = {
      write: () => false,
      drained: () => new Promise<void>((taken) => takers.push(taken)),
    };
    const writing = writeToOutput(bytesOf(3, count), output, new AbortController().signal);
    for (let taken = 0; taken < 3; taken++) {
      await turn();
      expect([count.read, takers.length]).toEqual([taken, 1]);
      takers.pop()?.();
    }
    await writing;
    expect(count.read).toBe(3);
  });

  it('ends between two pieces when it is told to', async () => {
    const stop = new AbortController();
    const count = { read: 0 };
    const output = { write: () => stop.abort(new Error('stopped')) };
    await expect(writeToOutput(bytesOf(3, count), output, stop.signal)).rejects.toThrow('stopped');
    expect(count.read).toBe(1);
  });
});
