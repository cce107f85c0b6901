// A receiver of OTLP in JSON over HTTP: counts the spans that it gets, by scope.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface JsonReceiver {
  readonly url: string;
  /** Scope and name of each span, in the order they came. */
  readonly spans: readonly { readonly scope: string; readonly name: string }[];
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
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      response.setHeader('content-type', 'application/json');
      response.end('{}');
      if (request.url !== '/v1/traces') return;
      const { resourceSpans = [] } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as TracesRequest;
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
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
