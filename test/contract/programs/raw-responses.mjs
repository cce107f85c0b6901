// Takes the raw Response of the SDK and reads it in every way, each plain and streamed; then asks for answers that are none.
// Each request names its way as its user.
import Anthropic from '@anthropic-ai/sdk';

const client = new Anthropic({ maxRetries: 0, logLevel: 'off' });
const paramsOf = (way, own) => ({
  model: 'claude-sonnet-5-5',
  max_tokens: 100,
  metadata: { user_id: way },
  messages: [{ role: 'user', content: 'hello' }],
  ...own,
});
const textOf = async (stream) => {
  let text = '';
  for await (const chunk of stream) text += Buffer.from(chunk).toString();
  return text;
};

const READINGS = {
  text: (response) => response.text(),
  arrayBuffer: async (response) => Buffer.from(await response.arrayBuffer()).toString(),
  blob: async (response) => (await response.blob()).text(),
  body: (response) => textOf(response.body),
  'handed on': (response) => new Response(response.body, response).text(),
  transformed: (response) => textOf(response.body.pipeThrough(new TransformStream())),
  'of a clone': (response) => response.clone().text(),
};
for (const [reading, read] of Object.entries(READINGS)) {
  for (const [kind, own] of Object.entries({ plain: {}, streamed: { stream: true } })) {
    const promise = client.messages.create(paramsOf(`${reading}, ${kind}`, own));
    const response = await promise.asResponse();
    console.log(reading, kind, response.constructor.name, (await read(response)).includes('end_turn'));
  }
}

{
  const promise = client.messages.create(paramsOf('parsed after all', { stream: true }));
  const { status } = await promise.asResponse();
  const types = await Array.fromAsync(await promise, ({ type }) => type);
  console.log('parsed after all', status, types.join(' '));
}
{
  const stream = await client.messages.create(paramsOf('left', { stream: true })).asResponse();
  const reader = stream.body.getReader();
  await reader.read();
  await reader.cancel();
  console.log('left');
}

for (const way of ['an error', 'a page', 'nothing', 'null', 'refused', 'overloaded']) {
  try {
    const answer = await client.messages.create(paramsOf(way));
    console.log(way, typeof answer, answer?.type);
  } catch (error) {
    console.log(way, error.constructor.name, error.status, error.requestID);
  }
}
