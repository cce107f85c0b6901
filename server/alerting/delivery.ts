// Delivery: brings each notice to each channel. Every channel has a queue of its own, so a failed or
// slow one never holds up another. A delivery that fails is tried again, later each time, or when the
// service asks for it; what cannot succeed is given up and shows in the channel's health.

import type { ChannelName } from '../../alerts/rules/channel-settings.ts';
import type { Notice } from '../../alerts/rules/notice.ts';
import { messageOf } from '../process/server-error.ts';
import { DeliveryError, type Channel } from './channels/channel.ts';

/** A notice on its way to a channel. Kept in the state file, so it survives a restart. */
export interface NoticeDelivery {
  readonly channel: ChannelName;
  readonly notice: Notice;
  readonly queuedMs: number;
  readonly attempts: number;
  /** Not tried before this, Unix ms. */
  readonly notBeforeMs: number;
}

export interface ChannelHealth {
  readonly channel: ChannelName;
  readonly target: string;
  readonly waiting: number;
  readonly delivered: number;
  /** Given up: refused for good, too old, or pushed out of a full queue. */
  readonly givenUp: number;
  readonly lastDeliveredMs?: number;
  readonly lastError?: { readonly atMs: number; readonly message: string };
}

export interface DeliveryTiming {
  readonly firstRetryMs: number;
  readonly longestRetryMs: number;
  readonly giveUpAfterMs: number;
}

export const DELIVERY_TIMING: DeliveryTiming = {
  firstRetryMs: 2000,
  longestRetryMs: 5 * 60_000,
  giveUpAfterMs: 24 * 3_600_000,
};

/** The longest wait between two tries, and far below what a timer takes. */
const LONGEST_PAUSE_MS = 3_600_000;

/** Notices that wait for one channel; beyond it the oldest is given up. */
const QUEUE_LIMIT = 100;

export interface DelivererOptions {
  readonly channels: readonly Channel[];
  readonly timing?: DeliveryTiming;
  /** Deliveries that an earlier process left. */
  readonly left?: readonly NoticeDelivery[];
  readonly log: (line: string) => void;
  /** Called whenever a queue or a health has changed. */
  readonly onChange: () => void;
}

export class Deliverer {
  readonly #lanes: readonly Lane[];

  constructor(options: DelivererOptions) {
    this.#lanes = options.channels.map((channel) => new Lane(channel, options));
  }

  /** Hands a notice to the channels that are named, by default to every one. Returns at once. */
  enqueue(notice: Notice, nowMs: number, channels?: readonly ChannelName[]): void {
    for (const lane of this.#lanes) {
      if (channels !== undefined && !channels.includes(lane.channel.name)) continue;
      lane.add({ channel: lane.channel.name, notice, queuedMs: nowMs, attempts: 0, notBeforeMs: 0 });
    }
  }

  /** Everything that is not delivered yet. */
  waiting(): readonly NoticeDelivery[] {
    return this.#lanes.flatMap((lane) => lane.queue);
  }

  health(): readonly ChannelHealth[] {
    return this.#lanes.map((lane) => lane.health());
  }

  /** Stops trying; what waits stays in {@link waiting}. */
  async close(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.close()));
  }
}

class Lane {
  readonly channel: Channel;
  queue: readonly NoticeDelivery[];
  readonly #options: DelivererOptions;
  readonly #timing: DeliveryTiming;
  readonly #stop = new AbortController();
  #delivered = 0;
  #givenUp = 0;
  #lastDeliveredMs: number | undefined;
  #lastError: { atMs: number; message: string } | undefined;
  /** Both by a clock that nobody sets: when something was sent last, and when the first of the queue is due. */
  #lastSentMs = Number.NEGATIVE_INFINITY;
  #dueMs = 0;
  #working: Promise<void> | undefined;

  constructor(channel: Channel, options: DelivererOptions) {
    this.channel = channel;
    this.#options = options;
    this.#timing = options.timing ?? DELIVERY_TIMING;
    this.queue = (options.left ?? []).filter((delivery) => delivery.channel === channel.name);
    const [first] = this.queue;
    if (first === undefined) return;
    // A time that is further away is of a clock that was set, or from a file that others wrote.
    this.#dueMs = performance.now() + Math.min(first.notBeforeMs - Date.now(), LONGEST_PAUSE_MS);
    this.#work();
  }

  add(delivery: NoticeDelivery): void {
    this.queue = [...this.queue, delivery];
    // The first one may be on the wire just now, so the second is the oldest that can go.
    if (this.queue.length > QUEUE_LIMIT) {
      this.queue = this.queue.filter((_, index) => index !== 1);
      this.#giveUp('the queue is full');
    }
    this.#options.onChange();
    this.#work();
  }

  health(): ChannelHealth {
    return {
      channel: this.channel.name,
      target: this.channel.target,
      waiting: this.queue.length,
      delivered: this.#delivered,
      givenUp: this.#givenUp,
      ...(this.#lastDeliveredMs === undefined ? {} : { lastDeliveredMs: this.#lastDeliveredMs }),
      ...(this.#lastError && { lastError: this.#lastError }),
    };
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#working;
  }

  #work(): void {
    this.#working ??= this.#drain().finally(() => {
      this.#working = undefined;
    });
  }

  async #drain(): Promise<void> {
    for (;;) {
      const [first] = this.queue;
      if (first === undefined || this.#stop.signal.aborted) return;
      await this.#waitUntil(Math.max(this.#dueMs, this.#lastSentMs + this.channel.gapMs));
      if (this.#stop.signal.aborted) return;
      await this.#attempt(first);
      this.#options.onChange();
    }
  }

  async #attempt(delivery: NoticeDelivery): Promise<void> {
    this.#lastSentMs = performance.now();
    this.#dueMs = 0;
    try {
      await this.channel.send(delivery.notice, this.#stop.signal);
    } catch (error) {
      // A stop in the middle is no failure of the channel.
      if (!this.#stop.signal.aborted) this.#fail(delivery, error);
      return;
    }
    this.queue = this.queue.slice(1);
    this.#delivered++;
    this.#lastDeliveredMs = Date.now();
    this.#lastError = undefined;
  }

  #fail(delivery: NoticeDelivery, error: unknown): void {
    const nowMs = Date.now();
    const message = messageOf(error);
    const failure = error instanceof DeliveryError ? error : undefined;
    this.#lastError = { atMs: nowMs, message };
    const isTooOld = nowMs - delivery.queuedMs > this.#timing.giveUpAfterMs;
    if (failure?.isPermanent || isTooOld) {
      this.queue = this.queue.slice(1);
      this.#giveUp(message);
      return;
    }
    const { firstRetryMs, longestRetryMs } = this.#timing;
    const backoffMs = Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(delivery.attempts, 20));
    // Never sooner than by itself: a service may ask for nothing at all.
    const pauseMs = Math.max(failure?.retryAfterMs ?? 0, backoffMs * (0.5 + Math.random() / 2));
    const next = { ...delivery, attempts: delivery.attempts + 1, notBeforeMs: nowMs + pauseMs };
    this.#dueMs = performance.now() + pauseMs;
    this.queue = [next, ...this.queue.slice(1)];
    if (delivery.attempts === 0) {
      this.#options.log(`alerts: ${this.channel.name} failed, trying again: ${message}`);
    }
  }

  #giveUp(reason: string): void {
    this.#givenUp++;
    this.#options.log(`alerts: a notice to ${this.channel.name} was given up: ${reason}`);
  }

  async #waitUntil(atMs: number): Promise<void> {
    const pauseMs = Math.min(atMs - performance.now(), LONGEST_PAUSE_MS);
    if (!(pauseMs > 0)) return;
    const { signal } = this.#stop;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, pauseMs);
      timer.unref();
      signal.addEventListener('abort', done, { once: true });
    });
  }
}
