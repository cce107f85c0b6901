// Agents that end well, some with something gone wrong: what the tool of each returns is in RESULTS, by name.
import Anthropic from '@anthropic-ai/sdk';

const client = new Anthropic();
const RESULTS = {
  ...Object.fromEntries(
    Array.from({ length: 6 }, (_, n) => [`usual-${n}`, { content: 'r'.repeat(500 + n) }]),
  ),
  empty: { content: '' },
  outsized: { content: 'r'.repeat(9_000) },
  'usual-last': { content: 'r'.repeat(400) },
  ignored: { content: 'no such page', is_error: true },
  'cut-off': { content: 'r'.repeat(450) },
  paused: { content: 'r'.repeat(450) },
};
for (const [name, result] of Object.entries(RESULTS)) {
  const messages = [{ role: 'user', content: 'look it up' }];
  const params = { model: 'claude-sonnet-5-5', max_tokens: 100, messages, metadata: { user_id: name } };
  const first = await client.messages.create(params);
  const [{ id }] = first.content;
  messages.push({ role: 'assistant', content: first.content });
  messages.push({ role: 'user', content: [{ type: 'tool_result', tool_use_id: id, ...result }] });
  console.log(name, (await client.messages.create(params)).stop_reason);
}
