// An exchange: how the fake API answers one HTTP request. A scenario is a list of exchanges, as data.
// An event is one server-sent event of a streamed answer; a fault is something that goes wrong on the wire.

import type { IncomingHttpHeaders } from 'node:http';

/** A request that the fake received, with what was really sent back. */
export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Parsed JSON body; `undefined` when there was none. */
  readonly body: unknown;
  /** Server-sent events written before the answer ended or the client left. */
  eventsSent: number;
  /** True when the client closed the connection before the answer was complete. */
  isClosedByClient: boolean;
}

export interface SseEvent {
  readonly event: string;
  /** JSON value, or text that is sent as it is (malformed on purpose). */
  readonly data: unknown;
  readonly delayMs?: number;
}

interface ExchangeBase {
  /** Answers the first request it accepts; without it, exchanges answer in their order. */
  readonly accepts?: (request: RecordedRequest) => boolean;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Wait before the first byte. */
  readonly delayMs?: number;
  /** How the body is compressed for the way. */
  readonly encoding?: 'gzip' | 'br' | 'deflate';
}

/** A plain answer. A string body is sent as it is, so that it can be malformed. */
export interface JsonExchange extends ExchangeBase {
  readonly json: unknown;
}

/** A streamed answer; after `dropAfter` events the socket is destroyed. */
export interface SseExchange extends ExchangeBase {
  readonly events: readonly SseEvent[];
  readonly dropAfter?: number;
}

/** The socket is destroyed without an answer. */
export interface DropExchange extends ExchangeBase {
  readonly drop: true;
}

export type Exchange = JsonExchange | SseExchange | DropExchange;

export interface Scenario {
  /** Each is used once; a request that finds none gets a 500 that says so. */
  readonly exchanges: readonly Exchange[];
  /** Asked first; for answers that depend on the request. */
  readonly respond?: (request: RecordedRequest) => Exchange | undefined;
}

/** An API error as the API words it. */
export function errorExchange(
  status: number,
  type: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): JsonExchange {
  return {
    status,
    headers,
    json: { type: 'error', error: { type, message }, request_id: 'req_error' },
  };
}
