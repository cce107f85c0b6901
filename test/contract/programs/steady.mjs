// An agent that works on and on: two steps a run, each a call of the model.
import Anthropic from '@anthropic-ai/sdk';

const client = new Anthropic();
const params = { model: 'claude-sonnet-5-5', max_tokens: 100 };
for (;;) {
  const messages = [{ role: 'user', content: 'go on' }];
  const { content } = await client.messages.create({ ...params, messages });
  const result = { type: 'tool_result', tool_use_id: content[0].id, content: 'done' };
  messages.push({ role: 'assistant', content }, { role: 'user', content: [result] });
  await client.messages.create({ ...params, messages });
}
