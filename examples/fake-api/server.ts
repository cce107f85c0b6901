// The fake Anthropic API: a real HTTP server that plays a scenario and records what it was asked.
// It runs in the tests and behind `tallyspan demo`; clients reach it through ANTHROPIC_BASE_URL.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { createBrotliCompress, createDeflate, createGzip } from 'node:zlib';
import {
  errorExchange,
  type Exchange,
  type JsonExchange,
  type RecordedRequest,
  type Scenario,
  type SseExchange,
} from './exchange.ts';

export interface AnthropicApi {
  /** Base URL, such as `http://127.0.0.1:40001`. */
  readonly url: string;
  /** Every request so far, in order of arrival. */
  readonly requests: readonly RecordedRequest[];
  close(): Promise<void>;
}

/** Starts the fake on a free loopback port. */
export async function startAnthropicApi(scenario: Scenario): Promise<AnthropicApi> {
  const requests: RecordedRequest[] = [];
  const waiting = [...scenario.exchanges];

  const choose = (request: RecordedRequest): Exchange => {
    const own = scenario.respond?.(request);
    if (own !== undefined) return own;
    const index = waiting.findIndex((exchange) => exchange.accepts?.(request) ?? true);
    const [exchange] = index === -1 ? [] : waiting.splice(index, 1);
    return exchange ?? errorExchange(500, 'api_error', 'the scenario has no answer for this request');
  };

  const server = createServer((incoming, response) => {
    void (async () => {
      const request: RecordedRequest = {
        method: incoming.method ?? 'GET',
        path: incoming.url ?? '/',
        headers: incoming.headers,
        body: await readJson(incoming),
        eventsSent: 0,
        isClosedByClient: false,
      };
      requests.push(request);
      response.on('close', () => {
        request.isClosedByClient = !response.writableEnded;
      });
      await answer(choose(request), request, response);
    })().catch(() => response.destroy());
  });

  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

async function answer(exchange: Exchange, request: RecordedRequest, response: ServerResponse): Promise<void> {
  if (exchange.delayMs !== undefined) await sleep(exchange.delayMs);
  if ('drop' in exchange) response.destroy();
  else if ('events' in exchange) await answerStream(exchange, request, response);
  else answerJson(exchange, response);
}

function answerJson(exchange: JsonExchange, response: ServerResponse): void {
  const text = typeof exchange.json === 'string' ? exchange.json : JSON.stringify(exchange.json);
  response.writeHead(exchange.status ?? 200, {
    'content-type': 'application/json',
    'request-id': requestIdOf(exchange.json),
    ...encodingHeader(exchange),
    ...exchange.headers,
  });
  bodyOf(exchange, response).end(text);
}

async function answerStream(
  exchange: SseExchange,
  request: RecordedRequest,
  response: ServerResponse,
): Promise<void> {
  response.writeHead(exchange.status ?? 200, {
    'content-type': 'text/event-stream',
    'request-id': requestIdOf(messageOf(exchange)),
    ...encodingHeader(exchange),
    ...exchange.headers,
  });
  response.flushHeaders();
  const body = bodyOf(exchange, response);
  for (const { event, data, delayMs } of exchange.events) {
    if (request.eventsSent === exchange.dropAfter) break;
    if (delayMs) await sleep(delayMs);
    if (response.destroyed) return;
    const text = typeof data === 'string' ? data : JSON.stringify(data);
    body.write(`event: ${event}\ndata: ${text}\n\n`);
    if ('flush' in body) (body as unknown as { flush(): void }).flush();
    request.eventsSent += 1;
  }
  if (exchange.dropAfter === undefined) {
    body.end();
    return;
  }
  // Let what was written reach the client before the socket breaks.
  await sleep(20);
  response.destroy();
}

function encodingHeader({ encoding }: Exchange): Record<string, string> {
  return encoding === undefined ? {} : { 'content-encoding': encoding };
}

/** Where the body is written: the response, or what compresses it on the way there. */
function bodyOf({ encoding }: Exchange, response: ServerResponse): Writable {
  if (encoding === undefined) return response;
  const compress =
    encoding === 'gzip' ? createGzip() : encoding === 'br' ? createBrotliCompress() : createDeflate();
  compress.pipe(response);
  return compress;
}

function messageOf(exchange: SseExchange): unknown {
  const first = exchange.events[0]?.data;
  return isObject(first) ? first['message'] : undefined;
}

function requestIdOf(body: unknown): string {
  const id = isObject(body) && typeof body['id'] === 'string' ? body['id'] : 'msg_none';
  return id.replace(/^msg_/, 'req_');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

async function readJson(incoming: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  if (chunks.length === 0) return undefined;
  const text = Buffer.concat(chunks).toString();
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
