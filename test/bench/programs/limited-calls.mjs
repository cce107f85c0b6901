// Calls of the real SDK answered in this process, one after the other; prints the processor time of a call. The first
// argument is how many.
import Anthropic from '@anthropic-ai/sdk';

const [rounds] = process.argv.slice(2).map(Number);
const answer = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-sonnet-5-5',
  content: [{ type: 'text', text: 'ok' }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 5_000, output_tokens: 20 },
};
const client = new Anthropic({ apiKey: 'k', maxRetries: 0, fetch: async () => Response.json(answer) });
const body = {
  model: 'claude-sonnet-5-5',
  max_tokens: 100,
  messages: Array.from({ length: 20 }, (_, index) => ({
    role: index % 2 === 0 ? 'user' : 'assistant',
    content: 'word '.repeat(200),
  })),
};
const calls = async (count) => {
  for (let at = 0; at < count; at++) await client.messages.create(body);
};
await calls(rounds / 4);
const before = process.cpuUsage();
await calls(rounds);
const { user, system } = process.cpuUsage(before);
console.log((user + system) / rounds);
process.exit(0);
