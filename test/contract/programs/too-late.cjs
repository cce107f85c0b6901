// Loads the preload itself, after the SDK.
const Anthropic = require('@anthropic-ai/sdk').default;
require(process.env.REGISTER);
const params = { model: 'claude-sonnet-5-5', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] };
void new Anthropic().messages.create(params).then((message) => console.log(message.content[0].text));
