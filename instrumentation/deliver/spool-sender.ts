// The spool sender: brings batches of the spool to the endpoint, one at a time. One that the endpoint puts off is
// passed over for a while, so that it holds up neither the next one nor what is made now.

import { guard } from '../process/guard.ts';
import type { RequestPart } from '../encode/split-request.ts';
import type { SendResult, SignalKind } from './otlp.ts';
import type { Spool, SpooledBatch } from './spool.ts';
import { monotonicMs } from '../process/timers.ts';

/** How one batch went. */
export type SpooledResult =
  | {
      readonly type: 'answered';
      readonly count: number;
      readonly result: Extract<SendResult, { status: 'sent' | 'refused' }>;
    }
  /** A record that nobody takes has been dropped. */
  | { readonly type: 'too_large'; readonly count: number; readonly reason: string }
  /** Records that waited longer than the spool keeps them are gone. */
  | { readonly type: 'expired'; readonly count: number }
  /** Two batches have taken its place, or it waits for a better time: the next one can go. */
  | { readonly type: 'passed' }
  /** The endpoint is away, or asks to be left alone for so many milliseconds. */
  | { readonly type: 'away'; readonly afterMs?: number | undefined };

/** Batches that are put off one after the other before the endpoint is left alone. */
const MAX_PUT_OFF = 3;
/** When one that was put off is tried again. */
const PASS_OVER_MS = 60_000;

export class SpoolSender {
  readonly #kind: SignalKind;
  readonly #spool: Spool;
  readonly #split: (request: Uint8Array) => readonly [RequestPart, RequestPart] | undefined;
  /** Batches that are passed over, and until when. */
  readonly #passedOver = new Map<string, number>();
  #putOff = 0;
  /** The batch that is on its way. */
  #sending: SpooledBatch | undefined;

  constructor(
    kind: SignalKind,
    spool: Spool,
    split: (request: Uint8Array) => readonly [RequestPart, RequestPart] | undefined,
  ) {
    this.#kind = kind;
    this.#spool = spool;
    this.#split = split;
  }

  /** Sends the oldest batch that is not passed over; `undefined` when there is none. */
  async sendNext(send: (bytes: Uint8Array) => Promise<SendResult>): Promise<SpooledResult | undefined> {
    const nowMs = monotonicMs();
    for (const [id, untilMs] of this.#passedOver) if (untilMs <= nowMs) this.#passedOver.delete(id);
    const { expired, batch } = this.#spool.take(this.#kind, (id) => this.#passedOver.has(id));
    if (expired > 0) return { type: 'expired', count: expired };
    if (batch === undefined) return undefined;
    this.#sending = batch;
    const result = await send(batch.bytes);
    // Put back meanwhile: who sends next has it.
    if (this.#sending !== batch) return undefined;
    this.#sending = undefined;
    switch (result.status) {
      case 'retry':
        return this.#passOver(batch, result);
      case 'too_large':
        return this.#replace(batch, result.reason);
      default:
        this.#putOff = 0;
        this.#spool.remove(batch);
        return { type: 'answered', count: batch.count, result };
    }
  }

  /** Puts back what is on its way: the process, or the thread, ends before the answer. */
  putBack(): void {
    const batch = this.#sending;
    this.#sending = undefined;
    if (batch !== undefined) this.#spool.release(batch);
  }

  #passOver(
    batch: SpooledBatch,
    { isAnswered, afterMs }: Extract<SendResult, { status: 'retry' }>,
  ): SpooledResult {
    this.#spool.release(batch);
    if (isAnswered !== true) return { type: 'away' };
    this.#passedOver.set(batch.id, monotonicMs() + PASS_OVER_MS);
    this.#putOff += 1;
    if (afterMs === undefined && this.#putOff < MAX_PUT_OFF) return { type: 'passed' };
    this.#putOff = 0;
    return { type: 'away', afterMs };
  }

  #replace(batch: SpooledBatch, reason: string): SpooledResult {
    const parts = guard('split spooled', () => this.#split(batch.bytes));
    this.#spool.remove(batch);
    if (parts === undefined) return { type: 'too_large', count: batch.count, reason };
    let lost = 0;
    for (const part of parts) {
      const { isWritten, dropped } = this.#spool.write(this.#kind, part.bytes, part.count);
      lost += dropped + (isWritten ? 0 : part.count);
    }
    return lost === 0 ? { type: 'passed' } : { type: 'too_large', count: lost, reason };
  }
}
