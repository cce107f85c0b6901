// Counts how often it is asked before the exit; its first listener does one more thing, as a program may.
import Anthropic from '@anthropic-ai/sdk';

let times = 0;
process.on('beforeExit', () => {
  times += 1;
  console.log(`before exit ${String(times)}`);
  if (times === 1) setTimeout(() => console.log('one more thing'), 5);
});
const message = await new Anthropic().messages.create({
  model: 'claude-sonnet-5-5',
  max_tokens: 64,
  metadata: { user_id: '🦜'.repeat(1_000_000) },
  messages: [{ role: 'user', content: 'Hello' }],
});
console.log(message.content[0].text);
