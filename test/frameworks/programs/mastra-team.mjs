// An agent of Mastra that hands work to another, called through the Mastra object.
import { createAnthropic } from '@ai-sdk/anthropic';
import { Mastra } from '@mastra/core';
import { Agent } from '@mastra/core/agent';

const anthropic = createAnthropic({ baseURL: `${process.env.ANTHROPIC_BASE_URL}/v1`, apiKey: 'k' });
const model = anthropic('claude-sonnet-5-5');
const helper = new Agent({
  id: 'helper',
  name: 'Helper',
  description: 'Helps.',
  instructions: 'Help.',
  model,
});
const guide = new Agent({ id: 'guide', name: 'Guide', instructions: 'Guide.', model, agents: { helper } });
const mastra = new Mastra({ agents: { guide }, logger: false });
const metadata = { userId: 'u-7', sessionId: 's-7' };
console.log(
  (await mastra.getAgent('guide').generate('secret-prompt', { tracingOptions: { metadata } })).text,
);
process.exit(0);
