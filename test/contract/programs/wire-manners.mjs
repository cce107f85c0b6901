// Asks in many manners, one after the other, without any SDK; each request names its manner as its user.
import http from 'node:http';
import net from 'node:net';
import { createRequire } from 'node:module';
import { brotliCompressSync, gzipSync } from 'node:zlib';

const { BASE, MANNERS } = process.env;
/** Where nobody listens, on a port that `fetch` does not refuse itself. */
const NOBODY = 'http://127.0.0.1:2/v1/messages';
const JSON_HEADERS = { 'content-type': 'application/json', 'anthropic-version': '2023-06-01' };
const bodyOf = (manner) =>
  JSON.stringify({
    model: 'claude-sonnet-5-5',
    max_tokens: 100,
    stream: manner.includes('events'),
    metadata: { user_id: manner },
    messages: [{ role: 'user', content: 'hello' }],
  });
const urlOf = (reply, path = '/v1/messages') => `${BASE}${path}?reply=${encodeURIComponent(reply)}`;

const ask = (manner, reply, own = {}, path) =>
  fetch(urlOf(reply, path), { method: 'POST', headers: JSON_HEADERS, body: bodyOf(manner), ...own });
const askEncoded = async (manner, reply, encoding, body) =>
  read(await ask(manner, reply, { headers: { ...JSON_HEADERS, 'content-encoding': encoding }, body }));
const askNobody = (manner, own = {}) =>
  fetch(NOBODY, { method: 'POST', headers: JSON_HEADERS, body: bodyOf(manner), ...own });
const askHttp = (manner, reply, use = () => {}) =>
  new Promise((resolve, reject) => {
    const request = http.request(urlOf(reply), { method: 'POST', headers: JSON_HEADERS }, (response) => {
      use(request, response);
      let bytes = 0;
      response.on('data', (piece) => (bytes += piece.length));
      response.on('error', reject);
      response.on('close', () => resolve(`${response.statusCode} ${response.complete} ${bytes}`));
    });
    request.on('error', reject);
    use(request);
    request.end(bodyOf(manner));
  });
const read = async (response) => `${response.status} ${(await response.text()).length}`;
const own = () => new Error('enough');
const undici = () => createRequire(`${process.env.PACKAGES}/x.js`)('undici');

const MANNERS_OF = {
  'as type': (manner, reply) => ask(manner, reply).then(read),
  http: (manner, reply) => askHttp(manner, reply),
  twice: async (manner, reply) => [
    await read(await ask(manner, reply)),
    await read(await ask(manner, 'json')),
  ],
  cancelled: async (manner, reply) => {
    const reader = (await ask(manner, reply)).body.getReader();
    await reader.read();
    await reader.cancel('enough');
  },
  aborted: async (manner, reply) => {
    const controller = new AbortController();
    const response = await ask(manner, reply, { signal: controller.signal });
    controller.abort(own());
    await response.text();
  },
  'aborted before': (manner, reply) => ask(manner, reply, { signal: AbortSignal.abort() }),
  'timed out': (manner, reply) => ask(manner, reply, { signal: AbortSignal.timeout(50) }),
  'http destroyed': (manner, reply) =>
    askHttp(manner, reply, (_request, response) => response?.once('data', () => response.destroy(own()))),
  'http timed out': (manner, reply) =>
    askHttp(manner, reply, (request, response) => {
      if (response === undefined)
        request.setTimeout(50, () => request.destroy(new Error('timeout of 50ms exceeded')));
    }),
  'no listener': (manner, reply) =>
    new Promise((resolve, reject) => {
      const request = http.request(urlOf(reply), { method: 'POST', headers: JSON_HEADERS });
      request.on('error', reject);
      request.once('close', () => resolve('closed'));
      request.end(bodyOf(manner));
    }),
  'behind a gateway': (manner, reply) => ask(manner, reply, {}, '/anthropic/messages').then(read),
  'by another service': (manner, reply) =>
    ask(manner, reply, { headers: { 'content-type': 'application/json' } }, '/chat/messages').then(read),
  blob: (manner, reply) => ask(manner, reply, { body: new Blob([bodyOf(manner)]) }).then(read),
  'view of bytes': (manner, reply) =>
    ask(manner, reply, { body: new DataView(new TextEncoder().encode(bodyOf(manner)).buffer) }).then(read),
  'stream as body': (manner, reply) =>
    ask(manner, reply, { body: new Blob([bodyOf(manner)]).stream(), duplex: 'half' }).then(read),
  'gzip as body': (manner, reply) => askEncoded(manner, reply, 'gzip', gzipSync(bodyOf(manner))),
  'brotli as body': (manner, reply) => askEncoded(manner, reply, 'br', brotliCompressSync(bodyOf(manner))),
  'gzip by name only': (manner, reply) => askEncoded(manner, reply, 'gzip', 'no gzip'),
  'http gzip as body': (manner, reply) =>
    new Promise((resolve, reject) => {
      const headers = { ...JSON_HEADERS, 'content-encoding': 'gzip' };
      const request = http.request(urlOf(reply), { method: 'POST', headers }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode));
      });
      request.on('error', reject);
      const bytes = gzipSync(bodyOf(manner));
      request.write(bytes.subarray(0, 20));
      request.end(bytes.subarray(20));
    }),
  refused: (manner) => askNobody(manner),
  'refused as blob': (manner) => askNobody(manner, { body: new Blob([bodyOf(manner)]) }),
  'refused as a request': (manner) =>
    fetch(new Request(NOBODY, { method: 'POST', headers: JSON_HEADERS, body: bodyOf(manner) })),
  'refused as a stream': (manner) =>
    askNobody(manner, { body: new Blob([bodyOf(manner)]).stream(), duplex: 'half' }),
  'refused, then': async (manner, reply) => {
    await askNobody(manner).catch(() => undefined);
    await askNobody(manner).catch(() => undefined);
    return read(await ask(manner, reply));
  },
  'host unknown': (manner) =>
    fetch('http://nobody.invalid/v1/messages', {
      method: 'POST',
      headers: JSON_HEADERS,
      body: bodyOf(manner),
    }),
  'http refused': (manner) =>
    new Promise((_resolve, reject) => {
      http.request(NOBODY, { method: 'POST', headers: JSON_HEADERS }).on('error', reject).end(bodyOf(manner));
    }),
  'undici refused': (manner) => undici().request(NOBODY, { method: 'POST', body: bodyOf(manner) }),
  'undici refused as blob': (manner) =>
    undici().request(NOBODY, { method: 'POST', body: new Blob([bodyOf(manner)]) }),
  'undici fetch refused': (manner) =>
    undici().fetch(NOBODY, { method: 'POST', headers: JSON_HEADERS, body: bodyOf(manner) }),
  'undici tries again': async (manner, reply) => {
    const { Agent, RetryAgent, fetch: fetchOf } = undici();
    // The first connection goes to where nobody listens.
    let count = 0;
    const { hostname, port } = new URL(BASE);
    const connect = (_options, callback) => {
      count += 1;
      const socket = net.connect(count === 1 ? 2 : Number(port), hostname);
      socket.once('connect', () => callback(null, socket)).once('error', (error) => callback(error, null));
    };
    const dispatcher = new RetryAgent(new Agent({ connect }), { minTimeout: 1, methods: ['POST'] });
    const answer = await fetchOf(urlOf(reply), {
      method: 'POST',
      headers: JSON_HEADERS,
      body: bodyOf(manner),
      dispatcher,
    });
    const text = await answer.text();
    await dispatcher.close();
    return `${answer.status} ${text.length}`;
  },
  'undici blob': async (manner, reply) =>
    (await undici().request(urlOf(reply), { method: 'POST', body: new Blob([bodyOf(manner)]) })).body.text(),
  'undici pieces': async (manner, reply) =>
    (await undici().request(urlOf(reply), { method: 'POST', body: [bodyOf(manner)].values() })).body.text(),
  'undici by HTTP/2': async (manner, reply) => {
    const { Agent, request } = undici();
    const dispatcher = new Agent({ allowH2: true, connect: { rejectUnauthorized: false } });
    const answer = await request(urlOf(reply), { method: 'POST', body: bodyOf(manner), dispatcher });
    const text = await answer.body.text();
    await dispatcher.close();
    return text.length;
  },
};

for (const [name, reply] of JSON.parse(MANNERS)) {
  const manner = `${name}, ${reply}`;
  try {
    console.log(manner, await MANNERS_OF[name](manner, reply));
  } catch (error) {
    console.log(manner, error.name, error.code, error.message, error.cause?.name);
  }
}
