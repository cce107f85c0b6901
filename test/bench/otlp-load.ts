// A load of OTLP: the history of agents in requests that are sent over a few connections, each again as soon
// as it was answered. Requests are made in blocks; the time to make them does not count.

import { Agent, request } from 'node:http';
import type { EventRecord } from '../../core/event.ts';
import { openGrpc, sendGrpc } from '../server/intake/grpc-sender.ts';
import { generateEvents } from './agent-history.ts';

export const CONNECTIONS = 4;
export const EVENTS_PER_REQUEST = 500;
const REQUESTS_PER_BLOCK = 40;

/** Sends one request; resolves with whether it was accepted. */
export interface Sender {
  send(body: Buffer): Promise<boolean>;
  close(): void;
}

export interface Sent {
  readonly events: number;
  readonly bytes: number;
  /** Milliseconds in which requests were under way. */
  readonly busyMs: number;
}

export function httpSender(url: string, headers: Readonly<Record<string, string>> = {}): Sender {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  return {
    send: (body) =>
      new Promise((done, failed) => {
        const sent = request(
          url,
          {
            method: 'POST',
            agent,
            headers: {
              'content-type': 'application/x-protobuf',
              'content-length': body.length,
              ...headers,
            },
          },
          (answer) => {
            answer.resume();
            answer.on('end', () => done(answer.statusCode === 200));
          },
        );
        sent.on('error', failed);
        sent.end(body);
      }),
    close: () => agent.destroy(),
  };
}

export function grpcSender(address: string): Sender {
  const clients = Array.from({ length: CONNECTIONS }, () => openGrpc(address));
  let next = 0;
  return {
    send: (body) => sendGrpc(clients[next++ % CONNECTIONS] as (typeof clients)[number], body),
    close: () => {
      for (const client of clients) client.close();
    },
  };
}

/** Sends events of the days before now; `afterBlock` is called between blocks. @throws when a request is refused */
export async function sendLoad(
  sender: Sender,
  total: number,
  encode: (events: readonly EventRecord[], first: number) => Buffer,
  afterBlock: () => void = () => undefined,
): Promise<Sent> {
  const source = generateEvents(total, Date.now());
  let events = 0;
  let bytes = 0;
  let busyMs = 0;
  while (events < total) {
    const bodies: Buffer[] = [];
    while (bodies.length < REQUESTS_PER_BLOCK && events < total) {
      const first = events;
      const part: EventRecord[] = [];
      while (part.length < EVENTS_PER_REQUEST && events < total) {
        part.push(source.next().value as EventRecord);
        events++;
      }
      bodies.push(encode(part, first));
    }
    bytes += bodies.reduce((sum, body) => sum + body.length, 0);
    const started = performance.now();
    const pending = bodies.values();
    await Promise.all(
      Array.from({ length: CONNECTIONS }, async () => {
        for (const body of pending) if (!(await sender.send(body))) throw new Error('a request was refused');
      }),
    );
    busyMs += performance.now() - started;
    afterBlock();
  }
  return { events, bytes, busyMs };
}
