// An agent of Mastra.
import { createAnthropic } from '@ai-sdk/anthropic';
import { Agent } from '@mastra/core/agent';
import { createTool } from '@mastra/core/tools';
import { z } from 'zod';

const anthropic = createAnthropic({ baseURL: `${process.env.ANTHROPIC_BASE_URL}/v1`, apiKey: 'k' });
const look = createTool({
  id: 'look',
  description: 'Looks something up.',
  inputSchema: z.object({ at: z.string() }),
  execute: async () => 'secret-result',
});
const agent = new Agent({
  id: 'guide',
  name: 'guide',
  instructions: 'Answer.',
  model: anthropic('claude-sonnet-4-5'),
  tools: { look },
});
const memory = { thread: 's-7', resource: 'u-7' };
if (process.env.WAY === 'stream') {
  const { textStream } = await agent.stream('secret-prompt', { memory });
  for await (const piece of textStream) process.stdout.write(piece);
  console.log();
} else console.log((await agent.generate('secret-prompt', { memory })).text);
