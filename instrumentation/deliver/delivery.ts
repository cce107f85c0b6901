// Delivery: the bounded queue between a signal (spans or log records) and its transport.
// An item goes into the open batch at once; a batch that is full is closed to bytes and waits. Batches are
// sent one at a time, retried with back-off while they may still be taken, halved when they are too large, put aside
// in the spool when they do not fit or are left at exit, and counted when they had to be dropped. No batch holds up
// the others for long, whatever the endpoint says of it. Times are of the monotonic clock.

import { isMainThread } from 'node:worker_threads';
import { guard, guardAsync } from '../process/guard.ts';
import { clearTimeout, later, monotonicMs } from '../process/timers.ts';
import { before, pause } from './deadline.ts';
import type { RequestPart } from '../encode/split-request.ts';
import type { SendResult, SignalKind, Transport } from './otlp.ts';
import type { Spool } from './spool.ts';
import { SpoolSender } from './spool-sender.ts';

/** Items held in memory at most. */
export const MAX_QUEUE = 8_192;
const MAX_BATCH = 512;
/**
 * Weight of one batch, and of all that wait: a single item may be above. Collectors take 4 MB by default, but what a
 * busy second makes is memory that the process then keeps.
 */
export const MAX_BATCH_WEIGHT = 250_000;
const MAX_QUEUE_WEIGHT = 32_000_000;
const FLUSH_INTERVAL_MS = 1_000;
/** An item that must not be lost waits no longer than this, … */
const URGENT_MS = 20;
/**
 * … unless a request was sent this short a time ago: each costs as much as many records. What a thread has recorded is lost
 * with it when it is terminated.
 */
const URGENT_GAP_MS = isMainThread ? 1_000 : 250;
const FIRST_BACKOFF_MS = 250;
const MAX_BACKOFF_MS = 15_000;
/** A batch that an endpoint has put off so many times waits behind the others. */
const MAX_TRIES = 3;

/** Gathers items for one request. It is used again for the next one. */
export interface OpenBatch<Item> {
  add(item: Item): void;
  /** The request; the batch is empty afterwards. */
  finish(): Uint8Array;
  /** The endpoint has the request: its memory may hold another one. */
  takeBack(request: Uint8Array): void;
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
  /** The halves of a request; `undefined` for a single record. */
  readonly split: (request: Uint8Array) => readonly [RequestPart, RequestPart] | undefined;
  /** Told about each failed try and each loss. */
  readonly onProblem: (problem: DeliveryProblem) => void;
}

export type DeliveryProblem =
  | { readonly type: 'away'; readonly reason: string; readonly waiting: number }
  | { readonly type: 'refused'; readonly reason: string; readonly count: number }
  | { readonly type: 'too_large'; readonly reason: string; readonly count: number }
  | { readonly type: 'expired'; readonly count: number }
  | { readonly type: 'dropped'; readonly count: number };

/** What becomes of an item: it is safe where it is stored, or in the spool; of a thread there is a copy before that. */
export type Fate = 'copied' | 'safe' | 'dropped';
export type OnFate = (fate: Fate) => void;

interface Batch extends RequestPart {
  readonly weight: number;
  /** Who wants to hear of its items. */
  readonly onFate: readonly OnFate[];
  /** Times that the endpoint put it off in a row. */
  tries: number;
  /** How many batches had been taken when it went behind the others; `undefined` until it did. */
  takenBefore?: number;
}

export class Delivery<Item> {
  readonly #options: DeliveryOptions<Item>;
  readonly #spoolSender: SpoolSender;
  /** Items in the open batch, and their weight. */
  #openCount = 0;
  #openWeight = 0;
  #openOnFate: OnFate[] = [];
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
  #sentAtMs = -Infinity;
  #backoffMs = 0;
  /** When the back-off ends, and when the time that the endpoint asked for does. */
  #backoffUntilMs = -Infinity;
  #askedUntilMs = -Infinity;
  /** False when the last try found nobody listening. */
  #isListening = true;
  /** Batches that the endpoint has taken. */
  #taken = 0;
  /** Items lost for good in this process. */
  dropped = 0;

  constructor(options: DeliveryOptions<Item>) {
    this.#options = options;
    this.#spoolSender = new SpoolSender(options.kind, options.spool, options.split);
  }

  add(item: Item, isUrgent = false, onFate?: OnFate): void {
    const weight = this.#options.weigh(item);
    this.#makeRoom(weight);
    if (this.#openCount > 0 && this.#openWeight + weight > MAX_BATCH_WEIGHT) this.#close();
    this.#options.batch.add(item);
    this.#openCount += 1;
    if (onFate !== undefined) this.#openOnFate.push(onFate);
    this.#openWeight += weight;
    if (this.#openCount >= MAX_BATCH) this.#close();
    const nowMs = monotonicMs();
    const dueMs = isUrgent
      ? Math.max(nowMs + URGENT_MS, this.#sentAtMs + URGENT_GAP_MS)
      : nowMs + FLUSH_INTERVAL_MS;
    if (dueMs < this.#openDueMs && this.#openCount > 0) this.#openDueMs = dueMs;
    this.#schedule(nowMs);
  }

  /** Takes a request over that was made elsewhere. */
  addRequest(bytes: Uint8Array, count: number): void {
    const weight = bytes.byteLength;
    this.#makeRoom(weight);
    this.#queue({ bytes, count, weight, onFate: [], tries: 0 });
    this.#schedule(monotonicMs());
  }

  get waiting(): number {
    return this.#openCount + this.#closedCount + (this.#current?.count ?? 0);
  }

  /** Whether a batch has been sent that nobody has taken yet. */
  get isUnanswered(): boolean {
    return this.#current !== undefined;
  }

  /**
   * Sends what waits; ends when all is gone, when nobody listens, when the endpoint is not to be asked again within the
   * time, or after it. Only that time holds the process.
   */
  async flush(timeoutMs: number): Promise<void> {
    const deadlineMs = monotonicMs() + timeoutMs;
    this.#endBackOff();
    for (let nowMs = monotonicMs(); this.waiting > 0 && nowMs < deadlineMs; nowMs = monotonicMs()) {
      const nextMs = this.#mayAskAtMs;
      if (nextMs >= deadlineMs) return;
      // Busy: it may take the batch yet.
      const isEarly = nextMs > nowMs;
      const isOver = await before(deadlineMs, isEarly ? pause(nextMs - nowMs) : this.#start());
      if (isOver || (!isEarly && this.#backoffMs > 0 && !this.#isListening)) return;
    }
  }

  /** Puts everything unsent into the spool, at once, and cuts the connections; or leaves it to who has copies. */
  setAside(isCopied = false): void {
    if (isCopied) this.#letGo();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerAtMs = Infinity;
    const current = this.#current;
    this.#current = undefined;
    if (current !== undefined) this.#spool(current);
    while (this.#openCount + this.#closedCount > 0) this.#putAsideOldest();
    this.#spoolSender.putBack();
    this.#options.transport.close();
  }

  #makeRoom(weight: number): void {
    const count = this.#openCount + this.#closedCount;
    const isFull = count >= MAX_QUEUE || this.#openWeight + this.#closedWeight + weight > MAX_QUEUE_WEIGHT;
    if (isFull && count > 0) this.#putAsideOldest();
  }

  /** Makes one request of what the open batch holds. */
  #close(): void {
    const [count, weight] = [this.#openCount, this.#openWeight];
    if (count === 0) return;
    this.#openCount = 0;
    this.#openWeight = 0;
    this.#openDueMs = Infinity;
    const onFate = this.#openOnFate;
    this.#openOnFate = [];
    const bytes = guard('encode', () => this.#options.batch.finish());
    if (bytes === undefined) {
      tell('dropped', onFate);
      this.#drop({ type: 'dropped', count });
      return;
    }
    this.#queue({ bytes, count, weight, onFate, tries: 0 });
  }

  #queue(batch: Batch, isFirst = false): void {
    if (isFirst) this.#closed.unshift(batch);
    else this.#closed.push(batch);
    this.#closedCount += batch.count;
    this.#closedWeight += batch.weight;
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
    const atMs = Math.max(isDue ? nowMs : this.#openDueMs, this.#mayAskAtMs);
    if (this.#timer !== undefined && this.#timerAtMs <= atMs) return;
    clearTimeout(this.#timer);
    this.#timerAtMs = atMs;
    this.#timer = later('send', atMs - nowMs, () => this.#start());
  }

  async #start(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerAtMs = Infinity;
    this.#pump ??= this.#run();
    await this.#pump;
  }

  async #run(): Promise<void> {
    // The first step waits, so that the pump is known before it can end.
    await guardAsync('send', () => this.#sendAll());
    this.#pump = undefined;
    if (this.waiting > 0) this.#schedule(monotonicMs());
  }

  /** Sends the batches that wait, then what the spool holds. What gathers meanwhile waits for its own time: each request costs. */
  async #sendAll(): Promise<void> {
    if (!(await this.#sendOldest())) return;
    do {
      while (this.#closedCount > 0 || this.#openDueMs <= monotonicMs())
        if (!(await this.#sendOldest())) return;
      // Whatever an earlier process left, once the endpoint has shown that it takes records; live ones go first.
    } while (await this.#sendSpooled());
  }

  /** False when the endpoint wants to be left alone, or nothing waits. */
  async #sendOldest(): Promise<boolean> {
    this.#current ??= this.#takeOldest();
    const batch = this.#current;
    if (batch === undefined) return true;
    const result = await this.#send(batch.bytes);
    // Set aside meanwhile: the batch is in the spool already.
    if (this.#current !== batch) return false;
    if (result.status === 'retry') {
      this.#backOff(batch, result);
      return false;
    }
    this.#current = undefined;
    this.#endBackOff();
    this.#isListening = true;
    if (result.status === 'too_large') this.#halve(batch, result.reason);
    else {
      this.#taken += 1;
      this.#count(batch.count, result);
      tell(result.status === 'sent' ? 'safe' : 'dropped', batch.onFate);
      if (result.status === 'sent') this.#options.batch.takeBack(batch.bytes);
    }
    return true;
  }

  /** Sends one batch of the spool; false when there is none to send now. */
  async #sendSpooled(): Promise<boolean> {
    const sent = await this.#spoolSender.sendNext((bytes) => this.#send(bytes));
    if (sent === undefined) return false;
    if (sent.type === 'too_large' || sent.type === 'expired') this.#drop(sent);
    else if (sent.type === 'answered') this.#count(sent.count, sent.result);
    else if (sent.type === 'away') this.#leaveAlone(sent.afterMs);
    return sent.type !== 'away';
  }

  /** Never rejects: what a transport throws (a header that is not valid, say) is a refusal. */
  async #send(bytes: Uint8Array): Promise<SendResult> {
    this.#sentAtMs = monotonicMs();
    try {
      return await this.#options.transport.send(bytes);
    } catch (error) {
      return { status: 'refused', reason: guard('send', () => String(error)) ?? 'no reason given' };
    }
  }

  /** Its halves go first; a single record goes nowhere. */
  #halve(batch: Batch, reason: string): void {
    const parts = guard('split', () => this.#options.split(batch.bytes));
    if (parts === undefined) {
      tell('dropped', batch.onFate);
      this.#drop({ type: 'too_large', reason, count: batch.count });
    } else for (const part of batchesOf(batch, parts).toReversed()) this.#queue(part, true);
  }

  /** Counts what the endpoint refused: the whole batch, or the part that its answer tells. */
  #count(batchSize: number, result: Extract<SendResult, { status: 'sent' | 'refused' }>): void {
    const refused =
      result.status === 'refused'
        ? { count: batchSize, reason: result.reason }
        : guard('read answer', () => this.#options.refusedPart(result.answer));
    if (refused !== undefined)
      this.#drop({ type: 'refused', reason: refused.reason, count: Math.min(refused.count, batchSize) });
  }

  #backOff(batch: Batch, result: Extract<SendResult, { status: 'retry' }>): void {
    this.#isListening = !result.reason.includes('ECONNREFUSED');
    const doubled = Math.min(Math.max(this.#backoffMs * 2, FIRST_BACKOFF_MS), MAX_BACKOFF_MS);
    this.#backoffMs = doubled * (0.8 + Math.random() * 0.4);
    this.#backoffUntilMs = monotonicMs() + this.#backoffMs;
    this.#leaveAlone(result.afterMs);
    this.#options.onProblem({ type: 'away', reason: result.reason, waiting: this.waiting });
    if (result.isAnswered !== true) return;
    batch.tries += 1;
    if (batch.tries < MAX_TRIES) return;
    this.#goBehind(batch);
  }

  #endBackOff(): void {
    this.#backoffMs = 0;
    this.#backoffUntilMs = -Infinity;
  }

  get #mayAskAtMs(): number {
    return Math.max(this.#backoffUntilMs, this.#askedUntilMs);
  }

  #leaveAlone(forMs = 0): void {
    if (forMs > 0) this.#askedUntilMs = monotonicMs() + forMs;
  }

  /** Where the endpoint takes others meanwhile, one record of the batch is what it cannot take: its halves may pass. */
  #goBehind(batch: Batch): void {
    const { takenBefore } = batch;
    const areOthersTaken = takenBefore !== undefined && takenBefore < this.#taken;
    const parts = areOthersTaken ? guard('split', () => this.#options.split(batch.bytes)) : undefined;
    this.#current = undefined;
    this.#close();
    for (const part of batchesOf(batch, parts ?? [batch])) this.#queue({ ...part, takenBefore: this.#taken });
  }

  #letGo(): void {
    this.#current = undefined;
    while (this.#openCount + this.#closedCount > 0) this.#takeOldest();
  }

  #putAsideOldest(): void {
    const batch = this.#takeOldest();
    if (batch !== undefined) this.#spool(batch);
  }

  #spool(batch: Batch): void {
    const { isWritten, dropped } = this.#options.spool.write(this.#options.kind, batch.bytes, batch.count);
    const count = dropped + (isWritten ? 0 : batch.count);
    tell(isWritten ? 'safe' : 'dropped', batch.onFate);
    if (count > 0) this.#drop({ type: 'dropped', count });
  }

  #drop(problem: Exclude<DeliveryProblem, { type: 'away' }>): void {
    this.dropped += problem.count;
    this.#options.onProblem(problem);
  }
}

function tell(fate: Fate, items: readonly OnFate[]): void {
  for (const onFate of items)
    guard('fate', () => {
      onFate(fate);
    });
}

/** Parts of a batch as batches; what becomes of the last of them counts for all. */
function batchesOf({ onFate }: Batch, parts: readonly RequestPart[]): Batch[] {
  return parts.map(({ bytes, count }, index) => ({
    bytes,
    count,
    weight: bytes.byteLength,
    onFate: index === parts.length - 1 ? onFate : [],
    tries: 0,
  }));
}
