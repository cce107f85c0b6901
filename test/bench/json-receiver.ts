// A receiver over HTTP: counts the bytes that it gets, and the spans of OTLP in JSON, by scope.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

export interface JsonReceiver {
  readonly url: string;
  /** Scope and name of each span, in the order they came. */
  readonly spans: readonly { readonly scope: string; readonly name: string }[];
  /** Of the bodies of all requests, uncompressed. */
  readonly bytes: number;
  close(): void;
}

interface TracesRequest {
  readonly resourceSpans?: readonly {
    readonly scopeSpans?: readonly {
      readonly scope?: { readonly name?: string };
      readonly spans?: readonly { readonly name: string }[];
    }[];
  }[];
}

export async function startJsonReceiver(): Promise<JsonReceiver> {
  const spans: { scope: string; name: string }[] = [];
  let bytes = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      response.setHeader('content-type', 'application/json');
      response.end('{}');
      const sent = Buffer.concat(chunks);
      const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
      bytes += body.length;
      if (request.url !== '/v1/traces') return;
      const { resourceSpans = [] } = JSON.parse(body.toString('utf8')) as TracesRequest;
      for (const { scopeSpans = [] } of resourceSpans)
        for (const { scope, spans: ended = [] } of scopeSpans)
          for (const { name } of ended) spans.push({ scope: scope?.name ?? '', name });
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    spans,
    get bytes() {
      return bytes;
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
