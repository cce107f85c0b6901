// LangChain's createAgent and LangGraph's createReactAgent on ChatAnthropic.
import { ChatAnthropic } from '@langchain/anthropic';
import { tool } from '@langchain/core/tools';
import { z } from 'zod';

const llm = new ChatAnthropic({
  model: 'claude-sonnet-4-5',
  anthropicApiUrl: process.env.ANTHROPIC_BASE_URL,
  apiKey: 'k',
});
const look = tool(async () => 'secret-result', {
  name: 'look',
  description: 'Looks something up.',
  schema: z.object({ at: z.string() }),
});
const input = { messages: [{ role: 'user', content: 'secret-prompt' }] };
let agent;
if (process.env.WAY === 'langgraph') {
  const { createReactAgent } = await import('@langchain/langgraph/prebuilt');
  const { MemorySaver } = await import('@langchain/langgraph');
  agent = createReactAgent({ llm, tools: [look], name: 'guide', checkpointer: new MemorySaver() });
} else {
  const { createAgent } = await import('langchain');
  agent = createAgent({ model: llm, tools: [look], name: 'guide' });
}
const { messages } = await agent.invoke(input, { configurable: { thread_id: 's-7' } });
console.log(messages.at(-1).text);
