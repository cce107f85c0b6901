// OTLP over gRPC: one unary call per batch on a client of our own, because the stock exporter
// neither retries nor lets a call be cancelled. Its reading of the environment is used as it is.

import { convertLegacyOtlpGrpcOptions } from '@opentelemetry/otlp-grpc-exporter-base';
import type * as Grpc from '@grpc/grpc-js';
import { hasEndpoint, type SendResult, type SignalKind, type Transport } from './otlp.ts';

const METHODS = {
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
} as const;
/** CANCELLED, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, ABORTED, OUT_OF_RANGE, UNAVAILABLE, DATA_LOSS: what OTLP calls retryable. */
const RETRYABLE_CODES: ReadonlySet<number> = new Set([1, 4, 8, 10, 11, 14, 15]);
const GZIP = 2;
/** By number: the name localhost may stand for an IPv6 address that nobody listens on. */
const DEFAULT_URL = 'http://127.0.0.1:4317';

export function createGrpcTransport(kind: SignalKind): Transport {
  const name = kind === 'traces' ? 'TRACES' : 'LOGS';
  const options = convertLegacyOtlpGrpcOptions(hasEndpoint(name) ? {} : { url: DEFAULT_URL }, name);
  const running = new Set<Grpc.ClientUnaryCall>();
  let client: Grpc.Client | undefined;
  let metadata: Grpc.Metadata | undefined;

  return {
    endpoint: options.url,
    send: (body) =>
      new Promise<SendResult>((resolve) => {
        client ??= openClient(options.url, options.credentials(), options.compression === 'gzip');
        metadata ??= options.metadata();
        const call = client.makeUnaryRequest(
          METHODS[kind],
          (bytes: Buffer) => bytes,
          (bytes: Buffer) => bytes,
          Buffer.from(body.buffer, body.byteOffset, body.byteLength),
          metadata,
          { deadline: Date.now() + options.timeoutMillis },
          (error) => {
            running.delete(call);
            resolve(resultOf(error));
          },
        );
        running.add(call);
      }),
    close: () => {
      for (const call of running) call.cancel();
      client?.close();
      client = undefined;
    },
  };
}

function resultOf(error: Grpc.ServiceError | null): SendResult {
  if (error === null) return { status: 'sent' };
  const reason = error.details === '' ? error.message : error.details;
  return { status: RETRYABLE_CODES.has(error.code) ? 'retry' : 'refused', reason };
}

/** gRPC is loaded with the first batch, not at start. */
function openClient(url: string, credentials: Grpc.ChannelCredentials, isCompressed: boolean): Grpc.Client {
  const { Client } = require('@grpc/grpc-js') as typeof Grpc;
  return new Client(url, credentials, {
    'grpc.default_compression_algorithm': isCompressed ? GZIP : 0,
    'grpc.primary_user_agent': 'tallyspan-node',
    'grpc.initial_reconnect_backoff_ms': 200,
    'grpc.max_reconnect_backoff_ms': 10_000,
  });
}
