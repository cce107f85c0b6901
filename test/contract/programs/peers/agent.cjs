// Calls in the ways that matter beside another instrumentation, each printing what the caller sees of it.
const Anthropic = require('@anthropic-ai/sdk').default;

const client = new Anthropic({ maxRetries: 1 });
const params = (name, more = {}) => ({
  model: 'claude-sonnet-5-5',
  max_tokens: 100,
  messages: [{ role: 'user', content: 'hello' }],
  metadata: { user_id: name },
  ...more,
});
const WAYS = {
  create: async (name) => (await client.messages.create(params(name))).content[0].text,
  with_response: async (name) => {
    const { data, response } = await client.messages.create(params(name)).withResponse();
    return [data.content[0].text, response.status];
  },
  stream: async (name) => {
    let events = 0;
    for await (const event of await client.messages.create(params(name, { stream: true }))) {
      events += event.type.length;
    }
    return events;
  },
  stream_break: async (name) => {
    const stream = await client.messages.create(params(name, { stream: true }));
    for await (const event of stream) if (event.type === 'content_block_delta') break;
    return stream.controller?.signal.aborted;
  },
  helper: async (name) => (await client.messages.stream(params(name)).finalMessage()).content[0].text,
  bad_request: (name) => client.messages.create(params(name)),
};

void (async () => {
  for (const [name, way] of Object.entries(WAYS)) {
    try {
      console.log(name, JSON.stringify(await way(name)));
    } catch (error) {
      console.log(name, 'threw', error.constructor.name, error.status ?? error.message);
    }
  }
  await globalThis.peerReport?.();
  process.exitCode = 3;
})();
