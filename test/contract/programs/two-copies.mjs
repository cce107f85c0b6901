// Two versions of the SDK in one process, each with a client of its own, asking at the same time.
import Anthropic from '@anthropic-ai/sdk';
import Older from 'anthropic-sdk-0-90-0';

const params = { model: 'claude-sonnet-5-5', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] };
const answers = await Promise.all(
  [new Anthropic(), new Older(), new Anthropic()].map((client) => client.messages.create(params)),
);
console.log(answers.map(({ content }) => content[0].text).join());
