// Asks once and prints the answer, as CommonJS.
const sdk = require(process.env.SDK ?? '@anthropic-ai/sdk');
const Anthropic = sdk.default ?? sdk;

async function main() {
  const message = await new Anthropic().messages.create({
    model: 'claude-sonnet-5-5',
    max_tokens: 100,
    messages: [{ role: 'user', content: 'secret question' }],
  });
  console.log(message.content[0].text, message.usage.output_tokens);
}

void main();
