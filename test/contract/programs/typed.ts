// A program in TypeScript, run as it is.
import Anthropic from '@anthropic-ai/sdk';

const model: Anthropic.Messages.Model = 'claude-sonnet-5-5';
const messages: Anthropic.Messages.MessageParam[] = [{ role: 'user', content: 'hi' }];
const { content } = await new Anthropic().messages.create({ model, max_tokens: 9, messages });
console.log(content[0]?.type === 'text' ? content[0].text : 'no text');
