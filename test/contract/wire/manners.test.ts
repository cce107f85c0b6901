// Manners of asking and of answering that are allowed and rare: bodies of every kind, answers whose type is named wrong or
// that are none, requests that are given up for reasons of the program's own. Each is one call, or none; one process asks
// in all of them.

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createSecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { deflateRawSync } from 'node:zlib';
import type { SseEvent } from '../../fakes/anthropic-api.ts';
import { hasOpenssl, makeCertificate } from '../../fakes/certificate.ts';
import { makeMessage, streamedAnswer } from '../../fakes/messages.ts';
import { eventsOf, openHarness, type Harness, type Outcome } from '../harness.ts';
import { installProject } from '../versions/cached-packages.ts';

const PROGRAM = path.join(import.meta.dirname, '../programs/wire-manners.mjs');
const CLIENTS = path.join(import.meta.dirname, '../../frameworks/projects/clients');
/** 100 tokens in, 20 out of claude-sonnet-5-5, in nano-USD. */
const COST = 400_000;

const message = JSON.stringify({ ...makeMessage(), id: 'msg_1' });
const { events } = streamedAnswer() as { readonly events: readonly SseEvent[] };
const sse = events.map(({ event, data }) => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`).join('');
const EVENTS = 'text/event-stream';

interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Buffer | string;
  /** Whether it goes on after that. */
  readonly isOpen?: boolean;
}
const REPLIES: Readonly<Record<string, Reply>> = {
  json: { body: message, headers: { 'content-type': 'application/json' } },
  'json with a mark': { body: `\u{FEFF}${message}`, headers: { 'content-type': 'application/json' } },
  'json as events': { body: message, headers: { 'content-type': EVENTS } },
  'json in a charset': {
    body: message,
    headers: { 'content-type': 'application/json', 'content-encoding': 'utf-8' },
  },
  'json, deflated bare': {
    body: deflateRawSync(message),
    headers: { 'content-type': 'application/json', 'content-encoding': 'deflate' },
  },
  'events, deflated bare': {
    body: deflateRawSync(sse),
    headers: { 'content-type': EVENTS, 'content-encoding': 'deflate' },
  },
  'events in capitals': { body: sse, headers: { 'content-type': 'Text/Event-Stream' } },
  'events as json': { body: sse, headers: { 'content-type': 'application/json' } },
  'events of no type': { body: sse },
  'open events': {
    body: sse.slice(0, sse.indexOf('event: content_block_stop')),
    headers: { 'content-type': EVENTS },
    isOpen: true,
  },
  silence: { body: '', isOpen: true },
  'a page': { body: '<html>busy</html>', headers: { 'content-type': 'text/html' } },
  nothing: { body: '' },
  'a page, 502': { status: 502, body: '<html>bad gateway</html>', headers: { 'content-type': 'text/html' } },
  'nothing, 503': { status: 503, body: '' },
  'json of a gateway, 429': { status: 429, body: '{"message":"slow down"}' },
  elsewhere: { status: 307, headers: { location: '/v1/messages?reply=json' }, body: '' },
};

const ok = { status: 'ok', attempts: 1, errorType: undefined, cost: COST, isStream: false };
const okStream = { ...ok, isStream: true };
const retried = { ...ok, attempts: 2 };
const failed = (errorType: string): object => ({
  ...ok,
  status: 'error',
  errorType,
  cost: undefined,
});
/** No connection came about. */
const unreached = failed('connection_error');
const left = { ...ok, status: 'aborted', cost: undefined };
/** Whose input was paid, and the output estimated by what had come. */
const leftStream = { ...left, isStream: true, cost: 280_000 };

/** Client, reply, and the calls that come of it; with a limit, where those are others. */
const EXPECTED: readonly (readonly [string, string, readonly object[], (readonly object[])?])[] = [
  ['as type', 'json with a mark', [ok]],
  ['as type', 'json as events', [ok]],
  ['as type', 'json in a charset', [ok]],
  ['as type', 'json, deflated bare', [ok]],
  ['http', 'json, deflated bare', [ok]],
  ['as type', 'events, deflated bare', [okStream]],
  ['as type', 'events in capitals', [okStream]],
  ['as type', 'events as json', [okStream]],
  ['http', 'events of no type', [okStream]],
  ['as type', 'a page', [failed('api_error')]],
  ['http', 'nothing', [failed('api_error')]],
  ['as type', 'a page, 502', [failed('502')]],
  ['twice', 'a page, 502', [retried]],
  ['twice', 'nothing, 503', [retried]],
  ['twice', 'json of a gateway, 429', [retried]],
  ['as type', 'elsewhere', [retried]],
  ['cancelled', 'open events', [leftStream]],
  ['aborted', 'open events', [leftStream]],
  ['http destroyed', 'open events', [leftStream]],
  ['aborted before', 'json', []],
  ['timed out', 'silence', [failed('client_timeout_error')]],
  ['http timed out', 'silence', [failed('client_timeout_error')]],
  ['no listener', 'json', [left]],
  ['behind a gateway', 'json', [ok]],
  ['by another service', 'json', []],
  ['blob', 'json', [ok]],
  ['view of bytes', 'json', [ok]],
  ['stream as body', 'json', [ok]],
  ['gzip as body', 'json', [ok]],
  ['brotli as body', 'json', [ok]],
  ['gzip by name only', 'json', []],
  ['http gzip as body', 'json', [ok]],
  ['refused', 'json', [unreached]],
  ['refused as blob', 'json', [unreached]],
  ['refused as a request', 'json', [unreached]],
  // Nobody asked for its body, which is not there yet.
  ['refused as a stream', 'json', []],
  ['refused, then', 'json', [{ ...ok, attempts: 3 }]],
  ['host unknown', 'json', [unreached]],
  ['http refused', 'json', [unreached]],
  ['undici refused', 'json', [unreached]],
  ['undici refused as blob', 'json', [unreached]],
  ['undici fetch refused', 'json', [unreached]],
  // Limits are asked for what is sent, and nothing of the first attempt was.
  ['undici tries again', 'json', [retried], [unreached, ok]],
  ['undici blob', 'json', [ok]],
  ['undici pieces', 'json', [ok]],
];

let harness: Harness;
let server: Server;
let packages: string | undefined;
let asked = 0;

function serve(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  request.on('end', () => {
    asked += 1;
    const name = new URL(request.url ?? '', 'http://x').searchParams.get('reply') ?? '';
    const { status = 200, headers = {}, body, isOpen } = REPLIES[name] ?? { status: 404, body: '' };
    if (body === '' && isOpen === true) return;
    response.writeHead(status, headers);
    if (isOpen === true) response.write(body);
    else response.end(body);
  });
}

beforeAll(async () => {
  harness = await openHarness();
  packages = await installProject(CLIENTS);
  server = createServer(serve).listen(0, '127.0.0.1');
  await once(server, 'listening');
}, 300_000);
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await harness.close();
});

function start(
  manners: readonly (readonly [string, string, ...unknown[]])[],
  preload: 'none' | 'import',
  environment: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  return harness.run(PROGRAM, {
    scenario: { exchanges: [] },
    preload,
    environment: {
      BASE: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
      PACKAGES: packages ?? '',
      MANNERS: JSON.stringify(manners.map(([name, reply]) => [name, reply])),
      ...environment,
    },
  });
}

it.each([
  ['', false],
  [', with a limit that none of it reaches', true],
])('each manner is seen as what it is, and the program gets the same%s', async (_name, isLimited) => {
  const manners = EXPECTED.filter(([name]) => packages !== undefined || !name.startsWith('undici'));
  const bare = await start(manners, 'none');
  const observed = await start(manners, 'import', isLimited ? { TALLYSPAN_LIMIT_RUN: '$100' } : {});
  expect([observed.stdout, observed.stderr, observed.code, observed.said]).toEqual([bare.stdout, '', 0, []]);
  const runs = new Map(eventsOf(observed, 'agent.run').map((run) => [run['agent.run_id'], run]));
  const seen = manners.map(([name, reply]) => [
    name,
    reply,
    eventsOf(observed, 'agent.model_call')
      .filter((call) => call['user.id'] === `${name}, ${reply}`)
      .map((call) => ({
        status: runs.get(call['agent.run_id'])?.['agent.status'],
        attempts: call.attempts,
        errorType: call['error.type'],
        cost: call.cost_nano_usd,
        isStream: call.ttft_ms !== undefined,
      })),
  ]);
  expect(seen).toEqual(
    manners.map(([name, reply, calls, limited]) => [name, reply, isLimited ? (limited ?? calls) : calls]),
  );
  // No run without a call: what was tried again goes on in the run that it began.
  expect(runs.size).toBe(eventsOf(observed, 'agent.model_call').length);
});

it('no manner of sending passes a limit', async () => {
  const manners = EXPECTED.filter(
    ([name, , calls]) => calls.length > 0 && !name.includes('refused') && name !== 'host unknown',
  );
  asked = 0;
  const observed = await start(manners, 'import', { TALLYSPAN_LIMIT_RUN: '$0.000001' });
  expect(observed.stdout.match(/LimitExceededError/g)).toHaveLength(
    manners.filter(([name]) => packages !== undefined || !name.startsWith('undici')).length,
  );
  expect(asked).toBe(0);
  // The first attempt of the one that tries again reached nobody who could have asked the limits.
  expect(eventsOf(observed, 'agent.model_call')).toMatchObject(
    packages === undefined
      ? []
      : [{ 'user.id': 'undici tries again, json', 'error.type': 'connection_error' }],
  );
});

it('undici by HTTP/2 counts once, though both publish it', async () => {
  if (packages === undefined || !hasOpenssl()) {
    console.log('SKIP undici by HTTP/2 because its package or openssl is missing');
    return;
  }
  const secure = createSecureServer(makeCertificate(), serve as never).listen(0, '127.0.0.1');
  // Of the connection that the program leaves.
  secure.on('sessionError', () => undefined);
  await once(secure, 'listening');
  const observed = await start(
    [
      ['undici by HTTP/2', 'json'],
      ['undici by HTTP/2', 'events of no type'],
    ],
    'import',
    { BASE: `https://127.0.0.1:${String((secure.address() as AddressInfo).port)}` },
  );
  secure.close();
  expect(observed.stdout.match(/HTTP\/2, .* \d+$/gm)).toHaveLength(2);
  expect(eventsOf(observed, 'agent.model_call').map((call) => call.cost_nano_usd)).toEqual([COST, COST]);
});
