// Requests of node:http and node:https, which clients like axios, got, node-fetch and those of AWS use. Node publishes
// each request and answer; their bytes pass through one method of each object, which is watched on that object alone.

import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { youngFunction } from '../process/young-function.ts';
import { guard, guarded } from '../process/guard.ts';
import { holdBody } from './held-body.ts';
import { isAbortError, leftErrorType } from './left.ts';
import { isLimited, type SeenExchange } from './seen-exchange.ts';
import { watchedExchange, type Watch } from './watched-exchange.ts';

interface ClientMessage {
  readonly request: ClientRequest;
  readonly response?: IncomingMessage;
  readonly error?: unknown;
}

export function watchNodeHttp(watch: Watch): void {
  const exchanges = new WeakMap<ClientRequest, SeenExchange>();
  const left = new WeakSet<Destroyable>();
  subscribe(
    'http.client.request.created',
    guarded('http request', (message: unknown) => {
      const { request } = message as ClientMessage;
      const exchange = watchedExchange(watch, {
        method: request.method,
        path: request.path,
        host: () => textOf(request.getHeader('host')) ?? request.host,
        header: (name) => textOf(request.getHeader(name)),
      });
      if (exchange === undefined) return;
      exchanges.set(request, exchange);
      if (isLimited(exchange)) {
        holdBody(request, exchange, (error) => {
          // With an answer under way, what reads it gets the error.
          const { res } = request as { readonly res?: IncomingMessage };
          (res ?? request).destroy(error);
        });
      } else watchBody(request, exchange);
      watchClose(request, exchange);
      watchDestroy(request, left);
    }),
  );
  subscribe(
    'http.client.response.finish',
    guarded('http response', (message: unknown) => {
      const { request, response } = message as ClientMessage;
      const exchange = exchanges.get(request);
      if (exchange === undefined || response === undefined) return;
      exchange.answer({
        status: response.statusCode ?? 0,
        header: (name) => textOf(response.headers[name]),
      });
      // Node throws away what nobody listens to.
      if (request.listenerCount('response') === 0) exchange.fail(undefined);
      watchResponse(response, exchange, left);
      watchDestroy(response, left);
    }),
  );
  subscribe(
    'http.client.request.error',
    guarded('http error', (message: unknown) => {
      const { request, error } = message as ClientMessage;
      const isLeft = left.has(request) || left.has((request as { res?: IncomingMessage }).res ?? request);
      exchanges.get(request)?.fail(isLeft || isAbortError(error) ? leftErrorType(error) : 'connection_error');
    }),
  );
}

function watchBody(request: ClientRequest, exchange: SeenExchange): void {
  const write = request.write.bind(request) as (...parameters: unknown[]) => boolean;
  const end = request.end.bind(request) as (...parameters: unknown[]) => ClientRequest;
  let isEnding = false;
  const send = (chunk: unknown, encoding: unknown): void => {
    guard('http chunk sent', () => {
      if (typeof chunk === 'string') exchange.send(Buffer.from(chunk, encodingOf(encoding)), false);
      else exchange.send(chunk);
    });
  };
  request.write = youngFunction((...parameters: unknown[]) => {
    // `end` writes its last piece through here.
    if (!isEnding) send(parameters[0], parameters[1]);
    return write(...parameters);
  });
  request.end = youngFunction((...parameters: unknown[]) => {
    send(parameters[0], parameters[1]);
    isEnding = true;
    guard('http request sent', () => {
      exchange.begin();
    });
    return end(...parameters);
  }) as ClientRequest['end'];
}

function watchClose(request: ClientRequest, exchange: SeenExchange): void {
  // A request that is destroyed reports no error where none was given.
  request.once(
    'close',
    guarded('http request closed', () => {
      if (!exchange.isAnswered) exchange.fail(undefined);
    }),
  );
}

interface Destroyable {
  destroy(error?: Error): unknown;
}

/** Remembers what the program itself destroys; Node does so with an error that says that the connection is gone. */
function watchDestroy(target: Destroyable, left: WeakSet<Destroyable>): void {
  const destroy = target.destroy.bind(target);
  target.destroy = youngFunction((error) => {
    if ((error as { readonly code?: unknown } | undefined)?.code !== 'ECONNRESET') left.add(target);
    return destroy(error);
  });
}

function watchResponse(response: IncomingMessage, exchange: SeenExchange, left: WeakSet<Destroyable>): void {
  const push = response.push.bind(response);
  response.push = youngFunction((chunk: unknown, encoding?: BufferEncoding) => {
    guard('http chunk', () => {
      if (chunk instanceof Uint8Array)
        exchange.receive(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
      else if (chunk === null && response.complete) exchange.finish();
    });
    return push(chunk, encoding);
  });
  response.once(
    'close',
    guarded('http response closed', () => {
      if (response.complete) exchange.finish();
      else {
        const { req } = response as IncomingMessage & { readonly req: ClientRequest };
        const { errored } = response;
        const isLeft = left.has(response) || left.has(req) || isAbortError(errored);
        exchange.fail(isLeft ? leftErrorType(errored) : 'connection_error');
      }
    }),
  );
}

function encodingOf(encoding: unknown): BufferEncoding {
  return typeof encoding === 'string' && Buffer.isEncoding(encoding) ? encoding : 'utf8';
}

/** Headers may be set as lists. */
function textOf(value: unknown): string | undefined {
  const [first] = Array.isArray(value) ? (value as unknown[]) : [value];
  return typeof first === 'string' ? first : undefined;
}
