// LangChain's createAgent and LangGraph's createReactAgent on ChatAnthropic, and a question with another model to fall back on.
import { ChatAnthropic } from '@langchain/anthropic';
import { tool } from '@langchain/core/tools';
import { z } from 'zod';

const settings = { anthropicApiUrl: process.env.ANTHROPIC_BASE_URL, apiKey: 'k' };
const llm = new ChatAnthropic({ ...settings, model: 'claude-sonnet-4-5' });
const look = tool(async () => 'secret-result', {
  name: 'look',
  description: 'Looks something up.',
  schema: z.object({ at: z.string() }),
});
const input = { messages: [{ role: 'user', content: 'secret-prompt' }] };
let agent;
if (process.env.WAY === 'fallback') {
  // Each with settings of its own, as models have.
  const [first, other] = ['claude-sonnet-4-5', 'claude-haiku-4-5'].map(
    (model, index) => new ChatAnthropic({ ...settings, model, maxRetries: 0, maxTokens: 100 + index }),
  );
  const asked = first.withFallbacks([other]);
  agent = { invoke: async ({ messages }) => ({ messages: [await asked.invoke(messages)] }) };
} else if (process.env.WAY === 'langgraph') {
  const { createReactAgent } = await import('@langchain/langgraph/prebuilt');
  const { MemorySaver } = await import('@langchain/langgraph');
  agent = createReactAgent({ llm, tools: [look], name: 'guide', checkpointer: new MemorySaver() });
} else {
  const { createAgent } = await import('langchain');
  agent = createAgent({ model: llm, tools: [look], name: 'guide' });
}
const { messages } = await agent.invoke(input, { configurable: { thread_id: 's-7' } });
console.log(messages.at(-1).text);
