// Requests of undici, Node's own (`fetch`) and the package's, whatever dispatcher sends them: all copies publish on the
// same diagnostics channels, with the raw chunks as they come from the socket. Versions before 7.12 publish no chunks;
// there the two methods of the one request through which its chunks pass are watched.

import { channel } from 'node:diagnostics_channel';
import { youngFunction } from '../process/young-function.ts';
import { guard, guardAsync, guardedListener } from '../process/guard.ts';
import { peekBody } from './request/first-piece.ts';
import { isAbortError, isTimeout, leftErrorType } from './left.ts';
import { limitRequest, type LimitableRequest } from './limited-undici.ts';
import { isLimited, type SeenExchange } from './seen-exchange.ts';
import { watchedExchange, type Watch } from './watched-exchange.ts';

interface UndiciRequest extends LimitableRequest {
  readonly method: string;
  readonly path: string;
  readonly origin: unknown;
  /** Names and values in turn; one text in version 5. */
  readonly headers: unknown;
  onBodySent?: (chunk: unknown) => unknown;
  onData?: (chunk: Buffer) => unknown;
}

type Message = { readonly request: UndiciRequest } & Readonly<Record<string, unknown>>;

/** A request that is watched, and what would have been sent of a body that undici reads only when it is. */
interface SeenRequest {
  readonly exchange: SeenExchange;
  readonly unsentBody: (() => unknown) | undefined;
}

export function watchUndici(watch: Watch): void {
  const seen = new WeakMap<UndiciRequest, SeenRequest>();
  const begin = guardedListener('undici create', (message: unknown) => {
    const { request } = message as Message;
    const exchange = watchedExchange(watch, {
      method: request.method,
      path: request.path,
      host: () => hostOf(request.origin),
      header: (name) => headerOf(request.headers, name),
    });
    if (exchange === undefined) return;
    seen.set(request, { exchange, unsentBody: unsentBodyOf(request) });
    if (isLimited(exchange)) limitRequest(request, exchange);
    if (!publishesChunks(request)) watchChunks(request, exchange);
  });
  channel('undici:request:create').subscribe(begin);
  for (const [name, work] of Object.entries(STEPS)) {
    const see = guardedListener(`undici ${name}`, (message: unknown) => {
      const known = seen.get((message as Message).request);
      if (known !== undefined) work(known.exchange, message as Message, known);
    });
    channel(`undici:request:${name}`).subscribe(see);
  }
}

type Step = (exchange: SeenExchange, message: Message, seen: SeenRequest) => void;

/** What each further channel says of an exchange. */
const STEPS: Readonly<Record<string, Step>> = {
  bodyChunkSent: (exchange, { chunk }, { unsentBody }) => {
    // What is known before it is sent is a copy that `fetch` has made.
    exchange.send(chunk, unsentBody === undefined);
  },
  bodySent: (exchange) => {
    exchange.begin();
  },
  headers: (exchange, { response }) => {
    const { statusCode, headers } = response as { readonly statusCode: number; readonly headers: unknown };
    // Headers that come before the answer: 100, 103.
    if (statusCode < 200) return;
    exchange.answer({ status: statusCode, header: (name) => headerOf(headers, name) });
  },
  bodyChunkReceived: (exchange, { chunk }) => {
    exchange.receive(chunk as Buffer);
  },
  trailers: (exchange) => {
    exchange.finish();
  },
  error: (exchange, { request, error }, { unsentBody }) => {
    // It may have failed before anything of it was sent: the host is unknown, or refuses.
    const body = unsentBody?.() ?? request.body;
    if (body instanceof Blob) {
      void failWithBlob(exchange, body, errorTypeOf(error));
      return;
    }
    if (typeof body === 'string' || body instanceof Uint8Array) exchange.send(body);
    exchange.fail(errorTypeOf(error));
  },
};

function unsentBodyOf(request: UndiciRequest): (() => unknown) | undefined {
  const { body } = request;
  if (body instanceof Blob) return () => body;
  // Only `fetch` says so of its requests.
  return headerOf(request.headers, 'sec-fetch-mode') === undefined ? undefined : peekBody(request);
}

async function failWithBlob(
  exchange: SeenExchange,
  body: Blob,
  errorType: string | undefined,
): Promise<void> {
  await guardAsync('blob of a request', async () => {
    exchange.send(new Uint8Array(await body.arrayBuffer()));
  });
  guard('request failed', () => {
    exchange.fail(errorType);
  });
}

/** The method of a version of undici that was looked at last: most programs have one version. */
let lookedAt: unknown;
let isPublishing = true;

function publishesChunks(request: UndiciRequest): boolean {
  const receive = request.onData ?? (request as { readonly onResponseData?: unknown }).onResponseData;
  if (typeof receive !== 'function') return true;
  if (receive !== lookedAt) {
    lookedAt = receive;
    isPublishing = Function.prototype.toString.call(receive).includes('bodyChunkReceived');
  }
  return isPublishing;
}

/** The request is one of its own, made for this exchange: nobody else sees its methods. */
function watchChunks(request: UndiciRequest, exchange: SeenExchange): void {
  const { onBodySent, onData } = request;
  if (typeof onBodySent === 'function') {
    request.onBodySent = youngFunction(function (this: UndiciRequest, chunk: unknown) {
      guard('undici chunk sent', () => {
        exchange.send(chunk);
      });
      return onBodySent.call(this, chunk);
    });
  }
  if (typeof onData !== 'function') return;
  request.onData = youngFunction(function (this: UndiciRequest, chunk: Buffer) {
    guard('undici chunk', () => {
      exchange.receive(chunk);
    });
    return onData.call(this, chunk);
  });
}

/** Errors of undici that say that the program gave the request up. */
const LEFT_CODES: ReadonlySet<unknown> = new Set(['UND_ERR_ABORTED', 'UND_ERR_DESTROYED', 'UND_ERR_CLOSED']);

/** What a request failed with; `undefined` when the program gave it up, for whatever reason of its own. */
function errorTypeOf(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  // What the network fails with has a code, all that programs give up with has none as a rule.
  const isOfNetwork = typeof code === 'string' && !LEFT_CODES.has(code);
  return isOfNetwork && !isTimeout(error) && !isAbortError(error) ? 'connection_error' : leftErrorType(error);
}

/** The origin that was asked last, and its host: programs ask few. */
let lastOrigin: unknown;
let lastHost = '';

function hostOf(origin: unknown): string {
  if (typeof origin === 'string' && origin === lastOrigin) return lastHost;
  lastHost = guard('origin', () => new URL(String(origin)).host) ?? '';
  lastOrigin = origin;
  return lastHost;
}

/** Value of a header in any of the forms in which undici's versions hold them. */
function headerOf(headers: unknown, wanted: string): string | undefined {
  if (typeof headers === 'string') {
    const line = headers.split('\r\n').find((text) => text.toLowerCase().startsWith(`${wanted}:`));
    return line?.slice(wanted.length + 1).trim();
  }
  if (!Array.isArray(headers)) {
    const found = (headers as Readonly<Record<string, unknown>> | null | undefined)?.[wanted];
    return typeof found === 'string' ? found : undefined;
  }
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] as string | Buffer;
    // Names are texts or bytes, all of them ASCII: only one of the same length is worth being read.
    if (name.length === wanted.length && name.toString().toLowerCase() === wanted)
      return String(headers[at + 1]);
  }
  return undefined;
}
