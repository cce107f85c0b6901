// Leaves a stream after three pieces of text.
const { default: Anthropic } = await import(process.env.SDK ?? '@anthropic-ai/sdk');
const client = new Anthropic();
const stream = await client.messages.create({
  model: 'claude-sonnet-5-5',
  max_tokens: 1000,
  stream: true,
  messages: [{ role: 'user', content: 'tell me a long story' }],
});
let pieces = 0;
for await (const event of stream) {
  if (event.type !== 'content_block_delta') continue;
  pieces += 1;
  if (pieces === 3) break;
}
console.log('left after', pieces, stream.controller.signal.aborted);
// Time for the server to notice, as a program that goes on would give.
await new Promise((resolve) => setTimeout(resolve, 400));
