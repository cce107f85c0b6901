// Runs in runs, by every way of making one. PACKAGE is the folder of the built package.
import Anthropic from '@anthropic-ai/sdk';

const { run, tool, identify, wrapAgent, flush } = await import(`${process.env.PACKAGE}/index.mjs`);
const { wrapQuery } = await import(`${process.env.PACKAGE}/agent-sdk.mjs`);
const client = new Anthropic();
const ask = () =>
  client.messages.create({
    model: 'claude-sonnet-5-5',
    max_tokens: 100,
    messages: [{ role: 'user', content: 'hi' }],
  });

const usage = {
  input_tokens: 1000,
  output_tokens: 100,
  cache_read_input_tokens: 0,
  cache_creation_input_tokens: 0,
};
const query = wrapQuery(async function* () {
  yield { type: 'system', subtype: 'init', session_id: 'of-the-query' };
  yield {
    type: 'assistant',
    parent_tool_use_id: null,
    message: { id: 'q1', model: 'claude-sonnet-5-5', content: [], usage },
  };
  yield { type: 'result', subtype: 'success', is_error: false, result: '', modelUsage: {} };
});
const readAll = async (messages) => {
  for await (const _ of messages);
};
const search = tool('search', async () => run({ agent: 'in-tool' }, ask));

await run(
  { agent: 'outer', userId: 'cust-7', sessionId: 's-1', taskType: 'refund', tags: ['beta'], version: '3' },
  async () => {
    await ask();
    await run({ agent: 'direct' }, async () => {
      await ask();
      await run({ agent: 'deep', userId: 'other', tags: ['deep'], version: '4' }, ask);
    });
    await wrapAgent({ name: 'wrapped', run: async () => (await ask()).id }).run('q');
    await readAll(query({ prompt: 'q' }));
    await search();
    await Promise.all([run({ agent: 'left' }, ask), run({ agent: 'right' }, ask)]);
    for await (const _ of run({ agent: 'generator' }, async function* () {
      yield await run({ agent: 'in-generator' }, ask);
    }));
  },
);
await run({ agent: 'apart' }, ask);
identify({ userId: 'flow' });
await run({ agent: 'of-the-flow' }, ask);
await flush();
