// Delivery: the bounded queue between a signal (spans or log records) and its transport.
// An item goes into the open batch at once; a batch that is full is closed to bytes and waits. Batches are
// sent one at a time, retried with back-off while they may still be taken, put aside in the spool when they
// do not fit or are left at exit, and counted when they had to be dropped.

import { setTimeout as sleep } from 'node:timers/promises';
import { guard } from '../process/guard.ts';
import type { Spool } from './spool.ts';
import type { SendResult, SignalKind, Transport } from './otlp.ts';

/** Items held in memory at most. */
export const MAX_QUEUE = 8_192;
const MAX_BATCH = 512;
/** Weight of one batch, and of all that wait: a single item may be above. Collectors take 4 MB by default. */
const MAX_BATCH_WEIGHT = 2_000_000;
const MAX_QUEUE_WEIGHT = 32_000_000;
const FLUSH_INTERVAL_MS = 1_000;
/** An item that must not be lost waits no longer than this, … */
const URGENT_MS = 20;
/** … unless a request was sent this short a time ago: each costs more than the records in it. */
const URGENT_GAP_MS = 250;
const FIRST_BACKOFF_MS = 250;
const MAX_BACKOFF_MS = 15_000;

/** Gathers items for one request. It is used again for the next one. */
export interface OpenBatch<Item> {
  add(item: Item): void;
  /** The request; the batch is empty afterwards. */
  finish(): Uint8Array;
}

export interface DeliveryOptions<Item> {
  readonly kind: SignalKind;
  readonly transport: Transport;
  readonly spool: Spool;
  readonly batch: OpenBatch<Item>;
  /** About how many bytes an item takes. */
  readonly weigh: (item: Item) => number;
  /** What a successful answer says about records that were refused all the same. */
  readonly refusedPart: (
    answer: Uint8Array,
  ) => { readonly count: number; readonly reason: string } | undefined;
  /** Told about each failed try and each loss. */
  readonly onProblem: (problem: DeliveryProblem) => void;
}

export type DeliveryProblem =
  | { readonly type: 'away'; readonly reason: string; readonly waiting: number }
  | { readonly type: 'refused'; readonly reason: string; readonly count: number }
  | { readonly type: 'dropped'; readonly count: number };

interface Batch {
  readonly bytes: Uint8Array;
  readonly count: number;
  readonly weight: number;
}

export class Delivery<Item> {
  readonly #options: DeliveryOptions<Item>;
  /** Items in the open batch, and their weight. */
  #openCount = 0;
  #openWeight = 0;
  /** Closed batches, oldest first. */
  readonly #closed: Batch[] = [];
  #closedCount = 0;
  #closedWeight = 0;
  /** On its way, or waiting for its next try. */
  #current: Batch | undefined;
  #pump: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs = Infinity;
  /** When the open batch is to be sent. */
  #openDueMs = Infinity;
  #sentAtMs = 0;
  #backoffMs = 0;
  /** False when the last try found nobody listening. */
  #isListening = true;
  /** Items lost for good in this process. */
  dropped = 0;

  constructor(options: DeliveryOptions<Item>) {
    this.#options = options;
  }

  add(item: Item, isUrgent = false): void {
    const weight = this.#options.weigh(item);
    const count = this.#openCount + this.#closedCount;
    const isFull = count >= MAX_QUEUE || this.#openWeight + this.#closedWeight + weight > MAX_QUEUE_WEIGHT;
    if (isFull && count > 0) this.#putAsideOldest();
    if (this.#openCount > 0 && this.#openWeight + weight > MAX_BATCH_WEIGHT) this.#close();
    this.#options.batch.add(item);
    this.#openCount += 1;
    this.#openWeight += weight;
    if (this.#openCount >= MAX_BATCH) this.#close();
    const nowMs = Date.now();
    const dueMs = isUrgent
      ? Math.max(nowMs + URGENT_MS, this.#sentAtMs + URGENT_GAP_MS)
      : nowMs + FLUSH_INTERVAL_MS;
    if (dueMs < this.#openDueMs && this.#openCount > 0) this.#openDueMs = dueMs;
    this.#schedule(nowMs);
  }

  get waiting(): number {
    return this.#openCount + this.#closedCount + (this.#current?.count ?? 0);
  }

  /** Sends what waits; ends when all is gone, when nobody listens, or at the deadline (Unix ms). */
  async flush(deadlineMs: number): Promise<void> {
    this.#backoffMs = 0;
    while (this.waiting > 0 && Date.now() < deadlineMs) {
      const isOver = await before(deadlineMs, this.#start());
      if (isOver || (this.#backoffMs > 0 && !this.#isListening)) return;
      // Busy: it may take the batch yet.
      if (this.#backoffMs > 0) await before(deadlineMs, sleep(this.#backoffMs));
    }
  }

  /** Puts everything unsent into the spool, at once, and cuts the connections. */
  setAside(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerAtMs = Infinity;
    const current = this.#current;
    this.#current = undefined;
    if (current !== undefined) this.#spool(current);
    while (this.#openCount + this.#closedCount > 0) this.#putAsideOldest();
    this.#options.transport.close();
  }

  /** Makes one request of what the open batch holds. */
  #close(): void {
    const [count, weight] = [this.#openCount, this.#openWeight];
    if (count === 0) return;
    this.#openCount = 0;
    this.#openWeight = 0;
    this.#openDueMs = Infinity;
    const bytes = guard('encode', () => this.#options.batch.finish());
    if (bytes === undefined) {
      this.#drop(count);
      return;
    }
    this.#closed.push({ bytes, count, weight });
    this.#closedCount += count;
    this.#closedWeight += weight;
  }

  /** The oldest batch; the open one when no other waits. */
  #takeOldest(): Batch | undefined {
    if (this.#closed.length === 0) this.#close();
    const batch = this.#closed.shift();
    this.#closedCount -= batch?.count ?? 0;
    this.#closedWeight -= batch?.weight ?? 0;
    return batch;
  }

  #schedule(nowMs: number): void {
    if (this.#pump !== undefined) return;
    const isDue = this.#current !== undefined || this.#closedCount > 0;
    const atMs = Math.max(isDue ? nowMs : this.#openDueMs, nowMs + this.#backoffMs);
    if (this.#timer !== undefined && this.#timerAtMs <= atMs) return;
    clearTimeout(this.#timer);
    this.#timerAtMs = atMs;
    this.#timer = setTimeout(() => void this.#start(), atMs - nowMs).unref();
  }

  async #start(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerAtMs = Infinity;
    this.#pump ??= this.#sendAll().finally(() => {
      this.#pump = undefined;
      if (this.waiting > 0) this.#schedule(Date.now());
    });
    await this.#pump;
  }

  /** Sends the batches that wait. What gathers meanwhile waits for its own time: small requests are expensive. */
  async #sendAll(): Promise<void> {
    do {
      this.#current ??= this.#takeOldest();
      const batch = this.#current;
      if (batch === undefined) return;
      const result = await this.#send(batch.bytes);
      // Set aside meanwhile: the batch is in the spool already.
      if (this.#current !== batch) return;
      if (result.status === 'retry') {
        this.#backOff(result);
        return;
      }
      this.#current = undefined;
      this.#backoffMs = 0;
      this.#count(batch.count, result);
    } while (this.#closedCount > 0);
    await this.#sendSpooled();
  }

  /** Whatever an earlier process left, once the endpoint has shown that it takes records. */
  async #sendSpooled(): Promise<void> {
    const { spool, kind } = this.#options;
    for (let batch = spool.take(kind); batch !== undefined; batch = spool.take(kind)) {
      const result = await this.#send(batch.bytes);
      if (result.status === 'retry') {
        spool.release(batch);
        return;
      }
      spool.remove(batch);
      this.#count(batch.count, result);
    }
  }

  /** Never rejects: what a transport throws (a header that is not valid, say) is a refusal. */
  #send(bytes: Uint8Array): Promise<SendResult> {
    this.#sentAtMs = Date.now();
    return this.#options.transport
      .send(bytes)
      .catch((error: unknown) => ({ status: 'refused', reason: String(error) }) as const);
  }

  /** Counts what the endpoint refused: the whole batch, or the part that its answer tells. */
  #count(batchSize: number, result: Exclude<SendResult, { status: 'retry' }>): void {
    const refused =
      result.status === 'refused'
        ? { count: batchSize, reason: result.reason }
        : guard('read answer', () => this.#options.refusedPart(result.answer));
    if (refused === undefined) return;
    this.dropped += refused.count;
    this.#options.onProblem({ type: 'refused', ...refused });
  }

  #backOff(result: Extract<SendResult, { status: 'retry' }>): void {
    this.#isListening = !result.reason.includes('ECONNREFUSED');
    const doubled = Math.min(Math.max(this.#backoffMs * 2, FIRST_BACKOFF_MS), MAX_BACKOFF_MS);
    this.#backoffMs = Math.max(result.afterMs ?? 0, doubled * (0.8 + Math.random() * 0.4));
    this.#options.onProblem({ type: 'away', reason: result.reason, waiting: this.waiting });
  }

  #putAsideOldest(): void {
    const batch = this.#takeOldest();
    if (batch !== undefined) this.#spool(batch);
  }

  #spool(batch: Batch): void {
    if (!this.#options.spool.write(this.#options.kind, batch.bytes, batch.count)) this.#drop(batch.count);
  }

  #drop(count: number): void {
    this.dropped += count;
    this.#options.onProblem({ type: 'dropped', count });
  }
}

/** Waits for the work, but not beyond the deadline; true when the deadline came first. */
async function before(deadlineMs: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const isOver = await Promise.race([
    work.then(() => false),
    new Promise<boolean>((resolve) => {
      timer = setTimeout(
        () => {
          resolve(true);
        },
        Math.max(0, deadlineMs - Date.now()),
      );
    }),
  ]);
  clearTimeout(timer);
  return isOver;
}
