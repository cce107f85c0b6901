// Asks once, and lives with what went wrong.
import Anthropic from '@anthropic-ai/sdk';

const client = new Anthropic({ maxRetries: 0 });
await client.messages
  .create({
    model: 'claude-sonnet-5-5',
    max_tokens: 100,
    messages: [{ role: 'user', content: 'secret question' }],
  })
  .catch((error) => console.log(error.status));
