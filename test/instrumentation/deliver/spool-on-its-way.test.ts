// A batch of the spool that is on its way as the process ends.

import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Delivery } from '../../../instrumentation/deliver/delivery.ts';
import { Spool } from '../../../instrumentation/deliver/spool.ts';

const LEFT = Buffer.from('left by an earlier process');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'tallyspan-spool-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

it('waits again at once, for who sends next', async () => {
  const spool = new Spool(folder);
  spool.write('logs', LEFT, 1);
  const delivery = new Delivery<number>({
    kind: 'logs',
    transport: {
      endpoint: 'test',
      send: (body) => {
        if (Buffer.from(body).equals(LEFT)) delivery.setAside();
        return Promise.resolve({ status: 'sent', answer: new Uint8Array() });
      },
      close: () => undefined,
    },
    spool,
    batch: { add: () => undefined, finish: () => Buffer.from('own'), takeBack: () => undefined },
    weigh: () => 1,
    refusedPart: () => undefined,
    split: () => undefined,
    onProblem: () => undefined,
  });
  delivery.add(1);
  await delivery.flush(5_000);
  expect(spool.take('logs').batch?.bytes.toString()).toBe(LEFT.toString());
});
