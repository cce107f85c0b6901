// Reads streamed answers of the Messages API as fast as they come, and says what it took. STREAMS says how many at once,
// OBJECTS how many objects the program holds besides.
import http from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';

const { BASE, CLIENT = 'fetch', STREAMS = '1', OBJECTS = '0' } = process.env;
const url = `${BASE}/v1/messages`;
const headers = { 'content-type': 'application/json', 'x-api-key': 'k', 'anthropic-version': '2023-06-01' };

/** Bytes of an answer. */
const clients = {
  async fetch(body) {
    const { body: pieces } = await fetch(url, { method: 'POST', headers, body });
    let bytes = 0;
    for await (const piece of pieces) bytes += piece.length;
    return bytes;
  },
  async http(body) {
    const response = await new Promise((resolve, reject) => {
      http.request(url, { method: 'POST', headers }, resolve).on('error', reject).end(body);
    });
    let bytes = 0;
    for await (const piece of response) bytes += piece.length;
    return bytes;
  },
};

const question = (number) =>
  JSON.stringify({
    model: 'claude-sonnet-5-5',
    max_tokens: 100,
    stream: true,
    messages: [{ role: 'user', content: `question ${number}` }],
  });

// What a program has that does more than this one.
globalThis.held = Array.from({ length: Number(OBJECTS) }, (_, at) => ({ at, name: `n${at}`, list: [at] }));

let peakMb = 0;
const watch = setInterval(() => (peakMb = Math.max(peakMb, process.memoryUsage.rss() / 1e6)), 20);
// Compiled code and connections are no part of it: the first answer is short, and its events have left a second later.
await clients[CLIENT](question('warm'));
await wait(1_000);
const [startMs, cpu] = [performance.now(), process.cpuUsage()];
const read = await Promise.all(
  Array.from({ length: Number(STREAMS) }, (_, at) => clients[CLIENT](question(at))),
);
const { user, system } = process.cpuUsage(cpu);
clearInterval(watch);
const bytes = read.reduce((sum, one) => sum + one, 0);
console.log(
  JSON.stringify({ bytes, wallMs: performance.now() - startMs, cpuMs: (user + system) / 1e3, peakMb }),
);
process.exit(0);
