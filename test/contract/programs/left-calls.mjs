// Functions that are over while model calls that they made go on. PACKAGE is the folder of the built package.
import Anthropic from '@anthropic-ai/sdk';

const { run } = await import(`${process.env.PACKAGE}/index.mjs`);
const client = new Anthropic({ maxRetries: 0 });
const ask = (more = {}) =>
  client.messages.create({
    model: 'claude-sonnet-5-5',
    max_tokens: 100,
    messages: [{ role: 'user', content: 'hi' }],
    ...more,
  });
const read = async (stream) => {
  for await (const event of stream) if (event.type === 'message_stop') console.log('read');
};

const kept = [];
await run({ agent: 'forgets' }, async () => {
  kept.push(ask());
});
await Promise.all(kept);

await run({ agent: 'keeps a stream' }, async () => {
  kept.push(await ask({ stream: true }));
});
await read(kept.at(-1));

await run({ agent: 'one of three fails' }, () =>
  Promise.all([ask(), ask({ model: 'broken' }), ask({ stream: true }).then(read)]),
).catch((error) => console.log(error.status));

await run({ agent: 'sets its status' }, async (handle) => {
  handle.setStatus('refused');
  kept.push(ask());
});
await kept.at(-1);

// Over, and read by nobody when the process ends.
await run({ agent: 'never reads' }, async () => {
  kept.push(await ask({ stream: true }));
});
