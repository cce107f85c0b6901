// The exchange in which the results of a batch are read: each line is a row, and each row that succeeded a model call.

import type { Span } from '@opentelemetry/api';
import { AsyncLocalStorage } from 'node:async_hooks';
import { guard, guarded } from '../process/guard.ts';
import { settleRow } from '../sdk/limit-batches.ts';
import { openBatchSpan, recordRow } from '../sdk/observe-batches.ts';
import { Decoding, encodingsOf } from './decoding.ts';
import type { ResponseHead, SeenExchange } from './seen-exchange.ts';
import type { WireCalls } from './wire-calls.ts';

export class BatchExchange implements SeenExchange {
  readonly #calls: WireCalls;
  readonly #batchId: string;
  readonly #inFlow = AsyncLocalStorage.snapshot();
  #span: Span | undefined;
  #decoding: Decoding | undefined;
  #rest = '';
  isAnswered = false;

  constructor(calls: WireCalls, batchId: string) {
    this.#calls = calls;
    this.#batchId = batchId;
  }

  send(): void {
    // It asks with a GET.
  }

  begin(): void {
    // Nothing is known before the answer.
  }

  answer(head: ResponseHead): void {
    this.isAnswered = true;
    if (head.status !== 200) return;
    const decoder = new TextDecoder();
    this.#span = this.#inFlow(() => openBatchSpan(this.#calls.observer));
    this.#decoding = new Decoding(encodingsOf(head.header('content-encoding')), (piece) => {
      this.#read(decoder.decode(piece, { stream: true }));
    });
  }

  receive(piece: Buffer): void {
    this.#decoding?.push(piece);
  }

  finish(): void {
    this.#decoding?.end(
      guarded('batch read', () => {
        this.#read('\n');
        this.fail();
      }),
    );
  }

  fail(): void {
    this.#decoding?.close();
    this.#decoding = undefined;
    this.#span?.end();
    this.#span = undefined;
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line.trim() === '') continue;
      guard('batch row', () => {
        const row: unknown = JSON.parse(line);
        this.#inFlow(() => {
          if (this.#span === undefined) return;
          const { observer } = this.#calls;
          settleRow(observer, this.#batchId, row, recordRow(observer, this.#span, row, undefined));
        });
      });
    }
  }
}
