// Asks the Messages API without any SDK. CLIENT says by what, WAY how the answer is read.
import http from 'node:http';
import { createBrotliDecompress, createUnzip } from 'node:zlib';

const url = `${process.env.ANTHROPIC_BASE_URL}${process.env.TARGET ?? '/v1/messages'}`;
const { CLIENT = 'fetch', WAY = 'loop' } = process.env;
const headers = { 'content-type': 'application/json', 'x-api-key': 'k', 'anthropic-version': '2023-06-01' };

/** Sends the body; gives the status and the body of the answer as pieces. */
const clients = {
  async fetch(body, signal) {
    const response = await fetch(url, { method: 'POST', headers, body, signal });
    return { status: response.status, pieces: response.body };
  },
  http: (body, signal) =>
    new Promise((resolve, reject) => {
      const request = http.request(url, { method: 'POST', headers, signal }, (response) => {
        const { 'content-encoding': encoding } = response.headers;
        const decoder = encoding === 'br' ? createBrotliDecompress() : createUnzip();
        resolve({
          status: response.statusCode,
          pieces: encoding === undefined || WAY === 'exit undecoded' ? response : response.pipe(decoder),
        });
      });
      request.on('error', reject);
      request.write(body.slice(0, 10));
      request.end(body.slice(10));
    }),
};
clients.http2 = async (body) => {
  const { connect } = await import('node:http2');
  const session = connect(process.env.H2_URL);
  const stream = session.request({ ':method': 'POST', ':path': '/v1/messages', ...headers });
  stream.end(body);
  stream.once('close', () => session.close());
  return { status: 200, pieces: stream };
};
const send = clients[CLIENT];

const question = (messages, stream = false) =>
  JSON.stringify({
    model: 'claude-sonnet-5-5',
    anthropic_version: 'vertex-2023-10-16',
    max_tokens: 100,
    stream,
    metadata: { user_id: 'u-1' },
    tools: [{ name: 'look', input_schema: { type: 'object' } }],
    messages,
  });
const first = [{ role: 'user', content: 'secret question' }];
const textOf = async (pieces) => {
  let text = '';
  for await (const piece of pieces) text += Buffer.from(piece).toString();
  return text;
};

const ways = {
  async loop() {
    const messages = [...first];
    for (;;) {
      const { pieces } = await send(question(messages));
      const message = JSON.parse(await textOf(pieces));
      messages.push({ role: 'assistant', content: message.content });
      const uses = message.content.filter(({ type }) => type === 'tool_use');
      if (uses.length === 0) return console.log(message.content[0].text);
      messages.push({
        role: 'user',
        content: uses.map(({ id }) => ({ type: 'tool_result', tool_use_id: id, content: 'found' })),
      });
    }
  },
  async stream() {
    const { status, pieces } = await send(question(first, true));
    console.log(status, (await textOf(pieces)).length > 0);
  },
  async leave() {
    const { pieces } = await send(question(first, true));
    for await (const piece of pieces) {
      console.log(piece.length > 0);
      break;
    }
  },
  async abort() {
    const controller = new AbortController();
    try {
      const { pieces } = await send(question(first, true), controller.signal);
      for await (const piece of pieces) if (piece.length > 0) setTimeout(() => controller.abort(), 50);
    } catch (error) {
      console.log(error.name);
    }
  },
  async retry() {
    for (;;) {
      const { status, pieces } = await send(question(first)).catch(() => ({ status: 0, pieces: [] }));
      await textOf(pieces);
      if (status === 200) return console.log(status);
    }
  },
  async failing() {
    const { status, pieces } = await send(question(first, true)).catch((error) => ({
      status: error.name,
      pieces: [],
    }));
    console.log(status, await textOf(pieces).catch((error) => error.name));
  },
  async exit() {
    const { pieces } = await send(question(first));
    await textOf(pieces);
    process.exit(0);
  },
  /** As soon as the last byte has come, with whatever decodes it still at work. */
  async 'exit undecoded'() {
    const { pieces } = await send(question(first, true));
    // So that the rest is there, and comes at once.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
    pieces.on('end', () => process.exit(0)).resume();
  },
};
await ways[WAY]();
