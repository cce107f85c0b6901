// The creation of a batch where something is limited: its requests are reserved together before it leaves, as where an SDK
// creates it, and each is settled as its row of the results is read.

import { createContextKey, type Context } from '@opentelemetry/api';
import { AsyncLocalStorage } from 'node:async_hooks';
import { guard } from '../process/guard.ts';
import {
  admitBatch,
  cancelAll,
  keepAdmissions,
  type Admissions,
  type AdmittedBatch,
} from '../sdk/limit-batches.ts';
import type { Asked } from './ask-limits.ts';
import { decodeWhole, encodingsOf } from './decoding.ts';
import type { LimitedExchange, ResponseHead } from './seen-exchange.ts';
import type { WireCalls } from './wire-calls.ts';

/** What somebody has let through already. */
const ADMITTED_KEY = createContextKey('tallyspan admitted batch');
const NOTHING_LIMITED: AdmittedBatch = { admissions: new Map() };
/** The API takes no larger ones. */
const MAX_REQUEST_BYTES = 256 * 1024 * 1024;
/** A batch itself is small. */
const MAX_ANSWER_BYTES = 1024 * 1024;

export function withAdmitted(active: Context, admissions: Admissions): Context {
  return active.setValue(ADMITTED_KEY, admissions);
}

export class BatchCreation implements LimitedExchange {
  readonly #calls: WireCalls;
  readonly #inFlow = AsyncLocalStorage.snapshot();
  readonly #pieces: Buffer[] = [];
  #bytes = 0;
  #admissions: Admissions | undefined;
  #head: ResponseHead | undefined;
  #isOver = false;

  constructor(calls: WireCalls, active: Context) {
    this.#calls = calls;
    this.#admissions = active.getValue(ADMITTED_KEY) as Admissions | undefined;
  }

  get isLimited(): boolean {
    return this.#admissions === undefined;
  }

  get isAnswered(): boolean {
    return this.#head !== undefined;
  }

  send(piece: unknown): void {
    if (this.#admissions !== undefined) return;
    if (typeof piece === 'string' || piece instanceof Uint8Array)
      this.#collect(Buffer.from(piece as Uint8Array), MAX_REQUEST_BYTES);
  }

  ask(_abort: (error: Error) => void, canWait: boolean): Asked {
    const body = guard('parse batch', () => JSON.parse(this.#take().toString()) as unknown);
    if (body === undefined) return undefined;
    const asked = this.#inFlow(() => askBatch(this.#calls, body, canWait));
    if (asked instanceof Error) return asked;
    this.#admissions = asked.admissions;
    return asked.wait?.();
  }

  drop(): void {
    this.fail();
  }

  begin(): void {
    // What is reserved is known before.
  }

  answer(head: ResponseHead): void {
    this.#head = head;
  }

  receive(piece: Buffer): void {
    if (this.#admissions !== undefined) this.#collect(Buffer.from(piece), MAX_ANSWER_BYTES);
  }

  finish(): void {
    if (this.#isOver || this.#admissions === undefined) return;
    const { status = 0 } = this.#head ?? {};
    const batch =
      status >= 200 && status < 300
        ? guard('read batch', () => {
            const encodings = encodingsOf(this.#head?.header('content-encoding'));
            return JSON.parse(decodeWhole(this.#take(), encodings, MAX_ANSWER_BYTES).toString()) as unknown;
          })
        : undefined;
    if (batch === undefined) this.fail();
    else {
      this.#isOver = true;
      keepAdmissions(this.#calls.observer, batch, this.#admissions);
    }
  }

  /** Nobody knows of a batch. */
  fail(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#admissions !== undefined) cancelAll(this.#admissions);
  }

  #collect(piece: Buffer, maxBytes: number): void {
    this.#bytes += piece.length;
    if (this.#bytes <= maxBytes) this.#pieces.push(piece);
  }

  #take(): Buffer {
    this.#bytes = 0;
    return Buffer.concat(this.#pieces.splice(0));
  }
}

/** What a batch may be let through with, or the error to refuse it with. */
export function askBatch({ observer }: WireCalls, body: unknown, canWait: boolean): AdmittedBatch | Error {
  const asked = guard('ask limits', () => ({ outcome: admitBatch(observer, undefined, body, canWait) }));
  if (asked === undefined) return observer.refuseFault(undefined) ?? NOTHING_LIMITED;
  const { outcome = NOTHING_LIMITED } = asked;
  return 'error' in outcome ? outcome.error : outcome;
}
