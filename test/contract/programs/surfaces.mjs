// Every way to call messages, one after the other, each printing what the caller sees of it.
// Each way says its name in metadata.user_id, which tells the fake API how to answer.
import { createRequire } from 'node:module';

const sdkName = process.env.SDK ?? '@anthropic-ai/sdk';
const sdk = process.env.LOAD === 'require' ? createRequire(import.meta.url)(sdkName) : await import(sdkName);
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
  stream_unread: async (name) => {
    const stream = await client.messages.create(params(name, { stream: true }));
    return stream.constructor.name;
  },
  stream_unknown_event: async (name) => {
    const types = await readAll(await client.messages.create(params(name, { stream: true })));
    return types.filter((type) => type !== 'something_new');
  },
  bad_request: (name) => client.messages.create(params(name)),
  rate_limited_then_ok: async (name) => textOf(await client.messages.create(params(name))),
  overloaded: (name) => client.messages.create(params(name)),
  unauthorized: (name) => client.messages.create(params(name)),
  payment_required: (name) => client.messages.create(params(name)),
  too_large: (name) => client.messages.create(params(name)),
  spend_limit: (name) => client.messages.create(params(name)),
  timed_out: (name) => client.messages.create(params(name), { timeout: 60, maxRetries: 0 }),
  connection_lost: (name) => client.messages.create(params(name)),
  malformed: (name) => client.messages.create(params(name)),
  unhandled_failure: async (name) => {
    void client.messages.create(params(name)).then((message) => message);
    // On a busy machine the answer takes its time.
    for (let tries = 0; unhandled.length === 0 && tries < 300; tries++)
      await new Promise((resolve) => setTimeout(resolve, 10));
    await new Promise((resolve) => setTimeout(resolve, 20));
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
  refused: async (name) => (await client.messages.create(params(name))).stop_reason,
  cut_short: async (name) => (await client.messages.create(params(name))).stop_reason,
  parse: async (name) =>
    client.messages.parse ? textOf(await client.messages.parse(params(name))) : 'absent',
  beta_parse: async (name) =>
    client.beta?.messages?.parse ? textOf(await client.beta.messages.parse(params(name))) : 'absent',
  raw_post: async (name) => textOf(await client.post('/v1/messages', { body: params(name) })),
  raw_post_response: async (name) => {
    const response = await client.post('/v1/messages', { body: params(name) }).asResponse();
    return [response.status, textOf(await response.json())];
  },
  raw_request: async (name) =>
    textOf(await client.request({ method: 'post', path: '/v1/messages?beta=true', body: params(name) })),
  raw_stream: async (name) => {
    const body = params(name, { stream: true });
    const stream = await client.post('/v1/messages', { body, stream: true });
    return [stream.constructor.name, await readAll(stream)];
  },
  raw_stream_break: async (name) => {
    const body = params(name, { stream: true });
    const stream = await client.post('/v1/messages', { body, stream: true });
    for await (const event of stream) if (event.type === 'content_block_delta') break;
    return stream.controller.signal.aborted;
  },
  raw_failure: (name) => client.post('/v1/messages', { body: params(name) }),
  count_tokens: async (name) => {
    if (!client.messages.countTokens) return 'absent';
    const { max_tokens: _, metadata, ...rest } = params(name);
    const promise = client.messages.countTokens(rest, { headers: { 'x-way': metadata.user_id } });
    const { data, response } = await promise.withResponse();
    return [data.input_tokens, response.status, promise.constructor.name];
  },
  beta_count_tokens: async (name) => {
    if (!client.beta?.messages?.countTokens) return 'absent';
    const { max_tokens: _, metadata, ...rest } = params(name);
    const options = { headers: { 'x-way': metadata.user_id } };
    return (await client.beta.messages.countTokens(rest, options)).input_tokens;
  },
  count_tokens_failure: async (name) => {
    if (!client.messages.countTokens) return 'absent';
    const { max_tokens: _, metadata, ...rest } = params(name);
    return client.messages.countTokens(rest, { headers: { 'x-way': metadata.user_id } });
  },
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
  tool_runner_limit: (name) => runTools(name, false, { max_iterations: 1 }),
  tool_runner_eager: (name) => runTools(name, true, { runToolsEagerly: true }),
};

async function runTools(name, isStreamed, more = {}) {
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
  const runner = client.beta.messages.toolRunner(
    params(name, { tools: [tool], stream: isStreamed, ...more }),
  );
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
