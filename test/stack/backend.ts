// A mock backend: an HTTP server that takes OTLP (JSON) and Loki-like answers as a test orders them.
// It counts and keeps what it accepted, and can refuse the next requests with a status.

import { createServer } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { fromKeyValues } from './otlp-client.ts';

export interface ReceivedSpan {
  readonly name: string;
  readonly scopeName: string;
  readonly resource: Record<string, unknown>;
  readonly attributes: Record<string, unknown>;
  readonly eventAttributes: readonly Record<string, unknown>[];
}

export interface ReceivedLog {
  readonly body: unknown;
  readonly resource: Record<string, unknown>;
  readonly attributes: Record<string, unknown>;
}

export interface ReceivedRequest {
  readonly path: string;
  readonly headers: Record<string, unknown>;
  /** The JSON as it came. */
  readonly text: string;
}

export interface MockBackend {
  readonly url: string;
  readonly port: number;
  readonly spans: ReceivedSpan[];
  readonly logs: ReceivedLog[];
  /** Path, headers and body of each accepted request. */
  readonly requests: readonly ReceivedRequest[];
  /** Number of requests answered with a refusal. */
  refusals(): number;
  /** Answers every request with this status until called again with `undefined`. */
  refuseWith(status: number | undefined): void;
  stop(): Promise<void>;
}

/** Starts a mock backend on a free loopback port (or the given one). */
export async function startMockBackend(port = 0): Promise<MockBackend> {
  const spans: ReceivedSpan[] = [];
  const logs: ReceivedLog[] = [];
  const requests: ReceivedRequest[] = [];
  let refusal: number | undefined;
  let refused = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (refusal !== undefined) {
        refused += 1;
        response.writeHead(refusal).end();
        return;
      }
      const raw = Buffer.concat(chunks);
      const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
      const text = body.toString('utf8');
      requests.push({ path: request.url ?? '', headers: request.headers, text });
      keep(JSON.parse(text), spans, logs);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    spans,
    logs,
    requests,
    refusals: () => refused,
    refuseWith: (status) => {
      refusal = status;
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function keep(body: any, spans: ReceivedSpan[], logs: ReceivedLog[]): void {
  for (const resource of body.resourceSpans ?? []) {
    for (const scope of resource.scopeSpans ?? []) {
      for (const span of scope.spans ?? []) {
        spans.push({
          name: span.name,
          scopeName: scope.scope?.name ?? '',
          resource: fromKeyValues(resource.resource?.attributes),
          attributes: fromKeyValues(span.attributes),
          eventAttributes: (span.events ?? []).map((event: any) => fromKeyValues(event.attributes)),
        });
      }
    }
  }
  for (const resource of body.resourceLogs ?? []) {
    for (const scope of resource.scopeLogs ?? []) {
      for (const log of scope.logRecords ?? []) {
        logs.push({
          body: log.body?.stringValue ?? log.body,
          resource: fromKeyValues(resource.resource?.attributes),
          attributes: fromKeyValues(log.attributes),
        });
      }
    }
  }
}
