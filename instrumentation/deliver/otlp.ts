// OTLP: the two signals that we send, and how one request went.

import { cutText } from '../../core/text/cut-text.ts';

export type SignalKind = 'traces' | 'logs';

export type SendResult =
  | { readonly status: 'sent'; readonly answer: Uint8Array }
  /** Worth another try: the endpoint is away or busy. */
  | {
      readonly status: 'retry';
      readonly reason: string;
      readonly afterMs?: number;
      /** True when the endpoint itself said so, in an answer. */
      readonly isAnswered?: boolean;
    }
  /** Too large as it is: its halves may be taken. */
  | { readonly status: 'too_large'; readonly reason: string }
  /** The endpoint will never take it. */
  | { readonly status: 'refused'; readonly reason: string };

/**
 * A transport carries one encoded request to the endpoint and says how it went. It sends bytes, so that
 * batches of this process and batches from the spool go the same way, and it can be cut off at once.
 */
export interface Transport {
  /** Where it sends, for people: `127.0.0.1:4317`. */
  readonly endpoint: string;
  send(body: Uint8Array): Promise<SendResult>;
  /** Cuts off what is on its way (those sends give `retry`) and closes the connections. */
  close(): void;
}

/** An answer says in a few bytes how it went; of a longer one no more is read, and its connection goes. */
export const MAX_ANSWER_BYTES = 8_192;
/** What an endpoint asks for is heeded up to here. */
export const MAX_RETRY_AFTER_MS = 60_000;
const MAX_REASON_CHARS = 200;

/** Reason of a failed exchange, as long as a line for people may be. */
export function reasonOf(text: string): string {
  return cutText(text, MAX_REASON_CHARS);
}

const RATE = /\brate\b|quota|throttl|per (second|minute)|\/s(ec)?\b/i;
const SIZE = [
  /\b(too|so) (large|big|long)\b/i,
  /\b(larger|bigger|greater|longer) than\b/i,
  /exceed\w*\b.{0,60}\b(size|length|bytes)\b/i,
  /\b(size|length|bytes)\b.{0,60}\bexceed/i,
  /\b(size|length)\b.{0,30}\blimit/i,
  /\blimit\b.{0,60}\b(size|length|bytes)\b/i,
];

/** Whether a refusal is about the size of the request: servers have no status for it that all use. */
export function namesSize(text: string): boolean {
  return !RATE.test(text) && SIZE.some((pattern) => pattern.test(text));
}
