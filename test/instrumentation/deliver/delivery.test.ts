// Delivery: bounded, in order, retried; emitted = sent + spooled + counted as dropped.

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  Delivery,
  MAX_QUEUE,
  type DeliveryOptions,
  type DeliveryProblem,
  type OpenBatch,
} from '../../../instrumentation/deliver/delivery.ts';
import type { RequestPart } from '../../../instrumentation/encode/split-request.ts';
import type { SendResult, Transport } from '../../../instrumentation/deliver/otlp.ts';
import { Spool } from '../../../instrumentation/deliver/spool.ts';

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

/** What the endpoint says, or how it decides. */
type Answer = SendResult | ((items: readonly number[]) => SendResult);

/** A delivery of numbers over a transport that gives these answers and then follows the rule. */
function setUp(
  answers: Answer[],
  spoolFolder = folder,
  rule: Answer = SENT,
  refusedPart: DeliveryOptions<number>['refusedPart'] = () => undefined,
): Setup {
  const sent: number[] = [];
  const problems: DeliveryProblem[] = [];
  const spool = new Spool(spoolFolder);
  const transport: Transport = {
    endpoint: 'test',
    send: (body) => {
      const next = answers.shift() ?? rule;
      const answer = typeof next === 'function' ? next(decode(body)) : next;
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
      weigh: (item) => (item >= HEAVY ? 100_000 : 0),
      batch: numberBatch(),
      refusedPart,
      split: splitNumbers,
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
    takeBack: (request) => {
      request.fill(0);
    },
  };
}

function splitNumbers(bytes: Uint8Array): readonly [RequestPart, RequestPart] | undefined {
  const items = decode(bytes);
  const half = Math.ceil(items.length / 2);
  return items.length < 2 ? undefined : [partOf(items.slice(0, half)), partOf(items.slice(half))];
}

function partOf(items: number[]): RequestPart {
  return { bytes: new TextEncoder().encode(JSON.stringify(items)), count: items.length };
}

/** Takes at most three at once, and never a seven. */
function takeThree(items: readonly number[]): SendResult {
  return items.length > 3 || items.includes(7) ? { status: 'too_large', reason: 'larger than max' } : SENT;
}

/** Says of what holds a hundred that it may come later. */
function putOffHundred(items: readonly number[]): SendResult {
  return items.includes(100) ? { status: 'retry', reason: 'exhausted', isAnswered: true } : SENT;
}

/** Timers that hold the process. */
const countTimers = (): number =>
  process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;

function decode(bytes: Uint8Array): number[] {
  return JSON.parse(new TextDecoder().decode(bytes)) as number[];
}

/** An earlier process has left a batch. */
const spoolEarlier = (items: number[]) => new Spool(folder).write('logs', partOf(items).bytes, items.length);

/** Longer than any of these flushes takes. */
const SOON_MS = 5_000;
const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describe('delivery', () => {
  it('tells what becomes of each item once it is taken, in the spool or dropped, and not before', async () => {
    const safe: number[] = [];
    const dropped: number[] = [];
    const add = ({ delivery }: Setup, item: number): void => {
      delivery.add(item, false, (fate) => (fate === 'safe' ? safe : dropped).push(item));
    };
    // One that is added while another batch is on its way is not told of with that.
    const added: Setup = setUp([
      () => {
        if (safe.length === 0 && added.sent.length === 0) add(added, 2);
        return SENT;
      },
    ]);
    added.delivery.add(1);
    const flushed = added.delivery.flush(SOON_MS);
    expect(safe).toEqual([]);
    await flushed;
    await added.delivery.flush(SOON_MS);
    expect([added.sent, safe]).toEqual([[1, 2], [2]]);
    // Halves: with the last of them all is safe.
    safe.length = 0;
    const halved = setUp([], folder, takeThree);
    for (const item of numbers(7)) add(halved, item);
    await halved.delivery.flush(SOON_MS);
    expect(safe).toEqual(numbers(7));
    // What is refused is not safe.
    safe.length = 0;
    const refused = setUp([REFUSED]);
    add(refused, 1);
    await refused.delivery.flush(SOON_MS);
    expect([safe, dropped]).toEqual([[], [1]]);
    const away = setUp([], folder, AWAY);
    add(away, 3);
    await away.delivery.flush(SOON_MS);
    expect(safe).toEqual([]);
    away.delivery.setAside();
    expect([safe, dropped]).toEqual([[3], [1]]);
    // Whoever has a copy delivers it.
    add(away, 4);
    away.delivery.setAside(true);
    expect([away.delivery.waiting, safe, dropped]).toEqual([0, [3], [1]]);
  });

  it('cuts batches of much content, and spools what is too much to hold', async () => {
    const { delivery, sent, batches } = setUp([]);
    const heavy = numbers(5).map((n) => HEAVY + n);
    for (const item of [...heavy, 1, 2]) delivery.add(item);
    await delivery.flush(SOON_MS);
    expect(sent).toEqual([...heavy, 1, 2]);
    expect(batches).toEqual([2, 2, 3]);
    const away = setUp([AWAY]);
    for (const n of numbers(400)) away.delivery.add(HEAVY + n);
    expect(away.delivery.waiting).toBeLessThanOrEqual(322);
    expect(away.delivery.dropped).toBe(0);
    await away.delivery.flush(SOON_MS);
    await away.delivery.flush(SOON_MS);
    expect(away.sent.toSorted((a, b) => a - b)).toEqual(numbers(400).map((n) => HEAVY + n));
  });

  it('sends everything in order, in batches', async () => {
    const { delivery, sent } = setUp([]);
    for (const item of numbers(1_200)) delivery.add(item);
    await delivery.flush(SOON_MS);
    expect(sent).toEqual(numbers(1_200));
    expect(delivery.waiting).toBe(0);
  });

  it('a batch that was not taken is sent again, the same and first', async () => {
    const { delivery, sent, problems } = setUp([AWAY]);
    for (const item of numbers(3)) delivery.add(item);
    await delivery.flush(SOON_MS);
    expect(sent).toEqual([]);
    delivery.add(3);
    await delivery.flush(SOON_MS);
    expect(sent).toEqual([0, 1, 2, 3]);
    expect(problems).toEqual([{ type: 'away', reason: 'connect ECONNREFUSED', waiting: 3 }]);
  });

  it('an endpoint that is busy is asked again within one flush', async () => {
    const { delivery, sent } = setUp([BUSY, BUSY]);
    delivery.add(1);
    await delivery.flush(SOON_MS);
    expect(sent).toEqual([1]);
  });

  it('an endpoint that stays busy holds up a flush until its deadline and no longer', async () => {
    const { delivery, sent } = setUp(Array.from({ length: 100 }, () => BUSY));
    delivery.add(1);
    await delivery.flush(300);
    expect([sent, delivery.waiting]).toEqual([[], 1]);
  });

  it('a batch that is refused for good is counted and does not hold up the next', async () => {
    const { delivery, sent, problems } = setUp([REFUSED]);
    for (const item of numbers(600)) delivery.add(item);
    await delivery.flush(SOON_MS);
    expect(sent).toEqual(numbers(600).slice(512));
    expect(delivery.dropped).toBe(512);
    expect(problems).toEqual([{ type: 'refused', reason: 'no', count: 512 }]);
  });

  it('memory is bounded: what does not fit waits in the spool and comes back (law 6)', async () => {
    const { delivery, sent } = setUp([]);
    const all = numbers(MAX_QUEUE + 1_000);
    for (const item of all) delivery.add(item);
    expect(delivery.waiting).toBeLessThanOrEqual(MAX_QUEUE);
    await delivery.flush(SOON_MS);
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
    await first.delivery.flush(SOON_MS);
    first.delivery.setAside();
    expect([first.delivery.waiting, first.isClosed]).toEqual([0, true]);

    const second = setUp([]);
    second.delivery.add(-1);
    await second.delivery.flush(SOON_MS);
    expect(second.sent).toEqual([-1, ...numbers(700)]);
    expect(second.spool.take('logs').batch).toBeUndefined();
  });

  it('what is too large is halved until it fits; a record that is too large alone is counted, the others arrive', async () => {
    const { delivery, sent, problems } = setUp([], folder, takeThree);
    for (const item of numbers(20)) delivery.add(item);
    await delivery.flush(SOON_MS);
    expect(sent).toEqual(numbers(20).filter((n) => n !== 7));
    expect(delivery.dropped).toBe(1);
    expect(problems).toEqual([{ type: 'too_large', reason: 'larger than max', count: 1 }]);
  });

  it('a batch that an endpoint never takes does not stop the others, and in the end costs one record', async () => {
    const { delivery, sent } = setUp([], folder, putOffHundred);
    for (const item of numbers(1_300)) delivery.add(item);
    await delivery.flush(4_000);
    expect(sent).toEqual(expect.arrayContaining(numbers(1_300).slice(512)));
    delivery.setAside();
    expect(delivery.dropped).toBe(0);

    // What is left in the spool holds up neither the next process nor the batches behind it.
    spoolEarlier([5_000]);
    const next = setUp([], folder, putOffHundred);
    next.delivery.add(6_000);
    await next.delivery.flush(SOON_MS);
    expect(next.sent).toEqual(expect.arrayContaining([6_000, 5_000]));
  });

  it('a batch of the spool that is too large is halved, too', async () => {
    spoolEarlier(numbers(8));
    const next = setUp([], folder, takeThree);
    next.delivery.add(-1);
    await next.delivery.flush(SOON_MS);
    expect(next.sent.toSorted((a, b) => a - b)).toEqual([-1, ...numbers(7)]);
    expect(next.delivery.dropped).toBe(1);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('only the time of a flush holds the process, whatever the endpoint asks for', async () => {
    const before = countTimers();
    const { delivery } = setUp([{ status: 'retry', reason: 'later', afterMs: 9_999_999_999 * 1_000 }]);
    delivery.add(1);
    await delivery.flush(100);
    expect(countTimers()).toBe(before);
    expect(delivery.waiting).toBe(1);
    delivery.setAside();
  });

  it('what an endpoint asks for is heeded by every flush, and one that asks for longer holds none up', async () => {
    const asked: number[] = [];
    const later = (afterMs: number) => (): SendResult => {
      asked.push(performance.now());
      return { status: 'retry', reason: 'later', isAnswered: true, afterMs };
    };
    const { delivery, sent } = setUp([later(400), later(60_000)]);
    delivery.add(1);
    await delivery.flush(SOON_MS);
    expect(asked).toHaveLength(2);
    // Delivery's own first wait is 300 ms at most; a timer may be a millisecond early.
    expect((asked[1] ?? 0) - (asked[0] ?? 0)).toBeGreaterThan(350);
    // Each of these would ask at once, were it not for the minute; none waits for its own time.
    for (const item of numbers(3)) {
      delivery.add(item);
      await delivery.flush(SOON_MS);
    }
    expect([sent, delivery.waiting, asked.length]).toEqual([[], 4, 2]);
    delivery.setAside();
    const next = setUp([]);
    next.delivery.add(-1);
    await next.delivery.flush(SOON_MS);
    expect(next.sent).toEqual([-1, 1, 0, 1, 2]);
  });

  it('a batch of the spool that waited too long is lost aloud, and the next one goes (law 12)', async () => {
    const old = String(Date.now() - 8 * 86_400_000);
    writeFileSync(path.join(folder, `${old}-1-1.3.logs`), '[7,8,9]');
    const { spool, delivery, sent, problems } = setUp([]);
    spool.write('logs', new TextEncoder().encode('[5]'), 1);
    delivery.add(1);
    await delivery.flush(1000);
    expect({ sent, problems, dropped: delivery.dropped }).toEqual({
      sent: [1, 5],
      problems: [{ type: 'expired', count: 3 }],
      dropped: 3,
    });
  });

  it('what an endpoint asks for at a batch of the spool is heeded, too', async () => {
    for (const item of [1, 2, 3]) spoolEarlier([item]);
    let asked = 0;
    const { delivery, sent } = setUp([
      SENT,
      () => {
        asked += 1;
        return { status: 'retry', reason: 'later', isAnswered: true, afterMs: 60_000 };
      },
    ]);
    delivery.add(-1);
    await delivery.flush(SOON_MS);
    delivery.add(-2);
    await delivery.flush(SOON_MS);
    expect([sent, asked, delivery.waiting]).toEqual([[-1], 1, 1]);
    delivery.setAside();
    expect(readdirSync(folder)).toHaveLength(4);
  });

  it('what a partial success leaves out is counted once, with its reason', async () => {
    const { delivery, problems } = setUp(
      [{ status: 'sent', answer: new Uint8Array([2]) }],
      folder,
      SENT,
      (answer) => (answer[0] === undefined ? undefined : { count: answer[0], reason: 'too old' }),
    );
    for (const item of numbers(5)) delivery.add(item);
    await delivery.flush(SOON_MS);
    await delivery.flush(SOON_MS);
    expect([delivery.waiting, delivery.dropped]).toEqual([0, 2]);
    expect(problems).toEqual([{ type: 'refused', reason: 'too old', count: 2 }]);
  });
});
