// Tries again by itself, as LangChain does: the SDK is told not to. After a failure in the middle another model goes on.
import Anthropic from '@anthropic-ai/sdk';

const client = new Anthropic({ maxRetries: 0 });
const [first, second] = ['claude-sonnet-5-5', 'claude-haiku-4-5'];

async function ask(messages, models) {
  for (const model of models) {
    try {
      return await client.messages.create({ model, max_tokens: 100, messages });
    } catch (error) {
      console.log(error.status);
    }
  }
  return undefined;
}

const messages = [{ role: 'user', content: 'look it up' }];
const asked = await ask(messages, [first, first]);
messages.push({ role: 'assistant', content: asked.content });
messages.push({
  role: 'user',
  content: [{ type: 'tool_result', tool_use_id: asked.content[0].id, content: 'r' }],
});
console.log((await ask(messages, [first, second])).content[0].text);
// Nothing to try again, and nobody who does.
await ask([{ role: 'user', content: 'too long' }], [first]);
await ask([{ role: 'user', content: 'in vain' }], [first]);
if (process.env.ENDS === 'exit') process.exit(0);
