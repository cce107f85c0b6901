// OTLP over HTTP with protobuf bodies. URL, headers, timeout, compression and certificates come from
// the standard variables as OpenTelemetry's own exporter reads them.

import { convertLegacyHttpOptions } from '@opentelemetry/otlp-exporter-base/node-http';
import { request as requestHttp, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { gzipSync } from 'node:zlib';
import { hasEndpoint, type SendResult, type SignalKind, type Transport } from './otlp.ts';

const DEFAULT_URL = 'http://127.0.0.1:4318';
const RETRYABLE_STATUSES: ReadonlySet<number> = new Set([429, 502, 503, 504]);

export function createHttpTransport(kind: SignalKind): Transport {
  const name = kind === 'traces' ? 'TRACES' : 'LOGS';
  const options = convertLegacyHttpOptions(
    hasEndpoint(name) ? {} : { url: `${DEFAULT_URL}/v1/${kind}` },
    name,
    `v1/${kind}`,
    { 'content-type': 'application/x-protobuf' },
  );
  const url = new URL(options.url);
  const running = new Set<ClientRequest>();

  return {
    endpoint: url.host,
    send: async (body) => {
      const headers = await options.headers();
      const agent = await options.agentFactory(url.protocol);
      return new Promise<SendResult>((resolve) => {
        const isCompressed = options.compression === 'gzip';
        const bytes = isCompressed ? gzipSync(body) : body;
        const start = url.protocol === 'https:' ? requestHttps : requestHttp;
        const request = start(
          url,
          {
            method: 'POST',
            agent,
            timeout: options.timeoutMillis,
            headers: {
              ...headers,
              'content-length': bytes.byteLength,
              ...(isCompressed ? { 'content-encoding': 'gzip' } : {}),
            },
          },
          (response) => {
            const chunks: Buffer[] = [];
            response.on('data', (chunk: Buffer) => chunks.push(chunk));
            response.on('end', () => {
              finish(resultOf(response, Buffer.concat(chunks)));
            });
            response.on('error', (error) => {
              finish({ status: 'retry', reason: error.message });
            });
          },
        );
        const finish = (result: SendResult): void => {
          running.delete(request);
          resolve(result);
        };
        running.add(request);
        // A request on its way does not hold the process open.
        request.on('socket', (socket) => socket.unref());
        request.on('timeout', () => request.destroy(new Error('no answer in time')));
        request.on('error', (error) => {
          finish({ status: 'retry', reason: error.message });
        });
        request.end(bytes);
      });
    },
    close: () => {
      for (const request of running) request.destroy(new Error('cut off'));
    },
  };
}

function resultOf(response: IncomingMessage, answer: Buffer): SendResult {
  const status = response.statusCode ?? 0;
  if (status >= 200 && status < 300) return { status: 'sent', answer };
  const reason = `HTTP ${String(status)}`;
  if (!RETRYABLE_STATUSES.has(status)) return { status: 'refused', reason };
  const seconds = Number(response.headers['retry-after']);
  return { status: 'retry', reason, ...(seconds > 0 ? { afterMs: seconds * 1_000 } : {}) };
}
