// A proxy between the Collector and Loki that can fail: it refuses, or it delivers and hides the answer.

import { createServer } from 'node:http';

/** What the proxy does with a request: forwards it, answers this status instead, or forwards it and answers 503. */
export type Fault = 'none' | 'answer_lost' | number;

export interface FaultProxy {
  readonly url: string;
  /** Number of requests that met each fault. */
  readonly met: ReadonlyMap<Fault, number>;
  setFault(fault: Fault): void;
  stop(): Promise<void>;
}

/** Starts a proxy for one target on a free loopback port. */
export async function startFaultProxy(target: string): Promise<FaultProxy> {
  let current: Fault = 'none';
  const met = new Map<Fault, number>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const fault = current;
      met.set(fault, (met.get(fault) ?? 0) + 1);
      if (typeof fault === 'number') {
        response.writeHead(fault).end();
        return;
      }
      const headers = Object.fromEntries(
        Object.entries(request.headers).filter(([name]) => name.startsWith('content-')),
      ) as Record<string, string>;
      delete headers['content-length'];
      void forward(`${target}${request.url ?? ''}`, headers, Buffer.concat(chunks)).then(({ status, body }) =>
        response.writeHead(fault === 'answer_lost' ? 503 : status).end(body),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    met,
    setFault: (fault) => {
      current = fault;
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function forward(
  url: string,
  headers: Record<string, string>,
  body: Buffer,
): Promise<{ status: number; body: Buffer }> {
  try {
    const answer = await fetch(url, { method: 'POST', headers, body: new Uint8Array(body) });
    return { status: answer.status, body: Buffer.from(await answer.arrayBuffer()) };
  } catch {
    return { status: 502, body: Buffer.alloc(0) };
  }
}
