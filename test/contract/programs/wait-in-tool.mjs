// Begins a run, gets a tool use, and then ends as ENDING says while the tool "runs".
import Anthropic from '@anthropic-ai/sdk';

const client = new Anthropic();
const message = await client.messages.create({
  model: 'claude-sonnet-5-5',
  max_tokens: 100,
  messages: [{ role: 'user', content: 'do something slow' }],
});
console.log('tool', message.content[0].name);
switch (process.env.ENDING) {
  case 'exit':
    process.exit(3);
    break;
  case 'throw':
    throw new TypeError('the tool broke');
  case 'return':
    break;
  case 'listener':
    process.on('SIGTERM', () => {
      console.log('asked to end');
      process.exit(7);
    });
  // falls through
  default:
    setInterval(() => undefined, 1000);
}
