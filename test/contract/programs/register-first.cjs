// Loads the preload itself, before the SDK.
require(process.env.REGISTER);
const Anthropic = require('@anthropic-ai/sdk').default;
const params = { model: 'claude-sonnet-5-5', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] };
void new Anthropic().messages.create(params).then((message) => console.log(message.content[0].text));
