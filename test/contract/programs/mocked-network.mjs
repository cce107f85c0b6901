// Puts a network of its own in the place of Node's, below everything that connects, as libraries for tests do.
import { Socket } from 'node:net';
import Anthropic from '@anthropic-ai/sdk';

const asked = [];
Socket.prototype.connect = function connect(...values) {
  const [{ port }] = values.flat();
  asked.push(port);
  process.nextTick(() => this.destroy(new Error('no network in tests')));
  return this;
};
const client = new Anthropic({
  fetch: async () =>
    Response.json({
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'claude-sonnet-5-5',
      content: [{ type: 'text', text: 'hello' }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 100, output_tokens: 10 },
    }),
});
const message = await client.messages.create({
  model: 'claude-sonnet-5-5',
  max_tokens: 100,
  messages: [{ role: 'user', content: 'hello' }],
});
console.log(message.content[0].text);
process.on('exit', () => {
  console.log(asked.join(' '));
});
