// A server in a folder of its own on free ports, and ways to send to it.

import { rm } from 'node:fs/promises';
import protobuf from 'protobufjs';
import type { EventRecord } from '../../core/event.ts';
import { toOtlpLogs } from '../../core/otlp/otlp-log.ts';
import { makeDataDir } from './data-dir.ts';
import { startServer, type RunningServer, type ServerOptions } from '../../server/start-server.ts';

export { encodeLogs } from '../bench/encode-logs.ts';
export { makeDataDir } from './data-dir.ts';

export interface TestServer extends RunningServer {
  readonly lines: string[];
  /** Stops the server and removes its folder. */
  remove(): Promise<void>;
}

/** Starts a server; the folder is a new one unless given. */
export async function startTestServer(options: Partial<ServerOptions> = {}): Promise<TestServer> {
  const dataDir = options.dataDir ?? (await makeDataDir());
  const lines: string[] = [];
  const server = await startServer({
    uiPort: 0,
    grpcPort: 0,
    httpPort: 0,
    log: (line) => lines.push(line),
    ...options,
    dataDir,
  }).catch(async (error: unknown) => {
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
    throw error;
  });
  return {
    ...server,
    lines,
    async remove() {
      await server.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: Buffer;
}

/** POST to the OTLP/HTTP address. */
export async function post(
  httpAddress: string,
  url: string,
  body: Uint8Array | string,
  headers: Readonly<Record<string, string>>,
): Promise<Answer> {
  const answer = await fetch(`http://${httpAddress}${url}`, {
    method: 'POST',
    body: body as string,
    headers,
  });
  return {
    status: answer.status,
    type: answer.headers.get('content-type') ?? '',
    body: Buffer.from(await answer.arrayBuffer()),
  };
}

export const JSON_TYPE = { 'content-type': 'application/json' };
export const PROTOBUF_TYPE = { 'content-type': 'application/x-protobuf' };

/** Sends events as OTLP JSON; fails unless all of them are taken. */
export async function sendEvents(server: RunningServer, events: readonly EventRecord[]): Promise<void> {
  const answer = await post(server.httpAddress, '/v1/logs', JSON.stringify(toOtlpLogs(events)), JSON_TYPE);
  if (answer.status !== 200 || answer.body.toString() !== '{}')
    throw new Error(`${answer.status} ${answer.body.toString()}`);
}

/** JSON of an address of the page's port. */
export async function getJson<T>(server: Pick<RunningServer, 'uiUrl'>, url: string): Promise<T> {
  const answer = await fetch(server.uiUrl + url);
  return (await answer.json()) as T;
}

const { root } = protobuf.parse(`
syntax = "proto3";
message Status { int32 code = 1; string message = 2; }
message Partial { int64 rejected = 1; string message = 2; }
message Response { Partial partialSuccess = 1; }
`);

export function decodeStatus(body: Uint8Array): { code?: number; message?: string } {
  return root.lookupType('Status').decode(body).toJSON();
}

export function decodeResponse(body: Uint8Array): {
  partialSuccess?: { rejected?: string; message?: string };
} {
  return root.lookupType('Response').decode(body).toJSON();
}
