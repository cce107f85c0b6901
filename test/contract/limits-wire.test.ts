// Limits of programs that ask a model without any SDK: a refused request never leaves, and fails as one that the network
// failed. The price of an answer is 400,000 nano-USD; at worst a request costs a little over 1,000,000.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer, type Http2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { Exchange, RecordedRequest } from '../fakes/anthropic-api.ts';
import { answer, makeMessage, streamedAnswer, text } from '../fakes/messages.ts';
import { eventsOf, openHarness, type Harness, type Outcome } from './harness.ts';

const PROGRAM = path.join(import.meta.dirname, 'programs/limits-wire.mjs');
const COST = 400_000;
const CLIENTS = [
  'http.end',
  'http.write',
  'http.pipe',
  'http2',
  'undici.request',
  'undici.stream',
  'undici.fetch',
  'early',
];
const LONG = { blocks: [text('word '.repeat(4_000))], usage: { input_tokens: 100, output_tokens: 5_000 } };

const rows = ['c0', 'c1', 'c2', 'c3'].map((id) =>
  JSON.stringify({
    custom_id: id,
    result: {
      type: 'succeeded',
      message: makeMessage({ usage: { input_tokens: 100, output_tokens: 20, service_tier: 'batch' } }),
    },
  }),
);
const respond = ({ body, path: asked }: RecordedRequest): Exchange => {
  if (asked.endsWith('/results'))
    return { json: rows.join('\n'), headers: { 'content-type': 'application/binary' } };
  if (asked.endsWith('/batches')) return { json: { id: 'b1', processing_status: 'ended' } };
  return (body as { stream?: boolean }).stream === true ? streamedAnswer(LONG, { delayMs: 1 }) : answer();
};

let harness: Harness;
let server: Http2Server;
let bodies: unknown[] = [];
beforeAll(async () => {
  harness = await openHarness();
  server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (part: string) => (body += part));
    request.on('error', () => undefined);
    request.on('end', () => {
      if (body === '') return;
      const asked = JSON.parse(body) as { readonly stream: boolean };
      bodies.push(asked);
      if (asked.stream) {
        const { events } = streamedAnswer(LONG) as { events: { event: string; data: unknown }[] };
        response.setHeader('content-type', 'text/event-stream');
        for (const { event, data } of events)
          response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
        response.end();
      } else {
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify(makeMessage()));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  server.close();
  await harness.close();
});

/** How the program ended, and the requests that an API got. */
async function start(client: string, way: string): Promise<{ outcome: Outcome; asked: number }> {
  bodies = [];
  const outcome = await harness.run(PROGRAM, {
    scenario: { exchanges: [], respond },
    arguments: [client, way],
    environment: {
      PACKAGE: path.join(harness.packageDir, 'index.mjs'),
      H2_URL: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    },
  });
  expect([outcome.stderr, outcome.code]).toEqual(['', 0]);
  return { outcome, asked: client === 'http2' ? bodies.length : outcome.requests.length };
}

describe.each(CLIENTS)('%s', (client) => {
  it('a request that could pass the limit never leaves, and the next one that may does', async () => {
    const { outcome, asked } = await start(client, 'until');
    const [first = '', message, last] = outcome.stdout.split('\n');
    const passed = Number(first.split(' ')[0]);
    expect(first).toBe(`${String(passed)} LimitExceededError true`);
    expect([message, last]).toEqual(['limit set in code reached: $0', 'after']);
    expect(passed).toBeGreaterThan(1);
    expect(passed * COST).toBeLessThanOrEqual(3_000_000);
    // Those that passed, and the one after.
    expect(asked).toBe(passed + 1);
    expect(eventsOf(outcome, 'agent.model_call')).toHaveLength(passed + 1);
    const refused = eventsOf(outcome, 'agent.limit').filter((event) => event['limit.action'] === 'refused');
    expect(refused).toMatchObject([{ limit_spent_nano_usd: passed * COST, limit_reserved_nano_usd: 0 }]);
    expect(eventsOf(outcome, 'agent.run').map((run) => run['agent.status'])).toEqual([
      'budget_exceeded',
      'ok',
    ]);
  });

  it('requests at once reserve before any of them is answered', async () => {
    const { outcome, asked } = await start(client, 'parallel');
    const passed = Number(outcome.stdout);
    expect(asked).toBe(passed);
    // Five at the worst price; more where some were answered before others began.
    expect(passed).toBeGreaterThanOrEqual(5);
    expect(passed * COST).toBeLessThanOrEqual(5_500_000);
    const refused = eventsOf(outcome, 'agent.limit').filter((event) => event['limit.action'] === 'refused');
    expect(refused).toHaveLength(20 - passed);
  });

  it('a stream that costs more than it could is ended where it passes the limit', async () => {
    const { outcome } = await start(client, 'stream');
    expect(outcome.stdout).toContain('0 LimitExceededError true');
    const [call] = eventsOf(outcome, 'agent.model_call');
    expect(call?.['error.type']).toBe('limit_exceeded');
    expect(call?.cost_nano_usd).toBeGreaterThan(2_000_000);
    expect(call?.cost_nano_usd).toBeLessThan(10_000_000);
    expect(eventsOf(outcome, 'agent.run').map((run) => run['agent.status'])).toEqual(['budget_exceeded']);
  });
});

it.each(['fetch', 'http.end', 'http.write', 'undici.request', 'undici.stream'])(
  'a batch by %s is reserved as a whole, at half the price, and settled by its rows',
  async (client) => {
    const { outcome, asked } = await start(client, 'batch');
    const [first, second, third] = outcome.stdout.split('\n');
    expect([first, second, third]).toEqual(['4', '4', '20 LimitExceededError true']);
    // Two were made and read.
    expect(asked).toBe(4);
    const refused = eventsOf(outcome, 'agent.limit').filter((event) => event['limit.action'] === 'refused');
    expect(refused).toMatchObject([{ limit_spent_nano_usd: (8 * COST) / 2 }]);
  },
);
