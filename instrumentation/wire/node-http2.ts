// Requests of node:http2, which the clients of AWS use for some services. Node publishes each stream with what it sends; its
// answer passes through one method of the stream, which is watched on that object alone.

import { channel } from 'node:diagnostics_channel';
import type { ClientHttp2Stream } from 'node:http2';
import { youngFunction } from '../process/young-function.ts';
import { guard, guarded } from '../process/guard.ts';
import { holdBody } from './held-body.ts';
import { leftErrorType } from './left.ts';
import { publishHttp2 } from './older-http2.ts';
import { isLimited, type SeenExchange } from './seen-exchange.ts';
import { watchedExchange, type Watch } from './watched-exchange.ts';

/** Code of RFC 9113; the module that names it is loaded only where it is used. */
const NO_ERROR = 0;

type Headers = Readonly<Record<string, unknown>>;
interface StreamMessage {
  readonly stream: ClientHttp2Stream;
  readonly headers?: Headers;
  /** Whether `data` is a list of chunks. */
  readonly writev?: boolean;
  readonly data?: unknown;
  /** Chunks of the answer that came before this message, where Node does not publish it. */
  readonly earlier?: readonly unknown[];
}

export function watchNodeHttp2(watch: Watch): void {
  publishHttp2();
  const exchanges = new WeakMap<ClientHttp2Stream, SeenExchange>();
  const left = new WeakMap<ClientHttp2Stream, string | undefined>();
  const begin = guarded('http2 stream', (message: unknown) => {
    const { stream, headers = {} } = message as StreamMessage;
    if (isOfUndici(stream)) return;
    const exchange = watchedExchange(watch, {
      method: textOf(headers[':method']) ?? 'GET',
      path: textOf(headers[':path']) ?? '',
      host: () => textOf(headers[':authority']) ?? textOf(headers['host']) ?? '',
      header: (name) => textOf(headers[name]),
    });
    if (exchange === undefined) return;
    exchanges.set(stream, exchange);
    watchLeaving(stream, left);
    if (isLimited(exchange))
      holdBody(stream, exchange, (error) => {
        stream.destroy(error);
      });
  });
  channel('http2.client.stream.created').subscribe(begin);
  channel('http2.client.stream.close').subscribe(
    guarded('http2 close', (message: unknown) => {
      const { stream } = message as StreamMessage;
      exchanges.get(stream)?.fail(left.has(stream) ? left.get(stream) : 'connection_error');
    }),
  );
  for (const [name, work] of Object.entries(STEPS)) {
    const see = guarded(`http2 ${name}`, (message: unknown) => {
      const exchange = exchanges.get((message as StreamMessage).stream);
      if (exchange !== undefined) work(exchange, message as StreamMessage);
    });
    channel(`http2.client.stream.${name}`).subscribe(see);
  }
}

/** undici asks by HTTP/2 where a server offers it, and publishes such a request on channels of its own. */
function isOfUndici({ session }: ClientHttp2Stream): boolean {
  return (
    session !== undefined &&
    Object.getOwnPropertySymbols(session).some(({ description }) => description === 'open streams')
  );
}

const STEPS: Readonly<Record<string, (exchange: SeenExchange, message: StreamMessage) => void>> = {
  bodyChunkSent: (exchange, { writev, data }) => {
    const chunks = writev === true ? (data as readonly { readonly chunk: unknown }[]) : [{ chunk: data }];
    for (const { chunk } of chunks) exchange.send(chunk);
  },
  bodySent: (exchange) => {
    exchange.begin();
  },
  // The head of the answer.
  finish: (exchange, { stream, headers = {} }) => {
    exchange.answer({ status: Number(headers[':status']), header: (name) => textOf(headers[name]) });
    watchAnswer(stream, exchange);
  },
};

/**
 * Remembers a stream that the program itself leaves: it closes or destroys one that is open. Node does the same with
 * those that the other side has reset, when they are closed already, and with those of a connection that is gone.
 */
function watchLeaving(stream: ClientHttp2Stream, left: WeakMap<ClientHttp2Stream, string | undefined>): void {
  const see = (error?: Error): void => {
    guard('http2 leave', () => {
      if (!stream.closed && stream.session?.socket.destroyed === false)
        left.set(stream, leftErrorType(error));
    });
  };
  const [close, destroy] = [stream.close.bind(stream), stream.destroy.bind(stream)];
  stream.close = youngFunction((...parameters) => {
    see();
    close(...parameters);
  });
  stream.destroy = youngFunction((error) => {
    see(error);
    return destroy(error);
  });
}

function watchAnswer(stream: ClientHttp2Stream, exchange: SeenExchange): void {
  const push = stream.push.bind(stream);
  stream.push = youngFunction((chunk: unknown, encoding?: BufferEncoding) => {
    guard('http2 chunk', () => {
      take(stream, exchange, chunk);
    });
    return push(chunk, encoding);
  });
}

function take(stream: ClientHttp2Stream, exchange: SeenExchange, chunk: unknown): void {
  if (chunk instanceof Uint8Array)
    exchange.receive(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
  else if (chunk === null && stream.rstCode === NO_ERROR) exchange.finish();
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
