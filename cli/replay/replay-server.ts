// The replay server: speaks the Messages API on a loopback port and answers each request with what was recorded for it.
// Requests of an agent that does several things at once come in another order each time, so the order counts for nothing.
// After the first divergence it answers nothing more: what a model would have said to another request is not known.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { compareRequests, type Divergence } from './compare-requests.ts';
import { messageEvents } from './message-events.ts';

type Json = Readonly<Record<string, unknown>>;

/** A step that can be replayed: its request, and the message or the error that answered. */
export interface ReplayStep {
  readonly request: Json;
  readonly answer: { readonly message: Json } | { readonly errorType: string };
}

export interface StepDivergence extends Divergence {
  /** From 1. */
  readonly step: number;
}

export interface ReplayServer {
  readonly url: string;
  /** Steps answered so far. */
  readonly served: number;
  /** The first step that was not asked for yet, from 1; undefined when all were. */
  readonly missing: number | undefined;
  readonly divergence: StepDivergence | undefined;
  close(): Promise<void>;
}

const BODY_LIMIT_BYTES = 64 * 1024 * 1024;
const ERROR_STATUS: Readonly<Record<string, number>> = {
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  api_error: 500,
  timeout_error: 504,
  overloaded_error: 529,
};

export async function startReplayServer(steps: readonly ReplayStep[]): Promise<ReplayServer> {
  const open = steps.map((step, index) => ({ ...step, number: index + 1 }));
  let divergence: StepDivergence | undefined;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const isMessages = /^\/v1\/messages(\?|$)/.test(request.url ?? '');
    if (request.method !== 'POST' || !isMessages)
      return sendError(response, 404, 'not_found_error', `${request.url ?? ''} is not recorded`);
    const now = await readJson(request);
    if (now === undefined)
      return sendError(response, 400, 'invalid_request_error', 'the body is no JSON object');
    const [first] = open;
    const found = open.findIndex((one) => compareRequests(one.request, now) === undefined);
    const [step] = divergence === undefined && found !== -1 ? open.splice(found, 1) : [];
    if (step === undefined) {
      divergence ??= {
        step: first?.number ?? steps.length + 1,
        ...((first && compareRequests(first.request, now)) ?? {
          part: 'request',
          recorded: '(no further request)',
          now: 'one more request',
        }),
      };
      return sendError(
        response,
        409,
        'invalid_request_error',
        `the replay diverged at step ${String(divergence.step)}`,
      );
    }
    if ('errorType' in step.answer) {
      const { errorType } = step.answer;
      return sendError(response, ERROR_STATUS[errorType] ?? 400, errorType, 'as recorded');
    }
    const { message } = step.answer;
    const isStreamed = now['stream'] === true;
    response.writeHead(200, {
      'content-type': isStreamed ? 'text/event-stream; charset=utf-8' : 'application/json',
      'request-id': `req_replay_${String(step.number)}`,
    });
    response.end(isStreamed ? messageEvents(message) : JSON.stringify(message));
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => {
      response.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    get served() {
      return steps.length - open.length;
    },
    get missing() {
      return open[0]?.number;
    },
    get divergence() {
      return divergence;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Recorded is what came of all attempts, so the SDK must not try again. */
function sendError(response: ServerResponse, status: number, type: string, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json', 'x-should-retry': 'false' });
  response.end(JSON.stringify({ type: 'error', error: { type, message } }));
}

async function readJson(request: IncomingMessage): Promise<Json | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_LIMIT_BYTES) return undefined;
    chunks.push(chunk);
  }
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
  } catch {
    return undefined;
  }
}
