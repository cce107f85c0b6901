// A Loki that runs elsewhere, as one test file's own: where it has tenants (`-auth.enabled`) each file
// takes a new one through a small proxy that names it; where it has none it must hold no events yet.

import { randomUUID } from 'node:crypto';
import { createServer, request, type Server } from 'node:http';
import { request as requestTls } from 'node:https';
import type { AddressInfo } from 'node:net';

/** The whole of what `stack/loki.yaml` keeps. */
const KEPT_SECONDS = 90 * 24 * 3600;

/** Why the Loki at an address cannot be used by a test file now; undefined when it can. */
export async function whyUnfit(url: string): Promise<string | undefined> {
  try {
    if (await hasTenants(url)) return undefined;
    const now = Math.floor(Date.now() / 1000);
    const query = new URLSearchParams({ start: String(now - KEPT_SECONDS), end: String(now) });
    const answer = await fetch(`${url}/loki/api/v1/labels?${query.toString()}`);
    if (!answer.ok)
      return `LOKI_URL answers ${String(answer.status)}: ${(await answer.text()).slice(0, 200)}`;
    const { data = [] } = (await answer.json()) as { data?: string[] };
    return data.length === 0
      ? undefined
      : 'LOKI_URL names a Loki without tenants that holds events already: start it with -auth.enabled=true';
  } catch (error) {
    return `LOKI_URL cannot be reached: ${String(error)}`;
  }
}

/** An address of it that shows this caller's events only. */
export async function isolateLoki(url: string): Promise<{ readonly url: string; close(): Promise<void> }> {
  if (!(await hasTenants(url))) return { url, close: () => Promise.resolve() };
  const proxy = await startTenantProxy(url, `tallyspan-test-${randomUUID()}`);
  const { port } = proxy.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}`,
    close: () =>
      new Promise((resolve) => {
        proxy.closeAllConnections();
        proxy.close(() => resolve());
      }),
  };
}

/** A Loki with tenants refuses who names none. */
async function hasTenants(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/loki/api/v1/labels`);
  await answer.arrayBuffer();
  return answer.status === 401;
}

async function startTenantProxy(url: string, tenant: string): Promise<Server> {
  const ask = url.startsWith('https:') ? requestTls : request;
  const proxy = createServer((incoming, outgoing) => {
    const forward = ask(`${url}${incoming.url ?? '/'}`, {
      method: incoming.method,
      headers: { ...incoming.headers, host: new URL(url).host, 'x-scope-orgid': tenant },
    });
    forward.on('response', (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    forward.on('error', (error) => {
      outgoing.writeHead(502).end(String(error));
    });
    incoming.pipe(forward);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  return proxy;
}
