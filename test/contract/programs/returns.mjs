// Every kind of value that a function can return, through run, tool, wrapAgent and wrapQuery. What the caller sees is
// printed, so that it can be compared with a run without the preload. PACKAGE is the folder of the built package.
import Anthropic from '@anthropic-ai/sdk';
import { AsyncLocalStorage } from 'node:async_hooks';
import { Readable } from 'node:stream';

const { run, tool, wrapAgent, flush } = await import(`${process.env.PACKAGE}/index.mjs`);
const { wrapQuery } = await import(`${process.env.PACKAGE}/agent-sdk.mjs`);
const client = new Anthropic({ maxRetries: 0 });
const body = { model: 'claude-sonnet-5-5', max_tokens: 100, messages: [{ role: 'user', content: 'hi' }] };
const ask = () => client.messages.create(body);
const say = (...words) => console.log(...words);

process.on('unhandledRejection', (error) => say('unhandled', error.message ?? error));
process.on('rejectionHandled', () => say('handled late'));
const turn = () => new Promise((resolve) => setTimeout(resolve, 20));
const collect = async () => {
  for (let n = 0; n < 6; n += 1) {
    globalThis.gc();
    await turn();
  }
};

/** Runs `make`, says whether the very thing that it made came back, and gives it. */
function same(agent, make) {
  let made;
  const given = run({ agent }, () => (made = make()));
  say(
    agent,
    given === made,
    Object.keys(Object(given)).join(),
    Object.getPrototypeOf(given)?.constructor?.name,
  );
  return given;
}

// The SDK's promise, by each of its methods.
const created = same('create', ask);
say((await created).stop_reason, (await created).id === (await created).id);
say((await same('with-response', ask).withResponse()).response.status);
say((await (await same('as-response', ask).asResponse()).json()).type);
say(await same('unwrap', () => ask()['_thenUnwrap'](({ role }) => role)));
say(
  await same('catch', ask)
    .catch(() => 'no')
    .then(({ type }) => type),
);
say((await same('finally', ask).finally(() => say('finally'))).type);
await same('refused-call', () => client.messages.create({ ...body, model: 'broken' })).catch((error) => {
  say(error.constructor.name, error.status);
});
say(
  (await same('count', () => client.messages.countTokens({ model: body.model, messages: body.messages })))
    .input_tokens,
);

// Streams, whole and left.
let events = 0;
for await (const _ of await same('stream', () => client.messages.create({ ...body, stream: true })))
  events += 1;
for await (const _ of await run({ agent: 'async-stream' }, async () =>
  client.messages.create({ ...body, stream: true }),
))
  events += 1;
const left = await same('left-stream', () => client.messages.create({ ...body, stream: true }));
for await (const _ of left) break;
const [one, two] = (await same('teed', () => client.messages.create({ ...body, stream: true }))).tee();
for await (const _ of one) events += 1;
for await (const _ of two) events += 1;
say('events', events > 8);
const aborted = await same('aborted', () => client.messages.create({ ...body, stream: true }));
aborted.controller.abort();
await turn();
say((await same('message-stream', () => client.messages.stream(body)).finalMessage()).type);
const text = [];
const told = same('message-stream-events', () => client.messages.stream(body));
await new Promise((resolve) => told.on('text', (piece) => text.push(piece)).on('end', resolve));
say(text.length > 0);
const again = await same('read-twice', () => client.messages.create({ ...body, stream: true }));
for await (const _ of again);
await (async () => {
  for await (const _ of again);
})().catch((error) => say(error.constructor.name));

// Promises.
class Ticket extends Promise {}
say(await same('promise', () => Promise.resolve(1)));
say(
  await same('subclass', () => Ticket.resolve(2)),
  await Promise.race([same('all', async () => 3), turn()]),
);
say(await same('fails', () => Promise.reject(new TypeError('no'))).catch(({ message }) => message));
void same('nobody', () => Promise.reject(new RangeError('nobody handles this')));
await turn();
const late = same('late', () => Promise.reject(new RangeError('late')));
await turn();
await late.catch(() => say('caught late'));
await turn();
const chained = run({ agent: 'chained' }, () => Promise.reject(new RangeError('chained'))).then(() => 0);
await chained.catch(({ message }) => say(message));
const lazy = {
  begun: 0,
  // oxlint-disable-next-line unicorn/no-thenable -- that is what is tested
  then(done) {
    this.begun += 1;
    setTimeout(() => done('lazily'), 1);
  },
};
same('thenable', () => lazy);
say(lazy.begun, await Promise.resolve(lazy), lazy.begun);

// Generators and iterables; their body is in the run, and the caller's own storage reaches it as before.
const storage = new AsyncLocalStorage();
async function* talk() {
  say(storage.getStore());
  yield (await ask()).type;
  await turn();
  yield (await ask()).type;
  return 'end';
}
const spoken = same('generator', talk);
say(spoken[Symbol.asyncIterator]() === spoken, Object.prototype.toString.call(spoken));
await storage.run('mine', async () => {
  for await (const piece of spoken) say(piece);
});
for await (const piece of same('left-generator', talk)) {
  say(piece);
  break;
}
const thrown = same('throwing', async function* () {
  yield 1;
  throw new SyntaxError('within');
});
await (async () => {
  for await (const piece of thrown) say(piece);
})().catch(({ message }) => say(message));
for (const piece of same('sync-generator', function* () {
  yield 1;
  yield 2;
}))
  say(piece);
const list = {
  async *[Symbol.asyncIterator]() {
    yield 'a';
    yield 'b';
  },
};
for await (const piece of same('iterable', () => list)) say(piece);
(() => void run({ agent: 'never-begun' }, talk))();
await collect();
for await (const piece of same('readable', () => Readable.from(['r']))) say(piece);
say(await new Response(same('web', () => new Blob(['w']).stream())).text());

// Plain values, proxies, frozen things, throws.
for (const value of [undefined, null, 0, 'text', Symbol.iterator])
  say(run({ agent: 'plain' }, () => value) === value);
const proxy = new Proxy({}, { get: (_, key) => (key === 'then' ? undefined : key) });
say(run({ agent: 'proxy' }, () => proxy) === proxy);
const promised = new Proxy(Promise.resolve('by proxy'), {
  get: (target, key) => {
    const value = target[key];
    return typeof value === 'function' ? value.bind(target) : value;
  },
});
say(run({ agent: 'proxy-promise' }, () => promised) === promised, await promised);
say(await same('frozen', () => Object.freeze(Promise.resolve('frozen'))));
try {
  run({ agent: 'throws' }, () => {
    throw new EvalError('at once');
  });
} catch (error) {
  say(error.message);
}

// The other doors.
const numbers = (async function* () {
  yield 1;
})();
say(tool('numbers', () => numbers)() === numbers);
let agentMade;
const agent = wrapAgent({ run: () => (agentMade = ask()) }, { agent: 'wrapped' });
const agentGave = agent.run('q');
say(agentGave === agentMade, (await agentGave.withResponse()).data.type);
const inner = (async function* () {
  yield { type: 'system', subtype: 'init', session_id: 's' };
  yield { type: 'result', subtype: 'success' };
})();
const asked = { next: () => inner.next(), return: () => inner.return(), [Symbol.asyncIterator]: () => inner };
const queried = wrapQuery(() => asked)({ prompt: 'q' });
say(queried === asked);
for await (const message of queried) say(message.type);
await flush();
