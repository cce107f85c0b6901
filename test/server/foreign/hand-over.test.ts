// How events are handed over: what waits, what is refused for good and costs only itself, and who may send.

import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import type { EventRecord } from '../../../core/event.ts';
import { SendLater, handOver } from '../../../server/forward/hand-over.ts';

interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly retryAfter?: string;
}

let server: Server;
let host = '';
/** What is answered to a request with these spans. */
let answerTo: (spans: readonly string[]) => Answer;
let taken: string[] = [];
let requests = 0;
let lastHeaders: IncomingHttpHeaders = {};
let lastPath = '';
let lines: string[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const text = gunzipSync(Buffer.concat(parts)).toString();
      requests++;
      lastHeaders = request.headers;
      lastPath = request.url ?? '';
      const spans = [...text.matchAll(/"spanId":"([0-9a-f]{16})"/g)].map(([, span = '']) => span);
      const { status, body, retryAfter } = answerTo(spans);
      if (status === 200) taken.push(...spans);
      if (retryAfter !== undefined) response.setHeader('retry-after', retryAfter);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body ?? {}));
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

beforeEach(() => {
  [taken, lines, requests] = [[], [], 0];
  answerTo = () => ({ status: 200 });
});

const spanId = (index: number): string => index.toString(16).padStart(16, '0');
const events = (count: number): EventRecord[] =>
  Array.from({ length: count }, (_, index) => ({
    'event.name': 'agent.note',
    timestamp: 1_795_000_000_000 + index,
    trace_id: 'a'.repeat(32),
    span_id: spanId(index + 1),
  }));

const hand = (count: number, to: { url?: string; headers?: Record<string, string> } = {}): Promise<number> =>
  handOver(
    {
      url: `http://${host}`,
      signal: AbortSignal.timeout(60_000),
      log: (line) => lines.push(line),
      ...to,
    },
    events(count),
  );

it.each([401, 403, 404, 405, 408, 429, 500, 502, 503, 504])('waits after %i', async (status) => {
  answerTo = () => ({ status });
  await expect(hand(3)).rejects.toThrow(String(status));
  expect([requests, lines]).toEqual([1, []]);
});

it.each([
  ['7', 7000],
  ['1000000', 600_000],
  [new Date(0).toUTCString(), 0],
  ['Thu, 31 Dec 2099 23:59:59 GMT', 600_000],
  ['soon', 0],
  ['-5', 0],
  ['1e3', 0],
])('Retry-After: %s is %i ms', async (retryAfter, afterMs) => {
  answerTo = () => ({ status: 503, retryAfter });
  await expect(hand(1)).rejects.toMatchObject({ afterMs });
  await expect(hand(1)).rejects.toBeInstanceOf(SendLater);
});

it('says which setting is missing', async () => {
  answerTo = () => ({ status: 401 });
  await expect(hand(1)).rejects.toThrow('TALLYSPAN_FORWARD_HEADERS');
  answerTo = () => ({ status: 404 });
  await expect(hand(1)).rejects.toThrow('without /v1/logs');
  await expect(hand(1, { url: 'http://127.0.0.1:4317' })).rejects.toThrow(
    '4317 is the port of OTLP over gRPC',
  );
});

it.each([400, 413, 422])('after %i only what is refused by itself is lost', async (status) => {
  const bad = new Set([spanId(5), spanId(77)]);
  answerTo = (spans) => ({ status: spans.some((span) => bad.has(span)) ? status : 200, body: 'too old' });
  expect(await hand(100)).toBe(2);
  expect([taken.length, new Set(taken).size]).toEqual([98, 98]);
  expect(lines).toEqual([expect.stringContaining('2 events were refused')]);
});

it('does not ask for each event where all are refused', async () => {
  answerTo = () => ({ status: 400 });
  expect(await hand(2000)).toBe(2000);
  expect(requests).toBeLessThan(70);
});

it('where only so many fit into a request, all are handed over', async () => {
  answerTo = (spans) => ({ status: spans.length > 10 ? 413 : 200 });
  expect(await hand(2000)).toBe(0);
  expect(new Set(taken).size).toBe(2000);
});

it('what a partial success rejects is counted and said with its reason', async () => {
  const partialSuccess = { rejectedLogRecords: '3', errorMessage: 'entry too far behind' };
  answerTo = () => ({ status: 200, body: { partialSuccess } });
  expect(await hand(10)).toBe(3);
  expect(lines).toEqual([expect.stringMatching(/^3 events were refused by .*: entry too far behind$/)]);
});

it('names who sends: by headers, or by the address', async () => {
  await hand(1, { headers: { authorization: 'Bearer t-1', 'x-scope-orgid': 'team' } });
  expect(lastHeaders).toMatchObject({ authorization: 'Bearer t-1', 'x-scope-orgid': 'team' });
  await hand(1, { url: `http://me:s%40fe@${host}/otlp/` });
  expect(lastHeaders.authorization).toBe(`Basic ${Buffer.from('me:s@fe').toString('base64')}`);
  expect(lastPath).toBe('/otlp/v1/logs');
  expect(lastHeaders).toMatchObject({ 'content-encoding': 'gzip', 'content-type': 'application/json' });
  answerTo = () => ({ status: 400 });
  await hand(1, { url: `http://me:s%40fe@${host}` });
  expect(lines.join('\n')).not.toMatch(/s%40fe|s@fe/);
});
