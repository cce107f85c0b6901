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
import { guarded } from '../process/guard.ts';
import { lookup } from '../process/lookup.ts';
import { withOwnConnect } from '../process/own-connect.ts';
import { clearTimeout, later } from '../process/timers.ts';
import { readGrpcEndpoint } from './grpc-endpoint.ts';
import { decodeGrpcMessage } from './grpc-message.ts';
import {
  MAX_ANSWER_BYTES,
  MAX_RETRY_AFTER_MS,
  namesSize,
  reasonOf,
  type SendResult,
  type SignalKind,
  type Transport,
} from './otlp.ts';
import { retryInfoMs } from './retry-info.ts';

const METHODS = {
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
} as const;
/**
 * CANCELLED, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, ABORTED, OUT_OF_RANGE, UNAVAILABLE, DATA_LOSS: what OTLP calls
 * retryable. It calls RESOURCE_EXHAUSTED so with RetryInfo alone; servers that are short of memory leave that out.
 */
const RETRYABLE_CODES: ReadonlySet<number> = new Set([1, 4, 8, 10, 11, 14, 15]);
/** HTTP statuses that gRPC maps to UNAVAILABLE. */
const AWAY_STATUSES: ReadonlySet<number> = new Set([429, 502, 503, 504]);
const TOO_LARGE = 413;
const DETAILS = 'grpc-status-details-bin';
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
    const opened = withOwnConnect(() =>
      connect(endpoint.url, { ...endpoint.tls, lookup, settings: { enablePush: false } }),
    );
    opened.unref();
    // Calls on it fail with the same error; without a listener it would end the process.
    opened.on(
      'error',
      guarded('grpc session', () => undefined),
    );
    session = opened;
    return opened;
  };
  const close = (): void => {
    session?.destroy();
    session = undefined;
  };

  return {
    endpoint: endpoint.host,
    send: (body) =>
      exchange(
        open().request({
          [constants.HTTP2_HEADER_METHOD]: 'POST',
          [constants.HTTP2_HEADER_PATH]: METHODS[kind],
          'content-type': 'application/grpc+proto',
          te: 'trailers',
          'user-agent': 'tallyspan-node',
          'grpc-timeout': timeoutText(timeoutMillis),
          ...(isCompressed ? { 'grpc-encoding': 'gzip' } : {}),
          ...endpoint.headers,
        }),
        frame(isCompressed ? gzipSync(body) : body, isCompressed),
        timeoutMillis,
        close,
      ),
    close,
  };
}

/** The value has at most eight digits: longer times are given in minutes. */
function timeoutText(timeoutMs: number): string {
  return timeoutMs < 1e8
    ? `${String(Math.ceil(timeoutMs))}m`
    : `${String(Math.min(Math.ceil(timeoutMs / 60_000), 99_999_999))}M`;
}

/** The prefix and the message, which may be large and is not copied. */
function frame(message: Uint8Array, isCompressed: boolean): readonly Uint8Array[] {
  const prefix = Buffer.allocUnsafe(PREFIX_BYTES);
  prefix.writeUInt8(isCompressed ? 1 : 0, 0);
  prefix.writeUInt32BE(message.byteLength, 1);
  return [prefix, message];
}

/**
 * Sends a framed message and reads the answer, all within one time. Never rejects.
 * @param cut ends the connection: a stream that is not connected yet cannot be closed alone
 */
function exchange(
  stream: ClientHttp2Stream,
  framed: readonly Uint8Array[],
  timeoutMs: number,
  cut: () => void,
): Promise<SendResult> {
  return new Promise<SendResult>((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let headers: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders = {};
    let problem = 'the connection ended';
    const finish = (result: SendResult): void => {
      clearTimeout(deadline);
      resolve(result);
    };
    const fail = (reason: string): void => {
      finish({ status: 'retry', reason });
      cut();
    };
    const deadline = later('send over grpc', timeoutMs, () => {
      fail('no answer in time');
    });
    stream.on(
      'response',
      guarded('grpc headers', (received: IncomingHttpHeaders) => {
        headers = received;
      }),
    );
    stream.on(
      'trailers',
      guarded('grpc trailers', (received: IncomingHttpHeaders) => {
        trailers = received;
      }),
    );
    stream.on(
      'data',
      guarded('grpc answer', (chunk: Buffer) => {
        size += chunk.length;
        chunks.push(chunk);
        // Its status would come at its end.
        if (size > MAX_ANSWER_BYTES) fail('the answer does not end');
      }),
    );
    stream.on(
      'error',
      guarded('grpc error', (error: Error) => {
        problem = reasonOf(error.message);
      }),
    );
    stream.on(
      'close',
      guarded('grpc close', () => {
        finish(resultOf({ ...headers, ...trailers }, chunks, problem));
      }),
    );
    stream.cork();
    for (const part of framed) stream.write(part);
    stream.end();
  });
}

function resultOf(headers: IncomingHttpHeaders, chunks: readonly Buffer[], problem: string): SendResult {
  const { 'grpc-status': code, 'grpc-message': message } = headers;
  const httpStatus = Number(headers[constants.HTTP2_HEADER_STATUS] ?? 0);
  if (code === '0') return { status: 'sent', answer: Buffer.concat(chunks).subarray(PREFIX_BYTES) };
  if (code !== undefined) {
    const said = typeof message === 'string' ? decodeGrpcMessage(message) : '';
    const reason = reasonOf(said === '' ? `gRPC status ${String(code)}` : said);
    const isRetryable = RETRYABLE_CODES.has(Number(code));
    const afterMs = isRetryable ? retryInfoMs(headers[DETAILS], MAX_RETRY_AFTER_MS) : undefined;
    if (afterMs !== undefined) return { status: 'retry', reason, isAnswered: true, afterMs };
    if (namesSize(said)) return { status: 'too_large', reason };
    return isRetryable ? { status: 'retry', reason, isAnswered: true } : { status: 'refused', reason };
  }
  if (httpStatus === 0 || httpStatus === 200) return { status: 'retry', reason: problem };
  const reason = `HTTP ${String(httpStatus)} where gRPC was expected`;
  if (httpStatus === TOO_LARGE) return { status: 'too_large', reason };
  return AWAY_STATUSES.has(httpStatus)
    ? { status: 'retry', reason, isAnswered: true }
    : { status: 'refused', reason };
}
