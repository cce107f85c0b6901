// OTLP over gRPC: unary calls on Node's own HTTP/2. The usual gRPC client holds the process open while a
// call is on its way; this one never does, so an endpoint that is away costs no time at exit.

import { getSharedConfigurationFromEnvironment } from '@opentelemetry/otlp-exporter-base/node-http';
import {
  connect,
  constants,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
} from 'node:http2';
import { gzipSync } from 'node:zlib';
import { readGrpcEndpoint } from './grpc-endpoint.ts';
import type { SendResult, SignalKind, Transport } from './otlp.ts';

const METHODS = {
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
} as const;
/** CANCELLED, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, ABORTED, OUT_OF_RANGE, UNAVAILABLE, DATA_LOSS: what OTLP calls retryable. */
const RETRYABLE_CODES: ReadonlySet<number> = new Set([1, 4, 8, 10, 11, 14, 15]);
/** HTTP statuses that gRPC maps to UNAVAILABLE. */
const AWAY_STATUSES: ReadonlySet<number> = new Set([429, 502, 503, 504]);
/** One byte that says whether the message is compressed, four of its length. */
const PREFIX_BYTES = 5;
const DEFAULT_TIMEOUT_MS = 10_000;

export function createGrpcTransport(kind: SignalKind): Transport {
  const signal = kind === 'traces' ? 'TRACES' : 'LOGS';
  const endpoint = readGrpcEndpoint(signal, process.env);
  const { timeoutMillis = DEFAULT_TIMEOUT_MS, compression } = getSharedConfigurationFromEnvironment(signal);
  const isCompressed = compression === 'gzip';
  let session: ClientHttp2Session | undefined;

  const open = (): ClientHttp2Session => {
    if (session !== undefined && !session.closed && !session.destroyed) return session;
    const opened = connect(endpoint.url, endpoint.tls);
    opened.unref();
    // Calls on it fail with the same error; without a listener it would end the process.
    opened.on('error', () => undefined);
    session = opened;
    return opened;
  };

  return {
    endpoint: endpoint.host,
    send: (body) =>
      new Promise<SendResult>((resolve) => {
        const stream = open().request({
          [constants.HTTP2_HEADER_METHOD]: 'POST',
          [constants.HTTP2_HEADER_PATH]: METHODS[kind],
          'content-type': 'application/grpc+proto',
          te: 'trailers',
          'user-agent': 'tallyspan-node',
          'grpc-timeout': `${String(timeoutMillis)}m`,
          ...(isCompressed ? { 'grpc-encoding': 'gzip' } : {}),
          ...endpoint.headers,
        });
        const timer = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), timeoutMillis).unref();
        collectAnswer(stream, (result) => {
          clearTimeout(timer);
          resolve(result);
        });
        stream.end(frame(isCompressed ? gzipSync(body) : body, isCompressed));
      }),
    close: () => {
      session?.destroy();
      session = undefined;
    },
  };
}

function frame(message: Uint8Array, isCompressed: boolean): Buffer {
  const framed = Buffer.allocUnsafe(PREFIX_BYTES + message.byteLength);
  framed.writeUInt8(isCompressed ? 1 : 0, 0);
  framed.writeUInt32BE(message.byteLength, 1);
  framed.set(message, PREFIX_BYTES);
  return framed;
}

/** Reports once: when the status came in headers or trailers, or when the stream ended without one. */
function collectAnswer(stream: ClientHttp2Stream, onResult: (result: SendResult) => void): void {
  const chunks: Buffer[] = [];
  let headers: IncomingHttpHeaders = {};
  let trailers: IncomingHttpHeaders = {};
  let problem = 'the connection ended';
  stream.on('response', (received) => (headers = received));
  stream.on('trailers', (received) => (trailers = received));
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('error', (error) => (problem = error.message));
  stream.on('close', () => {
    onResult(resultOf({ ...headers, ...trailers }, chunks, problem));
  });
}

function resultOf(headers: IncomingHttpHeaders, chunks: readonly Buffer[], problem: string): SendResult {
  const { 'grpc-status': code, 'grpc-message': message } = headers;
  const httpStatus = Number(headers[constants.HTTP2_HEADER_STATUS] ?? 0);
  if (code === '0') return { status: 'sent', answer: Buffer.concat(chunks).subarray(PREFIX_BYTES) };
  if (code !== undefined) {
    const reason =
      typeof message === 'string' && message !== ''
        ? decodeURIComponent(message)
        : `gRPC status ${String(code)}`;
    return { status: RETRYABLE_CODES.has(Number(code)) ? 'retry' : 'refused', reason };
  }
  if (httpStatus === 0 || httpStatus === 200) return { status: 'retry', reason: problem };
  const reason = `HTTP ${String(httpStatus)} where gRPC was expected`;
  return { status: AWAY_STATUSES.has(httpStatus) ? 'retry' : 'refused', reason };
}
