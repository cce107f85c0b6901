// A program with its own OpenTelemetry: its provider, a span of its own around the call.
import { trace } from '@opentelemetry/api';
import './own-provider.mjs';
import Anthropic from '@anthropic-ai/sdk';
import { exported } from './own-provider.mjs';

await trace.getTracer('mine').startActiveSpan('GET /answer', async (span) => {
  const message = await new Anthropic().messages.create({
    model: 'claude-sonnet-5-5',
    max_tokens: 100,
    messages: [{ role: 'user', content: 'hello' }],
  });
  span.end();
  console.log(message.content[0].text);
});
console.log(exported().join());
