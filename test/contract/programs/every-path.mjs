// Asks for each message of the corpus in every way that the SDK has, one way after the other, and prints what usageOf says.
// The fake API answers by the words of the request: the way, and the name of the message.
const { default: Anthropic } = await import('@anthropic-ai/sdk');
const { run, usageOf } = await import(`${process.env.PACKAGE}/index.mjs`);
const { wrapQuery } = await import(`${process.env.PACKAGE}/agent-sdk.mjs`);
const { readFile } = await import('node:fs/promises');
const cases = JSON.parse(await readFile(process.env.CASES, 'utf8'));
const client = new Anthropic({ maxRetries: 0 });

const body = (way, { name, model }) => ({
  model,
  max_tokens: 16,
  messages: [{ role: 'user', content: `${way} ${name}` }],
});
const drain = async (stream) => {
  for await (const event of stream) void event;
};
const drop = () => {};
const ways = {
  create: (request) => client.messages.create(request),
  beta: (request) => client.beta.messages.create(request),
  with_response: (request) => client.messages.create(request).withResponse(),
  as_response: async (request) => (await client.messages.create(request).asResponse()).json(),
  as_response_text: async (request) => (await client.messages.create(request).asResponse()).text(),
  post: (request) => client.post('/v1/messages', { body: request }),
  stream: async (request) => drain(await client.messages.create({ ...request, stream: true })),
  as_response_stream: async (request) =>
    (await client.messages.create({ ...request, stream: true }).asResponse()).text(),
  helper: (request) => client.messages.stream(request).finalMessage(),
  beta_helper: (request) => client.beta.messages.stream(request).finalMessage(),
};
for (const [way, ask] of Object.entries(ways)) {
  await Promise.all(cases.map((each) => run({ agent: way }, () => ask(body(way, each)).then(drop, drop))));
}
await drain(await client.messages.batches.results('batch_1'));

for (const { name, agentMessages } of cases) {
  if (agentMessages === undefined) continue;
  const query = wrapQuery(async function* () {
    yield* agentMessages;
  });
  await run({ agent: 'agent' }, () => drain(query({ prompt: name })));
}
console.log(JSON.stringify(Object.fromEntries(cases.map(({ name, message }) => [name, usageOf(message)]))));
