// An agent that makes six calls in one run and then waits for a tool that never answers.
import Anthropic from '@anthropic-ai/sdk';

const client = new Anthropic();
const messages = [{ role: 'user', content: 'go on' }];
for (let step = 0; step < 6; step += 1) {
  const { content } = await client.messages.create({ model: 'claude-sonnet-5-5', max_tokens: 100, messages });
  const result = { type: 'tool_result', tool_use_id: content[0].id, content: 'done' };
  messages.push({ role: 'assistant', content }, { role: 'user', content: [result] });
}
setInterval(() => undefined, 1_000);
