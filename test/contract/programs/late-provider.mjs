// A program whose provider comes late: after the SDK, after a client was made, after a span was asked for.
import { trace } from '@opentelemetry/api';
import Anthropic from '@anthropic-ai/sdk';

const client = new Anthropic();
const tracer = trace.getTracer('mine');
await new Promise((resolve) => setTimeout(resolve, 150));
const { exported } = await import('./own-provider.mjs');

await tracer.startActiveSpan('GET /answer', async (span) => {
  const message = await client.messages.create({
    model: 'claude-sonnet-5-5',
    max_tokens: 100,
    messages: [{ role: 'user', content: 'hello' }],
  });
  span.end();
  console.log(message.content[0].text);
});
console.log(exported().join());
