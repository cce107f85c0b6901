// A recording backend: takes OTLP over HTTP and over gRPC as the shipped exporters send it, and keeps each
// request whole, with its route and what the sender said about itself.

import { Server, ServerCredentials, type Metadata, type UntypedHandleCall } from '@grpc/grpc-js';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { serviceOf, SERVICES } from '../fakes/otlp-receiver.ts';
import { decodeRequest } from '../fakes/otlp-schema.ts';

export interface RecordedRequest {
  /** Path over HTTP, service over gRPC. */
  readonly route: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The request in the JSON form of OTLP; ids are bytes. */
  readonly content: Readonly<Record<string, unknown>>;
}

export interface RecordingBackend {
  readonly httpUrl: string;
  /** Host and port for OTLP over gRPC. */
  readonly grpcEndpoint: string;
  readonly requests: readonly RecordedRequest[];
  stop(): Promise<void>;
}

/** Headers of the transport: they say nothing about the configuration, or change with every request. */
const TRANSPORT = new Set([
  'connection',
  'content-length',
  'grpc-accept-encoding',
  'grpc-timeout',
  'host',
  'te',
  'user-agent',
]);

/** Starts a recording backend on free loopback ports. */
export async function startRecordingBackend(): Promise<RecordingBackend> {
  const requests: RecordedRequest[] = [];
  const http = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const raw = Buffer.concat(chunks);
      const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
      const route = request.url ?? '';
      requests.push({
        route,
        headers: keepHeaders(request.headers),
        content: decodeRequest(route.endsWith('/logs') ? 'logs' : 'traces', body),
      });
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));

  const grpc = new Server();
  for (const signal of ['logs', 'traces'] as const) {
    grpc.addService(serviceOf(SERVICES[signal]), {
      export: ((
        call: { request: Buffer; metadata: Metadata },
        answer: (error: unknown, value?: Buffer) => void,
      ) => {
        requests.push({
          route: SERVICES[signal],
          headers: keepHeaders(call.metadata.getMap()),
          content: decodeRequest(signal, call.request),
        });
        answer(null, Buffer.alloc(0));
      }) as UntypedHandleCall,
    });
  }
  const grpcPort = await new Promise<number>((resolve, reject) => {
    grpc.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(port);
      else reject(error);
    });
  });
  return {
    httpUrl: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    grpcEndpoint: `127.0.0.1:${grpcPort}`,
    requests,
    stop: async () => {
      grpc.forceShutdown();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

function keepHeaders(headers: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => !TRANSPORT.has(name))
      .map(([name, value]) => [name, String(value)] as const)
      .sort(([left], [right]) => (left < right ? -1 : 1)),
  );
}
