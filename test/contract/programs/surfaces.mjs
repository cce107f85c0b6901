// Every way to call messages, one after the other, each printing what the caller sees of it.
// Each way says its name in metadata.user_id, which tells the fake API how to answer.
const sdk = await import(process.env.SDK ?? '@anthropic-ai/sdk');
const Anthropic = sdk.default;
const client = new Anthropic({ maxRetries: 1 });

const unhandled = [];
process.on('unhandledRejection', (error) => unhandled.push(error.constructor.name));

const params = (name, more = {}) => ({
  model: 'claude-sonnet-5-5',
  max_tokens: 200,
  messages: [{ role: 'user', content: 'hello' }],
  metadata: { user_id: name },
  ...more,
});
const textOf = (message) => message.content.map((block) => block.text ?? block.type).join('|');

async function readAll(stream) {
  const types = [];
  for await (const event of stream) types.push(event.type);
  return types;
}

const WAYS = {
  create: async (name) => textOf(await client.messages.create(params(name))),
  create_then_twice: async (name) => {
    const promise = client.messages.create(params(name));
    const [first, second] = await Promise.all([promise, promise]);
    return [first === second, promise.constructor.name];
  },
  with_response: async (name) => {
    const { data, response } = await client.messages.create(params(name)).withResponse();
    return [textOf(data), response.status, response.headers.get('request-id')];
  },
  as_response: async (name) => {
    const response = await client.messages.create(params(name)).asResponse();
    return [response.constructor.name, response.bodyUsed, textOf(await response.json())];
  },
  stream: async (name) => {
    const stream = await client.messages.create(params(name, { stream: true }));
    return [stream.constructor.name, await readAll(stream)];
  },
  stream_with_response: async (name) => {
    const { data, response } = await client.messages.create(params(name, { stream: true })).withResponse();
    return [response.status, (await readAll(data)).length];
  },
  stream_break: async (name) => {
    const stream = await client.messages.create(params(name, { stream: true }));
    for await (const event of stream) if (event.type === 'content_block_delta') break;
    return stream.controller.signal.aborted;
  },
  stream_throw: async (name) => {
    const stream = await client.messages.create(params(name, { stream: true }));
    for await (const event of stream) if (event.type === 'content_block_delta') throw new RangeError('mine');
  },
  stream_abort: async (name) => {
    const stream = await client.messages.create(params(name, { stream: true }));
    let events = 0;
    for await (const event of stream) {
      events += 1;
      if (event.type === 'content_block_delta') stream.controller.abort();
    }
    return events > 0;
  },
  stream_abort_unread: async (name) => {
    const stream = await client.messages.create(params(name, { stream: true }));
    stream.controller.abort();
    return stream.controller.signal.aborted;
  },
  stream_tee: async (name) => {
    const stream = await client.messages.create(params(name, { stream: true }));
    const [left, right] = stream.tee();
    const [first, second] = await Promise.all([readAll(left), readAll(right)]);
    return [first.length === second.length, left.constructor.name];
  },
  stream_readable: async (name) => {
    const stream = await client.messages.create(params(name, { stream: true }));
    let bytes = 0;
    for await (const chunk of stream.toReadableStream()) bytes += chunk.length;
    return bytes > 0;
  },
  stream_error_event: async (name) => {
    const stream = await client.messages.create(params(name, { stream: true }));
    await readAll(stream);
  },
  stream_cut: async (name) => {
    const stream = await client.messages.create(params(name, { stream: true }));
    return (await readAll(stream)).length > 0;
  },
  helper_final: async (name) => textOf(await client.messages.stream(params(name)).finalMessage()),
  helper_events: async (name) => {
    const stream = client.messages.stream(params(name));
    let text = '';
    stream.on('text', (delta) => (text += delta));
    await stream.done();
    return text;
  },
  helper_iterate: async (name) => (await readAll(client.messages.stream(params(name)))).length,
  helper_abort: async (name) => {
    const stream = client.messages.stream(params(name));
    stream.on('text', () => stream.abort());
    await stream.done();
  },
  abort_before: async (name) => {
    const controller = new AbortController();
    controller.abort();
    await client.messages.create(params(name), { signal: controller.signal });
  },
  abort_during: async (name) => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 30);
    await client.messages.create(params(name), { signal: controller.signal });
  },
  bad_request: (name) => client.messages.create(params(name)),
  rate_limited_then_ok: async (name) => textOf(await client.messages.create(params(name))),
  overloaded: (name) => client.messages.create(params(name)),
  connection_lost: (name) => client.messages.create(params(name)),
  malformed: (name) => client.messages.create(params(name)),
  unhandled_failure: async (name) => {
    void client.messages.create(params(name)).then((message) => message);
    await new Promise((resolve) => setTimeout(resolve, 150));
    return unhandled.splice(0);
  },
  not_awaited: async (name) => {
    void client.messages.create(params(name));
    await new Promise((resolve) => setTimeout(resolve, 100));
    return unhandled.splice(0);
  },
  with_options: async (name) =>
    client.withOptions
      ? textOf(await client.withOptions({ maxRetries: 0 }).messages.create(params(name)))
      : 'absent',
  beta_create: async (name) =>
    client.beta?.messages ? textOf(await client.beta.messages.create(params(name))) : 'absent',
  beta_stream: async (name) => {
    if (!client.beta?.messages) return 'absent';
    return (await readAll(await client.beta.messages.create(params(name, { stream: true })))).length;
  },
  beta_helper: async (name) =>
    client.beta?.messages?.stream
      ? textOf(await client.beta.messages.stream(params(name)).finalMessage())
      : 'absent',
  tool_runner: (name) => runTools(name, false),
  tool_runner_stream: (name) => runTools(name, true),
};

async function runTools(name, isStreamed) {
  if (!client.beta?.messages?.toolRunner) return 'absent';
  const ran = [];
  const tool = {
    type: 'custom',
    name: 'lookup',
    description: 'Looks up.',
    input_schema: { type: 'object', properties: { key: { type: 'string' } } },
    parse: (input) => input,
    run: async ({ key }) => {
      ran.push(key);
      if (key === 'bad') throw new Error('no such key');
      return `value of ${key}`;
    },
  };
  const runner = client.beta.messages.toolRunner(params(name, { tools: [tool], stream: isStreamed }));
  const texts = [];
  for await (const item of runner) texts.push(textOf(isStreamed ? await item.finalMessage() : item));
  return [texts, ran.toSorted((a, b) => a.localeCompare(b))];
}

const only = process.argv[2];
for (const [name, way] of Object.entries(WAYS)) {
  if (only !== undefined && only !== name) continue;
  try {
    console.log(name, JSON.stringify(await way(name)));
  } catch (error) {
    console.log(name, 'threw', error.constructor.name, error.status ?? '', error.error?.error?.type ?? '');
  }
}
console.log('unhandled', unhandled.join());
