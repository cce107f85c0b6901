// A small OTLP receiver for tests: gRPC and HTTP/protobuf, keeps every record with its event name,
// and misbehaves on request.

import {
  Server,
  ServerCredentials,
  status as grpcStatus,
  type ServiceDefinition,
  type UntypedHandleCall,
} from '@grpc/grpc-js';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import type { EventRecord } from '../../core/event.ts';
import { decodeLogs, decodeSpans, type ReceivedLog, type ReceivedSpan } from './otlp-schema.ts';

export interface OtlpReceiver {
  readonly grpcUrl: string;
  readonly httpUrl: string;
  readonly logs: readonly ReceivedLog[];
  readonly spans: readonly ReceivedSpan[];
  /** Of all requests that were taken, before compression. */
  readonly bytes: number;
  /** The events among the log records, as their bodies say. */
  events(name?: string): EventRecord[];
  /** Waits until the events fulfil the condition. */
  waitFor(condition: () => boolean, timeoutMs?: number): Promise<void>;
  close(): Promise<void>;
}

export interface ReceiverOptions {
  /** Refuses that many requests first, with UNAVAILABLE or 503. */
  readonly refusals?: number;
  /** Takes requests and never answers. */
  readonly isBlackHole?: boolean;
  readonly grpcPort?: number;
  /** Takes messages of any size; 4 MB otherwise, as collectors do. */
  readonly isUnlimited?: boolean;
}

export async function startOtlpReceiver(options: ReceiverOptions = {}): Promise<OtlpReceiver> {
  const logs: ReceivedLog[] = [];
  const spans: ReceivedSpan[] = [];
  let refusals = options.refusals ?? 0;
  let taken = 0;
  const take = (kind: string, bytes: Buffer): boolean => {
    if (refusals > 0) {
      refusals -= 1;
      return false;
    }
    taken += bytes.length;
    if (kind === 'logs') logs.push(...decodeLogs(bytes));
    else spans.push(...decodeSpans(bytes));
    return true;
  };

  const grpc = new Server(options.isUnlimited === true ? { 'grpc.max_receive_message_length': -1 } : {});
  for (const [kind, service] of Object.entries(SERVICES)) {
    grpc.addService(serviceOf(service), {
      export: ((call: { request: Buffer }, answer: (error: unknown, value?: Buffer) => void) => {
        if (options.isBlackHole === true) return;
        if (take(kind, call.request)) answer(null, Buffer.alloc(0));
        else answer({ code: grpcStatus.UNAVAILABLE, details: 'away' });
      }) as UntypedHandleCall,
    });
  }
  const grpcPort = await new Promise<number>((resolve, reject) => {
    const address = `127.0.0.1:${String(options.grpcPort ?? 0)}`;
    grpc.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(port);
      else reject(error);
    });
  });

  const http = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (options.isBlackHole === true) return;
      const raw = Buffer.concat(chunks);
      const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
      response.statusCode = take(request.url?.endsWith('/logs') === true ? 'logs' : 'traces', body)
        ? 200
        : 503;
      response.end();
    });
  });
  await new Promise<void>((resolve) => {
    http.listen(0, '127.0.0.1', resolve);
  });
  const httpPort = (http.address() as AddressInfo).port;

  return {
    grpcUrl: `http://127.0.0.1:${String(grpcPort)}`,
    httpUrl: `http://127.0.0.1:${String(httpPort)}`,
    logs,
    spans,
    get bytes() {
      return taken;
    },
    events: (name) =>
      logs
        .filter(({ eventName }) => name === undefined || eventName === name)
        .map(({ body }) => JSON.parse(body) as EventRecord),
    waitFor: async (condition, timeoutMs = 10_000) => {
      const deadlineMs = Date.now() + timeoutMs;
      while (!condition()) {
        if (Date.now() > deadlineMs) throw new Error('the expected records did not arrive');
        await new Promise((resolve) => {
          setTimeout(resolve, 20);
        });
      }
    },
    close: async () => {
      grpc.forceShutdown();
      http.closeAllConnections();
      await new Promise((resolve) => {
        http.close(resolve);
      });
    },
  };
}

/** Names of the two OTLP services of gRPC. */
export const SERVICES = {
  logs: 'opentelemetry.proto.collector.logs.v1.LogsService',
  traces: 'opentelemetry.proto.collector.trace.v1.TraceService',
} as const;

function pass(bytes: Buffer): Buffer {
  return bytes;
}

/** A service whose messages stay bytes. */
export function serviceOf(name: string): ServiceDefinition {
  return {
    export: {
      path: `/${name}/Export`,
      requestStream: false,
      responseStream: false,
      requestSerialize: pass,
      requestDeserialize: pass,
      responseSerialize: pass,
      responseDeserialize: pass,
    },
  };
}
