// Delivery: bounded, in order, retried; emitted = sent + spooled + counted as dropped.

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  Delivery,
  MAX_QUEUE,
  type DeliveryProblem,
  type OpenBatch,
} from '../../instrumentation/deliver/delivery.ts';
import type { SendResult, Transport } from '../../instrumentation/deliver/otlp.ts';
import { Spool } from '../../instrumentation/deliver/spool.ts';

/** Items from here on carry much content. */
const HEAVY = 1_000_000;
const SENT: SendResult = { status: 'sent', answer: new Uint8Array() };
const AWAY: SendResult = { status: 'retry', reason: 'connect ECONNREFUSED' };
const BUSY: SendResult = { status: 'retry', reason: 'busy' };
const REFUSED: SendResult = { status: 'refused', reason: 'no' };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'tallyspan-delivery-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

interface Setup {
  readonly delivery: Delivery<number>;
  readonly sent: number[];
  /** Length of each batch sent. */
  readonly batches: number[];
  readonly problems: DeliveryProblem[];
  readonly spool: Spool;
  isClosed: boolean;
}

/** A delivery of numbers over a transport that answers as told, then with SENT. */
function setUp(answers: SendResult[], spoolFolder = folder): Setup {
  const sent: number[] = [];
  const problems: DeliveryProblem[] = [];
  const spool = new Spool(spoolFolder);
  const transport: Transport = {
    endpoint: 'test',
    send: (body) => {
      const answer = answers.shift() ?? SENT;
      if (answer.status === 'sent') {
        sent.push(...decode(body));
        setup.batches.push(decode(body).length);
      }
      return Promise.resolve(answer);
    },
    close: () => {
      setup.isClosed = true;
    },
  };
  const setup: Setup = {
    delivery: new Delivery<number>({
      kind: 'logs',
      transport,
      spool,
      weigh: (item) => (item >= HEAVY ? 900_000 : 0),
      batch: numberBatch(),
      refusedPart: () => undefined,
      onProblem: (problem) => problems.push(problem),
    }),
    sent,
    batches: [],
    problems,
    spool,
    isClosed: false,
  };
  return setup;
}

function numberBatch(): OpenBatch<number> {
  let items: number[] = [];
  return {
    add: (item) => {
      items.push(item);
    },
    finish: () => {
      const bytes = new TextEncoder().encode(JSON.stringify(items));
      items = [];
      return bytes;
    },
  };
}

function decode(bytes: Uint8Array): number[] {
  return JSON.parse(new TextDecoder().decode(bytes)) as number[];
}

const soon = (): number => Date.now() + 5_000;
const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describe('delivery', () => {
  it('cuts batches of much content, and spools what is too much to hold', async () => {
    const { delivery, sent, batches } = setUp([]);
    const heavy = numbers(5).map((n) => HEAVY + n);
    for (const item of [...heavy, 1, 2]) delivery.add(item);
    await delivery.flush(soon());
    expect(sent).toEqual([...heavy, 1, 2]);
    expect(batches).toEqual([2, 2, 3]);
    const away = setUp([AWAY]);
    for (const n of numbers(50)) away.delivery.add(HEAVY + n);
    expect(away.delivery.waiting).toBeLessThanOrEqual(36);
    expect(away.delivery.dropped).toBe(0);
    await away.delivery.flush(soon());
    await away.delivery.flush(soon());
    expect(away.sent.toSorted((a, b) => a - b)).toEqual(numbers(50).map((n) => HEAVY + n));
  });

  it('sends everything in order, in batches', async () => {
    const { delivery, sent } = setUp([]);
    for (const item of numbers(1_200)) delivery.add(item);
    await delivery.flush(soon());
    expect(sent).toEqual(numbers(1_200));
    expect(delivery.waiting).toBe(0);
  });

  it('a batch that was not taken is sent again, the same and first', async () => {
    const { delivery, sent, problems } = setUp([AWAY]);
    for (const item of numbers(3)) delivery.add(item);
    await delivery.flush(soon());
    expect(sent).toEqual([]);
    delivery.add(3);
    await delivery.flush(soon());
    expect(sent).toEqual([0, 1, 2, 3]);
    expect(problems).toEqual([{ type: 'away', reason: 'connect ECONNREFUSED', waiting: 3 }]);
  });

  it('an endpoint that is busy is asked again within one flush', async () => {
    const { delivery, sent } = setUp([BUSY, BUSY]);
    delivery.add(1);
    await delivery.flush(soon());
    expect(sent).toEqual([1]);
  });

  it('an endpoint that stays busy holds up a flush until its deadline and no longer', async () => {
    const { delivery, sent } = setUp(Array.from({ length: 100 }, () => BUSY));
    delivery.add(1);
    await delivery.flush(Date.now() + 300);
    expect([sent, delivery.waiting]).toEqual([[], 1]);
  });

  it('a batch that is refused for good is counted and does not hold up the next', async () => {
    const { delivery, sent, problems } = setUp([REFUSED]);
    for (const item of numbers(600)) delivery.add(item);
    await delivery.flush(soon());
    expect(sent).toEqual(numbers(600).slice(512));
    expect(delivery.dropped).toBe(512);
    expect(problems).toEqual([{ type: 'refused', reason: 'no', count: 512 }]);
  });

  it('memory is bounded: what does not fit waits in the spool and comes back (law 6)', async () => {
    const { delivery, sent } = setUp([]);
    const all = numbers(MAX_QUEUE + 1_000);
    for (const item of all) delivery.add(item);
    expect(delivery.waiting).toBeLessThanOrEqual(MAX_QUEUE);
    await delivery.flush(soon());
    expect(sent.toSorted((a, b) => a - b)).toEqual(all);
    expect(delivery.dropped).toBe(0);
  });

  it('without room in the spool the loss is counted (law 12)', () => {
    const file = path.join(folder, 'a-file');
    writeFileSync(file, '');
    const { delivery, problems } = setUp([], file);
    for (const item of numbers(MAX_QUEUE + 1)) delivery.add(item);
    expect(delivery.dropped).toBe(512);
    expect(delivery.waiting).toBe(MAX_QUEUE + 1 - 512);
    expect(problems).toEqual([{ type: 'dropped', count: 512 }]);
  });

  it('set aside: nothing waits, connections are cut, another process sends it (law 7)', async () => {
    const first = setUp([AWAY]);
    for (const item of numbers(700)) first.delivery.add(item);
    await first.delivery.flush(soon());
    first.delivery.setAside();
    expect([first.delivery.waiting, first.isClosed]).toEqual([0, true]);

    const second = setUp([]);
    second.delivery.add(-1);
    await second.delivery.flush(soon());
    expect(second.sent).toEqual([-1, ...numbers(700)]);
    expect(second.spool.take('logs')).toBeUndefined();
  });

  it('a batch is taken from the spool by one process only', () => {
    const { spool } = setUp([]);
    spool.write('logs', new Uint8Array([1]), 1);
    spool.write('traces', new Uint8Array([2]), 1);
    expect(spool.take('logs')?.bytes).toEqual(Buffer.from([1]));
    expect(new Spool(folder).take('logs')).toBeUndefined();
    expect(new Spool(folder).take('traces')?.bytes).toEqual(Buffer.from([2]));
  });
});
