// Asks once, prints the answer, and ends as ENDING says: by itself, by exit, or by a signal.
import Anthropic from '@anthropic-ai/sdk';

const message = await new Anthropic().messages.create({
  model: 'claude-sonnet-5-5',
  max_tokens: 64,
  messages: [{ role: 'user', content: 'Hello' }],
});
console.log(message.content[0].text);
if (process.env.ENDING === 'exit') process.exit(3);
// Records are on their way by now.
if (process.env.ENDING === 'late exit') setTimeout(() => process.exit(3), 100);
if (process.env.ENDING === 'SIGTERM') {
  setInterval(() => undefined, 60_000);
  process.kill(process.pid, 'SIGTERM');
}
