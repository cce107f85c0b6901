// An agent of LlamaIndex.
import { Anthropic } from '@llamaindex/anthropic';
import { agent } from '@llamaindex/workflow';
import { tool } from 'llamaindex';
import { z } from 'zod';

const look = tool({
  name: 'look',
  description: 'Looks something up.',
  parameters: z.object({ at: z.string() }),
  execute: async () => 'secret-result',
});
const llm = new Anthropic({ model: 'claude-sonnet-4-5', apiKey: 'k' });
const { data } = await agent({ llm, tools: [look] }).run('secret-prompt');
console.log(data.result);
