// What a program can look at that is easily changed by whoever stands in between: names and lengths of methods, stacks of
// errors, the language's own methods of iterators, its own clock and its own stand-in for the network. All of it is
// printed, so that it can be compared with a run without the preload. SDK is the package to use.
import http from 'node:http';
import { createRequire } from 'node:module';
import { format } from 'node:util';

const { default: Anthropic } = await import(process.env.SDK);
const say = (...words) => console.log(format(...words).replaceAll(process.env.ANTHROPIC_BASE_URL, 'URL'));
const wait = (ms, { setTimeout } = globalThis) => new Promise((resolve) => setTimeout(resolve, ms));
const real = { setTimeout };

const client = new Anthropic({ maxRetries: 0 });
const body = { model: 'claude-sonnet-5-5', max_tokens: 100, messages: [{ role: 'user', content: 'hi' }] };
const { messages } = client;

for (const name of ['create', 'stream', 'countTokens']) say(messages[name]?.name, messages[name]?.length);

// The stack leads to the line that called, and through nothing but the SDK.
const ask = () => messages.create({ ...body, max_tokens: 900_000 });
try {
  await ask();
} catch (error) {
  say(error.stack);
}
const limit = Error.stackTraceLimit;
try {
  messages.create();
} catch (error) {
  say(error.stack, limit === Error.stackTraceLimit);
}
const ofProgram = ({ stack }) =>
  stack
    .split('\n')
    .filter((line) => !/node_modules|node:/.test(line))
    .join('\n');
await messages.create({ ...body, model: 'no-json' }).catch((error) => say(ofProgram(error)));
const response = await messages.create({ ...body, model: 'no-json' }).asResponse();
await response.json().catch((error) => say(ofProgram(error)));
try {
  createRequire(import.meta.url)('./throws.cjs');
} catch (error) {
  say(error.stack);
}

const iteratorOf = async () => (await messages.create({ ...body, stream: true }))[Symbol.asyncIterator]();
if (process.env.SDK !== '@anthropic-ai/sdk') {
  const iterator = await iteratorOf();
  say(String(iterator), Object.keys(iterator), iterator[Symbol.asyncIterator]() === iterator);
  await iterator.next();
  await iterator[Symbol.asyncDispose]();
  say(await iterator.next());
  const asked = await iteratorOf();
  const [first, second] = await Promise.all([asked.next(), asked.next()]);
  say(first.value.type, second.value.type, await asked.return('over'), await asked.next());
  const thrown = await iteratorOf();
  await thrown.next();
  say(await thrown.throw(new RangeError('out')).catch(({ message }) => message));
}

// Nobody listens: what the program emits itself ends nothing.
process.emit('SIGTERM', 'SIGTERM');

// A clock of its own, with timers that are counted and never come; and a network of its own.
let timers = 0;
let requests = 0;
const request = http.request.bind(http);
http.request = (...parameters) => {
  if (format(parameters[0]?.href).startsWith(process.env.OTEL_EXPORTER_OTLP_ENDPOINT)) requests += 1;
  return request(...parameters);
};
const counted = () => {
  timers += 1;
  return { unref: () => undefined, ref: () => undefined };
};
await wait(1_500, real);
Object.assign(globalThis, { setTimeout: counted, setInterval: counted, setImmediate: counted });
const cleared = [];
globalThis.clearTimeout = (timer) => cleared.push(typeof timer);
const own = new Anthropic({
  maxRetries: 0,
  fetch: async () => new Response('{"type":"message"}', { headers: { 'content-type': 'application/json' } }),
});
await own.messages.create(body);
await wait(2_500, real);
say('timers', timers, 'cleared', cleared.length, 'requests', requests);
process.exit(0);
