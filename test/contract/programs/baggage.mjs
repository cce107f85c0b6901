// Has baggage in its context when it asks, as a web framework would leave it there.
import { context, propagation } from '@opentelemetry/api';
import Anthropic from '@anthropic-ai/sdk';

const client = new Anthropic();
const active = propagation.setBaggage(
  context.active(),
  propagation.createBaggage({ 'enduser.id': { value: 'alice@example.com' } }),
);
const message = await context.with(active, () =>
  client.messages.create({
    model: 'claude-sonnet-5-5',
    max_tokens: 100,
    messages: [{ role: 'user', content: 'hello' }],
  }),
);
console.log(message.content[0].text);
