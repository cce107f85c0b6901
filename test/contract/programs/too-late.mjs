// Loads the preload itself: by then everything that is imported is loaded already.
import Anthropic from '@anthropic-ai/sdk';

await import(process.env.REGISTER);
const params = { model: 'claude-sonnet-5-5', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] };
const message = await new Anthropic().messages.create(params);
console.log(message.content[0].text);
