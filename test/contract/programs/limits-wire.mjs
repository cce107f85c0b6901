// What a program sees of limits that asks a model without any SDK: the first argument says by what, the second how.
import http from 'node:http';
import { connect } from 'node:http2';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import * as undici from 'undici';

const { run, LimitExceededError } = await import(process.env.PACKAGE);
/** Taken before anything was limited. */
const { fetch: early } = globalThis;
const url = `${process.env.ANTHROPIC_BASE_URL}/v1/messages`;
const headers = { 'content-type': 'application/json' };
const question = (stream, text = 'hi') =>
  JSON.stringify({
    model: 'claude-sonnet-5-5',
    max_tokens: 100,
    stream,
    messages: [{ role: 'user', content: text }],
  });

/** What a request of node:http comes to, its body given by `send`. */
const byHttp =
  (send) =>
  (body, target = url) =>
    new Promise((resolve, reject) => {
      const request = http.request(target, { method: 'POST', headers }, resolve);
      request.on('error', reject);
      send(request, body).catch(() => undefined);
    });
const session = process.env.H2_URL === undefined ? undefined : connect(process.env.H2_URL);

/** Each gives the pieces of the answer. */
const clients = {
  'http.end': byHttp(async (request, body) => request.end(body)),
  'http.write': byHttp(async (request, body) => {
    request.write(body.slice(0, 10));
    // Others get their turn: what was written would have left by now.
    await new Promise((resolve) => setTimeout(resolve, 20));
    await new Promise((resolve) => request.write(Buffer.from(body.slice(10)), resolve));
    request.end();
  }),
  'http.pipe': byHttp((request, body) => pipeline(Readable.from([body.slice(0, 9), body.slice(9)]), request)),
  http2: (body) =>
    new Promise((resolve, reject) => {
      const stream = session.request({ ':method': 'POST', ':path': '/v1/messages', ...headers });
      stream.on('error', reject);
      stream.once('response', () => resolve(stream));
      stream.end(body);
    }),
  'undici.request': async (body, target = url) =>
    (await undici.request(target, { method: 'POST', headers, body })).body,
  'undici.stream': async (body, target = url) =>
    (await undici.request(target, { method: 'POST', headers, body: Readable.from([Buffer.from(body)]) }))
      .body,
  fetch: async (body, target = url) => (await fetch(target, { method: 'POST', headers, body })).body,
  'undici.fetch': async (body) => (await undici.fetch(url, { method: 'POST', headers, body })).body,
  early: async (body) => (await early(url, { method: 'POST', headers, body })).body,
};
const ask = clients[process.argv[2]];
const read = async (body, target) => {
  for await (const _ of await ask(body, target));
};
const say = (passed, { name, cause, message }) => {
  const error = cause ?? { name, message };
  console.log(passed, error.name, (cause ?? error) instanceof LimitExceededError || name === error.name);
  console.log(String(error.message).split('.')[0]);
};

const ways = {
  /** Asks until one is refused; then what a handled refusal leaves behind still works. */
  async until() {
    await run({ agent: 'a', limit: { usd: 0.003 } }, async () => {
      for (let passed = 0; passed < 50; passed++) {
        try {
          await read(question(false));
        } catch (error) {
          say(passed, error);
          break;
        }
      }
    });
    await read(question(false, 'after'));
    console.log('after');
  },
  /** A stream that costs more than it could. */
  async stream() {
    await run({ agent: 'a', limit: { usd: 0.0021 } }, async () => {
      await read(question(true)).catch((error) => say(0, error));
    });
  },
  /** Twenty at once. */
  async parallel() {
    const ends = await run({ agent: 'a', limit: { usd: 0.0055 } }, () =>
      Promise.allSettled(Array.from({ length: 20 }, () => read(question(false)))),
    );
    console.log(ends.filter(({ status }) => status === 'fulfilled').length);
  },
  /** Two batches of four and one of twenty; the results of those that were made are read. */
  async batch() {
    await run({ agent: 'a', limit: { usd: 0.005 } }, async () => {
      for (const size of [4, 4, 20]) {
        const requests = Array.from({ length: size }, (_, index) => ({
          custom_id: `c${index}`,
          params: JSON.parse(question(false)),
        }));
        try {
          await read(JSON.stringify({ requests }), `${url}/batches`);
          await (await fetch(`${url}/batches/b1/results`)).text();
          console.log(size);
        } catch (error) {
          say(size, error);
        }
      }
    });
  },
};
await ways[process.argv[3]]();
session?.close();
