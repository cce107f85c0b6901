// An OTLP endpoint that keeps what programs send, as they sent it, so that a test can send it on: all or a part of it,
// in any order, without the programs' timing.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { PROTOBUF_TYPE, getJson, post, type TestServer } from '../server/harness.ts';

export interface Recorded {
  readonly signal: '/v1/logs' | '/v1/traces';
  readonly body: Buffer;
}

export interface OtlpRecorder {
  readonly url: string;
  readonly recorded: readonly Recorded[];
  close(): Promise<void>;
}

const FOR_CLAUDE_CODE = 'com.anthropic.claude_code';

export async function startOtlpRecorder(): Promise<OtlpRecorder> {
  const recorded: Recorded[] = [];
  const record = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const bytes = await buffer(request);
    const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes;
    if (request.url === '/v1/logs' || request.url === '/v1/traces')
      recorded.push({ signal: request.url, body });
    response.setHeader('content-type', 'application/x-protobuf').end();
  };
  const server = createServer((request, response) => {
    void record(request, response);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    recorded,
    close: () =>
      new Promise((closed) => {
        server.close(() => {
          closed();
        });
        server.closeAllConnections();
      }),
  };
}

/** Whether Claude Code sent it itself. */
export function isOfClaudeCode({ body }: Recorded): boolean {
  return body.includes(FOR_CLAUDE_CODE);
}

export async function replay(server: TestServer, sent: readonly Recorded[]): Promise<void> {
  for (const { signal, body } of sent) {
    const { status } = await post(server.httpAddress, signal, body, PROTOBUF_TYPE);
    if (status !== 200) throw new Error(`${signal} was answered with ${String(status)}`);
  }
}

/** What the server shows, once it is as expected or half a minute has gone. */
export async function settled<T>(
  server: TestServer,
  path: string,
  isExpected: (value: T) => boolean,
): Promise<T> {
  let value = await getJson<T>(server, path);
  for (let tries = 0; !isExpected(value) && tries < 300; tries++) {
    await new Promise((done) => setTimeout(done, 100));
    value = await getJson<T>(server, path);
  }
  return value;
}

interface Cost {
  readonly total: { readonly cost_nano_usd: number };
}

/** Nano-USD of all calls, once it is what is expected. */
export async function settledCost(server: TestServer, expected: number): Promise<number> {
  const { total } = await settled<Cost>(server, '/api/cost', (cost) => cost.total.cost_nano_usd === expected);
  return total.cost_nano_usd;
}
