// Every form in which a Claude model is asked without an SDK of Anthropic: the clouds' own paths and wrappings, Converse,
// batches; whole and streamed, however compressed, by each of Node's clients. The price is exact, the program's answer
// what it is without us. What is left early, malformed or cut ends its call, and costs nothing else.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { copyFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import path from 'node:path';
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { awsFrame, wrappedFrames } from '../fakes/aws-frames.ts';
import { hasOpenssl, makeCertificate } from '../fakes/certificate.ts';
import { makeMessage, streamedAnswer } from '../fakes/messages.ts';
import type { SseEvent } from '../fakes/anthropic-api.ts';
import { installProject } from './versions/cached-packages.ts';
import { eventsOf, openHarness, type Harness, type Outcome } from './harness.ts';

const PROGRAM = path.join(import.meta.dirname, 'programs/wire-forms.mjs');
const MODEL = 'claude-sonnet-4-5';
const USAGE = {
  input_tokens: 100,
  cache_creation_input_tokens: 50,
  cache_read_input_tokens: 200,
  output_tokens: 20,
};
/** $3, $3.75, $0.30, $15 for a million, in nano-USD. */
const COST = 100 * 3_000 + 50 * 3_750 + 200 * 300 + 20 * 15_000;

const REQUEST = { max_tokens: 100, messages: [{ role: 'user', content: 'secret question' }] };
const CLOUD = { ...REQUEST, anthropic_version: 'x' };
const CONVERSE = {
  messages: [{ role: 'user', content: [{ text: 'secret question' }] }],
  inferenceConfig: { maxTokens: 100 },
};
const message = makeMessage({ model: MODEL, usage: USAGE });
const { events } = streamedAnswer({ model: MODEL, usage: USAGE }) as { readonly events: readonly SseEvent[] };
const sse = events.map(({ event, data }) => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
const converseUsage = {
  inputTokens: 100,
  outputTokens: 20,
  totalTokens: 370,
  cacheReadInputTokens: 200,
  cacheWriteInputTokens: 50,
};
const converseFrames = [
  awsFrame('messageStart', { role: 'assistant' }),
  awsFrame('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'Hello ' } }),
  awsFrame('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'there' } }),
  awsFrame('contentBlockStop', { contentBlockIndex: 0 }),
  awsFrame('messageStop', { stopReason: 'end_turn' }),
  awsFrame('metadata', { usage: converseUsage, metrics: { latencyMs: 5 } }),
];
// A tier is not always named: what is read from a batch was one.
const { service_tier: _tier, ...untiered } = message.usage;
const batchRows = [
  { custom_id: 'a', result: { type: 'succeeded', message: { ...message, usage: untiered } } },
  { custom_id: 'b', result: { type: 'errored', error: { type: 'error', error: { type: 'api_error' } } } },
];

interface Form {
  readonly target: string;
  readonly method?: string;
  readonly body: unknown;
  readonly contentType: string;
  readonly pieces: readonly (Buffer | string)[];
  readonly cost?: number;
  readonly provider: string;
}

const BEDROCK = `/model/${encodeURIComponent(`global.anthropic.${MODEL}-20250929-v1:0`)}`;
const VERTEX = `/v1/projects/p/locations/global/publishers/anthropic/models/${MODEL}@20250929`;
const JSON_TYPE = 'application/json';
const FRAMES_TYPE = 'application/vnd.amazon.eventstream';
const SSE_TYPE = 'text/event-stream; charset=utf-8';

const FORMS: Readonly<Record<string, Form>> = {
  'the Messages API': {
    target: '/v1/messages?beta=true',
    body: { ...REQUEST, model: MODEL },
    contentType: JSON_TYPE,
    pieces: [JSON.stringify(message)],
    provider: 'anthropic',
  },
  'a stream of the Messages API': {
    target: '/v1/messages',
    body: { ...REQUEST, model: MODEL, stream: true },
    contentType: SSE_TYPE,
    pieces: sse,
    provider: 'anthropic',
  },
  'Bedrock invoke': {
    target: `${BEDROCK}/invoke`,
    body: CLOUD,
    contentType: JSON_TYPE,
    pieces: [JSON.stringify(message)],
    provider: 'aws.bedrock',
  },
  'Bedrock invoke-with-response-stream': {
    target: `${BEDROCK}/invoke-with-response-stream`,
    body: CLOUD,
    contentType: FRAMES_TYPE,
    pieces: wrappedFrames(events),
    provider: 'aws.bedrock',
  },
  'Bedrock converse': {
    target: `${BEDROCK}/converse`,
    body: CONVERSE,
    contentType: JSON_TYPE,
    pieces: [
      JSON.stringify({
        output: { message: { role: 'assistant', content: [{ text: 'Hello there' }] } },
        stopReason: 'end_turn',
        usage: converseUsage,
      }),
    ],
    provider: 'aws.bedrock',
  },
  'Bedrock converse-stream': {
    target: `${BEDROCK}/converse-stream`,
    body: CONVERSE,
    contentType: FRAMES_TYPE,
    pieces: converseFrames,
    provider: 'aws.bedrock',
  },
  'Vertex rawPredict': {
    target: `${VERTEX}:rawPredict`,
    body: CLOUD,
    contentType: JSON_TYPE,
    pieces: [JSON.stringify(message)],
    provider: 'gcp.vertex_ai',
  },
  'Vertex streamRawPredict': {
    target: `${VERTEX}:streamRawPredict`,
    body: { ...CLOUD, stream: true },
    contentType: SSE_TYPE,
    pieces: sse,
    provider: 'gcp.vertex_ai',
  },
  'results of a batch': {
    target: '/v1/messages/batches/b_1/results',
    method: 'GET',
    body: undefined,
    contentType: 'application/x-jsonl',
    pieces: batchRows.map((row) => `${JSON.stringify(row)}\n`),
    cost: COST / 2,
    provider: 'anthropic',
  },
};

const ENCODINGS: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  none: (bytes) => bytes,
  gzip: (bytes) => gzipSync(bytes),
  br: (bytes) => brotliCompressSync(bytes),
  zstd: (bytes) => zstdCompressSync(bytes),
};

/** What the server answers to each request until further notice. */
interface Reply {
  readonly form: Form;
  readonly encoding?: string;
  /** Cuts what is sent. */
  readonly change?: (bytes: Buffer) => Buffer;
  /** Whether the connection breaks in the middle of it, or stays open. */
  readonly end?: 'cut' | 'open';
}
let reply: Reply;
let closedByClient = 0;

function serve(_request: IncomingMessage, response: ServerResponse): void {
  const { form, encoding = 'none', change = (bytes: Buffer) => bytes, end } = reply;
  const whole = Buffer.concat(form.pieces.map((piece) => Buffer.from(piece as string)));
  const bytes = change((ENCODINGS[encoding] ?? ((same) => same))(whole));
  response.setHeader('content-type', form.contentType);
  response.setHeader('request-id', 'req_1');
  if (encoding !== 'none') response.setHeader('content-encoding', encoding);
  response.once('close', () => {
    if (!response.writableEnded) closedByClient += 1;
  });
  // Cut where no frame, event or character ends.
  const half = Math.floor(bytes.length / 2) + 1;
  response.write(bytes.subarray(0, half), () => {
    setTimeout(() => {
      if (end === 'cut') for (const socket of sockets) socket.destroy();
      else if (end === undefined) response.end(bytes.subarray(half));
    }, 20);
  });
}

let harness: Harness;
const servers: Server[] = [];
const sockets = new Set<Socket>();
const bases: Record<string, string> = {};

async function listen(name: string, scheme: string, server: Server): Promise<void> {
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  // Of connections that are cut on purpose.
  server.on('sessionError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  servers.push(server);
  bases[name] = `${scheme}://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

beforeAll(async () => {
  harness = await openHarness();
  await listen('http', 'http', createServer(serve));
  await listen('http2', 'http', createHttp2Server(serve as never));
  if (hasOpenssl()) await listen('https', 'https', createHttpsServer(makeCertificate(), serve));
});
afterAll(async () => {
  for (const server of servers) server.close();
  await harness.close();
});

async function ask(
  client: string,
  asked: Reply,
  preload: 'none' | 'import',
  way = 'whole',
): Promise<Outcome> {
  reply = asked;
  const { target, method = 'POST', body } = asked.form;
  return harness.run(PROGRAM, {
    scenario: { exchanges: [] },
    preload,
    environment: {
      BASE: bases[client] ?? bases['http'] ?? '',
      CLIENT: client,
      TARGET: target,
      METHOD: method,
      BODY: JSON.stringify(body) ?? '',
      WAY: way,
    },
  });
}

/** Runs the program with and without us; it prints the same. */
async function both(client: string, asked: Reply, way?: string): Promise<Outcome> {
  const bare = await ask(client, asked, 'none', way);
  const observed = await ask(client, asked, 'import', way);
  expect([observed.stdout, observed.stderr, observed.code, observed.said]).toEqual([bare.stdout, '', 0, []]);
  return observed;
}

function formOf(name: string): Form {
  const form = FORMS[name];
  if (form === undefined) throw new Error(`no form is called ${name}`);
  return form;
}

/** TLS is the business of node:https alone. */
const BY_TLS: ReadonlySet<string> = new Set(['the Messages API', 'Bedrock converse-stream']);

describe.each(Object.keys(FORMS))('%s', (name) => {
  const form = formOf(name);

  const clients = ['fetch', 'http', 'http2', ...(BY_TLS.has(name) ? ['https'] : [])];

  it.each(clients)('by %s: priced to the nano-dollar', async (client) => {
    if (client === 'https' && bases['https'] === undefined) {
      console.log('SKIP https because openssl cannot be run');
      return;
    }
    const outcome = await both(client, { form });
    expect(outcome.stdout).toMatch(/^200 /);
    expect(eventsOf(outcome, 'agent.model_call')).toMatchObject([
      { 'gen_ai.provider.name': form.provider, cost_nano_usd: form.cost ?? COST, tokens_output: 20 },
    ]);
    // What is read of a batch belongs to no run.
    expect(eventsOf(outcome, 'agent.run').map((run) => run['agent.status'])).toEqual(
      form.method === undefined ? ['ok'] : [],
    );
    expect(JSON.stringify([outcome.events, outcome.spans])).not.toContain('secret question');
  });
});

// The others are those of loops, in the tests beside this one.
describe.each(['br', 'zstd'])('compressed by %s', (encoding) => {
  it.each([
    ['fetch', 'the Messages API'],
    ['http', 'the Messages API'],
    ['fetch', 'a stream of the Messages API'],
    ['http', 'a stream of the Messages API'],
    ['http', 'Bedrock converse-stream'],
    ['fetch', 'results of a batch'],
  ])('by %s, %s', async (client, name) => {
    const form = formOf(name);
    const outcome = await both(client, { form, encoding });
    expect(eventsOf(outcome, 'agent.model_call')).toMatchObject([{ cost_nano_usd: form.cost ?? COST }]);
  });
});

describe.each(['fetch', 'http', 'http2'])('by %s', (client) => {
  it.each(['a stream of the Messages API', 'Bedrock invoke-with-response-stream', 'Bedrock converse-stream'])(
    'left early: %s closes at once, and is an aborted run',
    async (name) => {
      closedByClient = 0;
      const outcome = await both(client, { form: formOf(name), end: 'open' }, 'leave');
      expect(closedByClient).toBe(2);
      expect(eventsOf(outcome, 'agent.run')).toMatchObject([{ 'agent.status': 'aborted' }]);
      expect(eventsOf(outcome, 'agent.model_call')).toHaveLength(1);
    },
  );

  it.each([
    'a stream of the Messages API',
    'the Messages API',
    'Bedrock invoke-with-response-stream',
    'Bedrock converse-stream',
    'Bedrock converse',
  ])('cut in the middle: %s is a failed call', async (name) => {
    const outcome = await both(client, { form: formOf(name), end: 'cut' }, 'cut');
    expect(eventsOf(outcome, 'agent.model_call')).toMatchObject([{ 'error.type': 'connection_error' }]);
    expect(eventsOf(outcome, 'agent.run')).toMatchObject([{ 'agent.status': 'error' }]);
  });

  it.each([
    ['a length that none has', (bytes: Buffer) => overwrite(bytes, 0, 0xff_ff_ff_ff)],
    ['text', () => Buffer.from('<html>not what was asked for</html>'.repeat(20))],
  ])('frames with %s: the call is counted, its answer unknown', async (_name, change) => {
    const outcome = await both(client, { form: formOf('Bedrock converse-stream'), change });
    expect(eventsOf(outcome, 'agent.model_call')).toMatchObject([{ 'error.type': 'api_error' }]);
    expect(eventsOf(outcome, 'agent.run')).toMatchObject([{ 'agent.status': 'error' }]);
  });
});

describe.each(['http', 'http2'])('by the client of AWS over %s', (handler) => {
  it.each(['invoke', 'invoke-with-response-stream', 'converse', 'converse-stream'])(
    '%s',
    async (operation) => {
      const folder = await installProject(path.join(import.meta.dirname, '../frameworks/projects/clients'));
      if (folder === undefined) return;
      const program = path.join(folder, 'bedrock.mjs');
      await copyFile(path.join(import.meta.dirname, '../frameworks/programs/bedrock.mjs'), program);
      const form = formOf(`Bedrock ${operation}`);
      reply = { form };
      const [bare, observed] = [await run('none'), await run('import')];
      expect(bare.stdout).toMatch(/^Hello there/);
      expect([observed.stdout, observed.stderr, observed.said]).toEqual([bare.stdout, bare.stderr, []]);
      expect(eventsOf(observed, 'agent.model_call')).toMatchObject([
        { 'gen_ai.provider.name': 'aws.bedrock', cost_nano_usd: COST },
      ]);

      function run(preload: 'none' | 'import'): Promise<Outcome> {
        return harness.run(program, {
          scenario: { exchanges: [] },
          preload,
          environment: {
            BASE: bases[handler] ?? '',
            OPERATION: operation,
            HANDLER: handler,
            MODEL: `global.anthropic.${MODEL}-20250929-v1:0`,
            BODY: JSON.stringify(form.body),
          },
        });
      }
    },
  );
});

it.each([
  ['fetch', 'gzip'],
  ['http', 'br'],
  ['fetch', 'zstd'],
])('by %s, cut in the middle of what %s made of it: a failed call', async (client, encoding) => {
  const outcome = await both(client, { form: formOf('the Messages API'), encoding, end: 'cut' }, 'cut');
  expect(eventsOf(outcome, 'agent.model_call')).toMatchObject([{ 'error.type': 'connection_error' }]);
});

it.each([
  ['headers beyond their frame', 4],
  ['a header that runs over', 12],
])('a frame with %s is left out; the others count', async (_name, at) => {
  const form = formOf('Bedrock converse-stream');
  const outcome = await both('http', { form, change: (bytes) => overwrite(bytes, at, 0xff_ff_ff) });
  expect(eventsOf(outcome, 'agent.model_call')).toMatchObject([{ cost_nano_usd: COST }]);
});

function overwrite(bytes: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt32BE(value, at);
  return copy;
}
