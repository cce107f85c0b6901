// Delivery: the bounded queue between a signal (spans or log records) and its transport.
// It sends batches one at a time, retries with back-off what may still be taken, puts aside in the
// spool what does not fit or is left at exit, and counts what it had to drop.

import { setTimeout as sleep } from 'node:timers/promises';
import { guard } from './guard.ts';
import type { Spool } from './spool.ts';
import type { SendResult, SignalKind, Transport } from './otlp.ts';

/** Items held in memory at most. */
export const MAX_QUEUE = 8_192;
const MAX_BATCH = 512;
/** Characters of content in one batch, and waiting: a single item may be above. Collectors take 4 MB by default. */
const MAX_BATCH_CHARS = 2_000_000;
const MAX_QUEUE_CHARS = 32_000_000;
const FLUSH_INTERVAL_MS = 1_000;
/** So many items are sent at once: short-lived objects cost less. */
const BURST_SIZE = 128;
/** An item that must not be lost waits no longer than this. */
const URGENT_MS = 20;
const FIRST_BACKOFF_MS = 250;
const MAX_BACKOFF_MS = 15_000;

export interface DeliveryOptions<Item> {
  readonly kind: SignalKind;
  readonly transport: Transport;
  readonly spool: Spool;
  readonly encode: (items: Item[]) => Uint8Array;
  /** About how many characters an item takes, where that can be many. */
  readonly weigh?: (item: Item) => number;
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
}

export class Delivery<Item> {
  readonly #options: DeliveryOptions<Item>;
  #queue: Item[] = [];
  #queueChars = 0;
  /** On its way, or waiting for its next try. */
  #current: Batch | undefined;
  #pump: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs = Infinity;
  #backoffMs = 0;
  /** False when the last try found nobody listening. */
  #isListening = true;
  /** Items lost for good in this process. */
  dropped = 0;

  constructor(options: DeliveryOptions<Item>) {
    this.#options = options;
  }

  add(item: Item, isUrgent = false): void {
    const chars = this.#weigh(item);
    const isFull = this.#queue.length >= MAX_QUEUE || this.#queueChars + chars > MAX_QUEUE_CHARS;
    if (isFull && this.#queue.length > 0) this.#putAside(this.#takeBatch());
    this.#queue.push(item);
    this.#queueChars += chars;
    const isBurst = this.#queue.length >= BURST_SIZE || this.#queueChars >= MAX_BATCH_CHARS;
    this.#schedule(isUrgent || isBurst ? URGENT_MS : FLUSH_INTERVAL_MS);
  }

  get waiting(): number {
    return this.#queue.length + (this.#current?.count ?? 0);
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
    while (this.#queue.length > 0) this.#putAside(this.#takeBatch());
    this.#options.transport.close();
  }

  #weigh(item: Item): number {
    return this.#options.weigh?.(item) ?? 0;
  }

  #takeBatch(): Item[] {
    const most = Math.min(MAX_BATCH, this.#queue.length);
    let count = 0;
    let chars = 0;
    for (; count < most; count++) {
      const next = this.#weigh(this.#queue[count] as Item);
      if (count > 0 && chars + next > MAX_BATCH_CHARS) break;
      chars += next;
    }
    this.#queueChars -= chars;
    return this.#queue.splice(0, count);
  }

  #schedule(delayMs: number): void {
    if (this.#pump !== undefined) return;
    const atMs = Date.now() + Math.max(delayMs, this.#backoffMs);
    if (this.#timer !== undefined && this.#timerAtMs <= atMs) return;
    clearTimeout(this.#timer);
    this.#timerAtMs = atMs;
    this.#timer = setTimeout(() => void this.#start(), atMs - Date.now()).unref();
  }

  async #start(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerAtMs = Infinity;
    this.#pump ??= this.#sendAll().finally(() => {
      this.#pump = undefined;
      if (this.waiting > 0) this.#schedule(FLUSH_INTERVAL_MS);
    });
    await this.#pump;
  }

  async #sendAll(): Promise<void> {
    while (this.waiting > 0) {
      this.#current ??= this.#encode(this.#takeBatch());
      if (this.#current === undefined) continue;
      const batch = this.#current;
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
    }
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
    return this.#options.transport
      .send(bytes)
      .catch((error: unknown) => ({ status: 'refused', reason: String(error) }) as const);
  }

  /** Counts what the endpoint refused: the whole batch, or the part that its answer tells. */
  #count(batchSize: number, result: Exclude<SendResult, { status: 'retry' }>): void {
    const refused =
      result.status === 'refused'
        ? { count: batchSize, reason: result.reason }
        : this.#options.refusedPart(result.answer);
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

  #putAside(items: Item[]): void {
    const batch = this.#encode(items);
    if (batch !== undefined) this.#spool(batch);
  }

  #spool(batch: Batch): void {
    if (this.#options.spool.write(this.#options.kind, batch.bytes, batch.count)) return;
    this.dropped += batch.count;
    this.#options.onProblem({ type: 'dropped', count: batch.count });
  }

  #encode(items: Item[]): Batch | undefined {
    if (items.length === 0) return undefined;
    const bytes = guard('encode', () => this.#options.encode(items));
    if (bytes !== undefined) return { bytes, count: items.length };
    this.dropped += items.length;
    this.#options.onProblem({ type: 'dropped', count: items.length });
    return undefined;
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
