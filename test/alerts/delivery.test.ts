// Delivery: retries, waits, restarts; one failed channel holds up no other.

import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChannelName } from '../../alerts/rules/channel-settings.ts';
import { testNotice, type Notice } from '../../alerts/rules/notice.ts';
import { DeliveryError, type Channel } from '../../server/alerting/channels/channel.ts';
import { telegramChannel } from '../../server/alerting/channels/telegram.ts';
import { Deliverer, type NoticeDelivery } from '../../server/alerting/delivery.ts';
import { BOT_TOKEN, CHAT_ID, startTelegram, tooManyRequests } from '../fakes/telegram.ts';

const TIMING = { firstRetryMs: 10, longestRetryMs: 40, giveUpAfterMs: 60_000 };

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** A channel in memory, for what depends on order and not on bytes. */
function scripted(
  name: ChannelName,
  outcomes: readonly (DeliveryError | 'hang')[],
): Channel & { sent: Notice[] } {
  const left = [...outcomes];
  const sent: Notice[] = [];
  return {
    name,
    target: name,
    gapMs: 0,
    sent,
    async send(notice, signal) {
      const outcome = left.shift();
      if (outcome === 'hang') {
        await new Promise((resolve) => {
          signal.addEventListener('abort', resolve, { once: true });
        });
        throw new DeliveryError('stopped', { isPermanent: false });
      }
      if (outcome !== undefined) throw outcome;
      sent.push(notice);
    },
  };
}

function deliverer(
  channels: readonly Channel[],
  left: readonly NoticeDelivery[] = [],
): Deliverer & { lines: string[] } {
  const lines: string[] = [];
  const made = new Deliverer({
    channels,
    timing: TIMING,
    left,
    log: (line) => lines.push(line),
    onChange: () => undefined,
  });
  closers.push(() => made.close());
  return Object.assign(made, { lines });
}

async function until(condition: () => boolean): Promise<void> {
  for (let n = 0; n < 500 && !condition(); n++) await sleep(10);
  expect(condition()).toBe(true);
}

const NOTICE = testNotice(1000, 'http://127.0.0.1:1');
const passing = new DeliveryError('busy', { isPermanent: false });
const final = new DeliveryError('no such chat', { isPermanent: true });

describe('delivery', () => {
  it('a wait beyond what a timer takes is a wait: nothing is posted meanwhile', async () => {
    const failure = new DeliveryError('later', { isPermanent: false, retryAfterMs: 9_999_999_999_000 });
    const channel = scripted('slack', [failure]);
    const left = { channel: 'telegram' as const, queuedMs: Date.now(), attempts: 1, notBeforeMs: 1e300 };
    const other = scripted('telegram', []);
    const made = deliverer([channel, other], [{ ...left, notice: NOTICE }]);
    made.enqueue(NOTICE, Date.now());
    await sleep(100);
    expect([channel.sent, other.sent]).toEqual([[], []]);
    expect(made.waiting().map(({ attempts }) => attempts)).toEqual([1, 1, 0]);
  });

  it('tries a passing failure again until it is taken', async () => {
    const slack = scripted('slack', [passing, passing, passing]);
    const sending = deliverer([slack]);
    sending.enqueue(NOTICE, Date.now());
    await until(() => slack.sent.length === 1);
    await until(() => sending.waiting().length === 0);
    expect(sending.health()[0]).toMatchObject({ delivered: 1, givenUp: 0 });
    expect(sending.health()[0]?.lastError).toBeUndefined();
  });

  it('goes on at its pace when the clock is set back three days', async () => {
    const slack = { ...scripted('slack', []), gapMs: 5 };
    const sending = deliverer([slack]);
    sending.enqueue(NOTICE, Date.now());
    await until(() => slack.sent.length === 1);
    const before = Date.now();
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => before - 3 * 86_400_000);
    try {
      sending.enqueue({ ...NOTICE, id: 'second' }, Date.now());
      await until(() => slack.sent.length === 2);
    } finally {
      clock.mockRestore();
    }
    expect(sending.waiting()).toEqual([]);
  });

  it('gives up what cannot succeed, shows it, and goes on with the next notice', async () => {
    const slack = scripted('slack', [final]);
    const sending = deliverer([slack]);
    sending.enqueue(NOTICE, Date.now());
    await until(() => sending.health()[0]?.givenUp === 1);
    expect(sending.health()[0]?.lastError?.message).toBe('no such chat');
    expect(sending.lines).toEqual(['alerts: a notice to slack was given up: no such chat']);
    sending.enqueue({ ...NOTICE, id: 'second' }, Date.now());
    await until(() => slack.sent.length === 1);
  });

  it('a channel that hangs holds up no other', async () => {
    const hanging = scripted('telegram', ['hang']);
    const slack = scripted('slack', []);
    const sending = deliverer([hanging, slack]);
    sending.enqueue(NOTICE, Date.now());
    await until(() => slack.sent.length === 1);
    expect(sending.waiting().map((one) => one.channel)).toEqual(['telegram']);
  });

  it('what was not delivered when the process ended is delivered by the next, in order', async () => {
    const hanging = scripted('telegram', ['hang']);
    const first = deliverer([hanging]);
    first.enqueue(NOTICE, Date.now());
    first.enqueue({ ...NOTICE, id: 'second' }, Date.now());
    await first.close();
    const left = JSON.parse(JSON.stringify(first.waiting())) as NoticeDelivery[];
    const telegram = scripted('telegram', []);
    deliverer([telegram], left);
    await until(() => telegram.sent.length === 2);
    expect(telegram.sent.map((notice) => notice.id)).toEqual([NOTICE.id, 'second']);
  });

  it('holds at most a hundred notices and counts what it pushes out', async () => {
    const hanging = scripted('telegram', ['hang']);
    const sending = deliverer([hanging]);
    for (let n = 0; n < 130; n++) sending.enqueue({ ...NOTICE, id: String(n) }, Date.now());
    expect(sending.waiting()).toHaveLength(100);
    expect(sending.waiting().at(-1)?.notice.id).toBe('129');
    expect(sending.health()[0]?.givenUp).toBe(30);
  });

  it('waits as long as the service asks: nothing is sent before', async () => {
    const telegram = await startTelegram();
    closers.push(() => telegram.close());
    telegram.trouble({ kind: 'answer', answer: tooManyRequests(1) });
    const channel = telegramChannel({ botToken: BOT_TOKEN, chatId: CHAT_ID, apiUrl: telegram.url });
    const sending = deliverer([{ ...channel, gapMs: 0 }]);
    sending.enqueue(NOTICE, Date.now());
    await telegram.waitForAccepted(1);
    const [refused, taken] = telegram.requests;
    expect(telegram.requests).toHaveLength(2);
    expect((taken?.atMs ?? 0) - (refused?.atMs ?? 0)).toBeGreaterThanOrEqual(1000);
  });
});
