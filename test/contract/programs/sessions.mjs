// Follows a managed agent's session to its end.
import Anthropic from '@anthropic-ai/sdk';

const stream = await new Anthropic().beta.sessions.events.stream('sesn_1');
const types = [];
for await (const event of stream) types.push(event.type);
console.log(stream.constructor.name, types.join());
