// An agent loop on the Anthropic SDK, as CommonJS TypeScript: what loaders and bundlers make of it.
import Anthropic from '@anthropic-ai/sdk';

const client = new Anthropic();

export async function loop(): Promise<string> {
  const messages: Anthropic.MessageParam[] = [{ role: 'user', content: 'secret-prompt' }];
  for (;;) {
    const { content } = await client.messages.create({
      model: 'claude-sonnet-4-5',
      max_tokens: 100,
      tools: [{ name: 'look', input_schema: { type: 'object' } }],
      messages,
    });
    messages.push({ role: 'assistant', content });
    const uses = content.filter((block) => block.type === 'tool_use');
    if (uses.length === 0) return content.map((block) => ('text' in block ? block.text : '')).join('');
    messages.push({
      role: 'user',
      content: uses.map(({ id }) => ({ type: 'tool_result', tool_use_id: id, content: 'secret-result' })),
    });
  }
}

void loop().then(console.log);
