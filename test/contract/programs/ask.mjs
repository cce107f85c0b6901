// Asks once and prints the answer. SDK names the copy of the SDK to use.
const { default: Anthropic } = await import(process.env.SDK ?? '@anthropic-ai/sdk');
const client = new Anthropic();
const message = await client.messages.create({
  model: 'claude-sonnet-5-5',
  max_tokens: 100,
  messages: [{ role: 'user', content: 'secret question' }],
});
console.log(message.content[0].text, message.usage.output_tokens);
