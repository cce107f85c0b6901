// OTLP over HTTP with protobuf bodies. Headers, timeout, compression and certificates come from the standard variables as
// OpenTelemetry's own exporter reads them; the address, too, but what is none counts as not set.

import { convertLegacyHttpOptions } from '@opentelemetry/otlp-exporter-base/node-http';
import * as http from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import * as https from 'node:https';
import { gzipSync } from 'node:zlib';
import { retryAfterMs } from '../../core/otlp/retry-after.ts';
import { guarded } from '../process/guard.ts';
import { lookup } from '../process/lookup.ts';
import { withOwnConnect } from '../process/own-connect.ts';
import { isHttpAddress } from '../process/standard-settings.ts';
import { clearTimeout, later } from '../process/timers.ts';
import {
  MAX_ANSWER_BYTES,
  MAX_RETRY_AFTER_MS,
  namesSize,
  reasonOf,
  type SendResult,
  type SignalKind,
  type Transport,
} from './otlp.ts';

/** As they were before the program began: what stands in for the network in its tests must not get our requests. */
const { request: requestHttp } = http;
const { request: requestHttps } = https;
const DEFAULT_URL = 'http://127.0.0.1:4318';
const TOO_LARGE = 413;
const RETRYABLE_STATUSES: ReadonlySet<number> = new Set([429, 502, 503, 504]);

export function createHttpTransport(kind: SignalKind): Transport {
  const name = kind === 'traces' ? 'TRACES' : 'LOGS';
  const options = convertLegacyHttpOptions({ url: addressOf(kind, name) }, name, `v1/${kind}`, {
    'content-type': 'application/x-protobuf',
  });
  const url = new URL(options.url);
  const running = new Set<ClientRequest>();

  return {
    endpoint: url.host,
    send: async (body) => {
      const headers = await options.headers();
      const agent = await options.agentFactory(url.protocol);
      const isCompressed = options.compression === 'gzip';
      const bytes = isCompressed ? gzipSync(body) : body;
      const start = url.protocol === 'https:' ? requestHttps : requestHttp;
      const request = withOwnConnect(() =>
        start(url, {
          method: 'POST',
          agent,
          lookup,
          headers: {
            ...headers,
            'content-length': bytes.byteLength,
            ...(isCompressed ? { 'content-encoding': 'gzip' } : {}),
          },
        }),
      );
      running.add(request);
      try {
        return await exchange(request, bytes, options.timeoutMillis);
      } finally {
        running.delete(request);
      }
    },
    close: () => {
      for (const request of running) request.destroy(new Error('cut off'));
    },
  };
}

/** The signal's own address as it is, else the common one with the path of the signal. */
function addressOf(kind: SignalKind, name: 'TRACES' | 'LOGS'): string {
  const own = process.env[`OTEL_EXPORTER_OTLP_${name}_ENDPOINT`]?.trim() ?? '';
  if (isHttpAddress(own)) return own;
  const common = process.env['OTEL_EXPORTER_OTLP_ENDPOINT']?.trim() ?? '';
  return `${(isHttpAddress(common) ? common : DEFAULT_URL).replace(/\/$/, '')}/v1/${kind}`;
}

/** Sends the body and reads the answer, all within one time. Never rejects. */
function exchange(request: ClientRequest, body: Uint8Array, timeoutMs: number): Promise<SendResult> {
  return new Promise<SendResult>((resolve) => {
    const finish = (result: SendResult): void => {
      clearTimeout(deadline);
      resolve(result);
    };
    const fail = (reason: string): void => {
      finish({ status: 'retry', reason });
    };
    const deadline = later('send over http', timeoutMs, () => {
      fail('no answer in time');
      request.destroy();
    });
    request.on(
      'response',
      guarded('http response', (response: IncomingMessage) => {
        readAnswer(response, finish, () => request.destroy());
      }),
    );
    // A request on its way does not hold the process open.
    request.on(
      'socket',
      guarded('http socket', (socket: { unref: () => void }) => {
        socket.unref();
      }),
    );
    request.on(
      'error',
      guarded('http error', (error: Error) => {
        fail(reasonOf(error.message));
      }),
    );
    // Whatever else ends it: an answer that changes the protocol, say.
    request.on(
      'close',
      guarded('http close', () => {
        fail('the connection ended without an answer');
      }),
    );
    request.end(body);
  });
}

/** @param cut ends the connection of an answer that does not end by itself */
function readAnswer(
  response: IncomingMessage,
  finish: (result: SendResult) => void,
  cut: () => unknown,
): void {
  const chunks: Buffer[] = [];
  let size = 0;
  response.on(
    'data',
    guarded('http answer', (chunk: Buffer) => {
      size += chunk.length;
      chunks.push(chunk);
      if (size <= MAX_ANSWER_BYTES) return;
      finish(resultOf(response, Buffer.concat(chunks).subarray(0, MAX_ANSWER_BYTES)));
      cut();
    }),
  );
  response.on(
    'end',
    guarded('http answer', () => {
      finish(resultOf(response, Buffer.concat(chunks)));
    }),
  );
  response.on(
    'error',
    guarded('http answer', (error: Error) => {
      finish({ status: 'retry', reason: reasonOf(error.message) });
    }),
  );
}

function resultOf(response: IncomingMessage, answer: Buffer): SendResult {
  const status = response.statusCode ?? 0;
  // A proxy, a network to sign in to, or another server on that port: nobody has the records.
  if (status >= 200 && status < 300 && /^text\/html\b/i.test(response.headers['content-type'] ?? ''))
    return { status: 'retry', reason: `a web page came back (HTTP ${String(status)})` };
  if (status >= 200 && status < 300) return { status: 'sent', answer };
  const reason = `HTTP ${String(status)}`;
  if (status === TOO_LARGE) return { status: 'too_large', reason };
  if (RETRYABLE_STATUSES.has(status)) {
    const afterMs = retryAfterMs(response.headers['retry-after'], Date.now(), MAX_RETRY_AFTER_MS);
    return { status: 'retry', reason, isAnswered: true, ...(afterMs === undefined ? {} : { afterMs }) };
  }
  return { status: namesSize(answer.toString('latin1')) ? 'too_large' : 'refused', reason };
}
