// Loads the SDK in both formats in one process and asks once through each.
import Anthropic from '@anthropic-ai/sdk';
import { createRequire } from 'node:module';

const required = createRequire(import.meta.url)('@anthropic-ai/sdk');
for (const Client of [Anthropic, required.default]) {
  const message = await new Client().messages.create({
    model: 'claude-sonnet-5-5',
    max_tokens: 100,
    messages: [{ role: 'user', content: 'hello' }],
  });
  console.log(message.content[0].text);
}
