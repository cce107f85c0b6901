// A recording service: a real HTTP server on a free loopback port that stands for a notification
// service. It keeps every request as it came, can be told to fail, to be slow or to limit the rate,
// and otherwise answers as the service does.

import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly atMs: number;
  /** Status that was answered. */
  readonly status: number;
}

export interface ServiceAnswer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What the next request gets instead of the usual answer. */
export type Trouble =
  | { readonly kind: 'answer'; readonly answer: ServiceAnswer }
  | { readonly kind: 'drop' }
  | { readonly kind: 'delay'; readonly delayMs: number };

export interface RecordingService {
  readonly url: string;
  /** Every request, also those that were refused. */
  readonly requests: readonly RecordedRequest[];
  /** Those that were taken. */
  accepted(): readonly RecordedRequest[];
  /** Adds to what the next requests get. */
  trouble(...next: readonly Trouble[]): void;
  /** Resolves when so many requests were taken. */
  waitForAccepted(count: number, limitMs?: number): Promise<readonly RecordedRequest[]>;
  close(): Promise<void>;
}

const POLL_MS = 20;
const WAIT_LIMIT_MS = 120_000;

/** Starts a service whose usual answer to a request is `answerTo`. */
export async function startRecordingService(
  answerTo: (request: Omit<RecordedRequest, 'status'>) => ServiceAnswer,
): Promise<RecordingService> {
  const requests: RecordedRequest[] = [];
  const troubles: Trouble[] = [];
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const request = {
        method: incoming.method ?? '',
        path: incoming.url ?? '',
        headers: incoming.headers,
        body: Buffer.concat(chunks).toString('utf8'),
        atMs: Date.now(),
      };
      void answer(request, response);
    });
  });

  async function answer(request: Omit<RecordedRequest, 'status'>, response: ServerResponse): Promise<void> {
    const trouble = troubles.shift();
    if (trouble?.kind === 'drop') {
      requests.push({ ...request, status: 0 });
      response.destroy();
      return;
    }
    if (trouble?.kind === 'delay') await sleep(trouble.delayMs);
    const { status, body, headers } = trouble?.kind === 'answer' ? trouble.answer : answerTo(request);
    requests.push({ ...request, status });
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
  }

  const accepted = (): RecordedRequest[] =>
    requests.filter((request) => request.status >= 200 && request.status < 300);
  const port = await listenOnLoopback(server);
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    accepted,
    trouble: (...next) => void troubles.push(...next),
    async waitForAccepted(count, limitMs = WAIT_LIMIT_MS) {
      const untilMs = Date.now() + limitMs;
      while (accepted().length < count) {
        if (Date.now() > untilMs) {
          const seen = requests.map((request) => `${request.path} → ${request.status}`).join(', ');
          throw new Error(`${accepted().length} of ${count} requests were taken; seen: ${seen || 'none'}`);
        }
        await sleep(POLL_MS);
      }
      return accepted();
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function listenOnLoopback(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** The body as JSON; undefined when it is none. */
export function jsonOf(request: Pick<RecordedRequest, 'body'>): Record<string, unknown> | undefined {
  try {
    return JSON.parse(request.body) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
