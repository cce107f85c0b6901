// Operations of the AI SDK beyond one loop: an agent in a tool of another, a tool that fails, an API that fails.
import { createAnthropic } from '@ai-sdk/anthropic';
import * as ai from 'ai';
import { z } from 'zod';

// Version 5 has no agents.
const { generateText, stepCountIs, tool, ToolLoopAgent } = ai;
const anthropic = createAnthropic({ baseURL: `${process.env.ANTHROPIC_BASE_URL}/v1`, apiKey: 'k' });
const model = anthropic('claude-sonnet-5-5');
const inputSchema = z.object({ at: z.string() });
const ask = (functionId, more) =>
  generateText({ model, prompt: functionId, ...telemetry(functionId), stopWhen: stepCountIs(5), ...more });
/** Before version 7 its spans show what it does. */
const telemetry = (functionId) =>
  process.env.WAY === 'nested-spans'
    ? { experimental_telemetry: { isEnabled: true, functionId } }
    : { telemetry: { functionId } };

if (process.env.WAY === 'failing') {
  const failed = await ask('guide').catch((error) => error.name);
  const { text } = await ask('guide');
  console.log(failed, text);
} else if (process.env.WAY === 'aborted') {
  const controller = new AbortController();
  const tools = { stop: tool({ inputSchema, execute: async () => controller.abort() }) };
  console.log(await ask('guide', { tools, abortSignal: controller.signal }).catch((error) => error.name));
} else if (process.env.WAY === 'limited') {
  const tools = { delegate: tool({ inputSchema, execute: async () => 'done' }) };
  console.log((await ask('guide', { tools, stopWhen: stepCountIs(1) })).finishReason);
} else if (process.env.WAY === 'agents') {
  const agent = (id, execute) =>
    new ToolLoopAgent({ id, model, tools: { delegate: tool({ inputSchema, execute }) } });
  const helper = agent('helper', async () => (await generateText({ model, prompt: 'nameless' })).text);
  const guide = agent('guide', async () => (await helper.generate({ prompt: 'helper' })).text);
  console.log((await guide.generate({ prompt: 'guide' })).text);
} else {
  const tools = {
    delegate: tool({ inputSchema, execute: async () => (await ask('helper')).text }),
    fail: tool({
      inputSchema,
      execute: async () => {
        throw new Error('secret failure');
      },
    }),
  };
  console.log((await ask('guide', { tools })).text);
}
// The process goes at once: what has ended has been said by then.
process.exit(0);
