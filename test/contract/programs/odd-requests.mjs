// Requests that no telemetry expects: what the SDK makes of them has to stay the same.
import Anthropic from '@anthropic-ai/sdk';

const client = new Anthropic({ maxRetries: 0 });
const throwing = {
  role: 'user',
  get content() {
    throw new RangeError('read me not');
  },
};
const cyclic = { role: 'user', content: [] };
cyclic.content.push(cyclic);
const base = { model: 'claude-sonnet-5-5', max_tokens: 9 };

const REQUESTS = {
  nothing: () => client.messages.create(),
  no_messages: () => client.messages.create({ ...base }),
  messages_no_list: () => client.messages.create({ ...base, messages: 'hello' }),
  throwing_getter: () => client.messages.create({ ...base, messages: [throwing] }),
  cyclic: () => client.messages.create({ ...base, messages: [cyclic] }),
  bigint: () => client.messages.create({ ...base, messages: [{ role: 'user', content: 1n }] }),
  odd_answer: () => client.messages.create({ ...base, messages: [{ role: 'user', content: 'odd' }] }),
  text_answer: () => client.messages.create({ ...base, messages: [{ role: 'user', content: 'text' }] }),
  stream_nothing: () => client.messages.stream().finalMessage(),
};
for (const [name, ask] of Object.entries(REQUESTS)) {
  try {
    console.log(name, JSON.stringify(await ask()));
  } catch (error) {
    console.log(name, error.constructor.name, error.message.split('\n')[0]);
  }
}
