import Anthropic from '@anthropic-ai/sdk';
export const dynamic = 'force-dynamic';
export async function GET() {
  const client = new Anthropic();
  const messages = [{ role: 'user', content: 'secret-prompt' }];
  for (;;) {
    const { content } = await client.messages.create({
      model: 'claude-sonnet-4-5',
      max_tokens: 100,
      tools: [{ name: 'look', input_schema: { type: 'object' } }],
      messages,
    });
    messages.push({ role: 'assistant', content });
    const uses = content.filter(({ type }) => type === 'tool_use');
    if (uses.length === 0) return new Response(content[0].text);
    messages.push({
      role: 'user',
      content: uses.map(({ id }) => ({ type: 'tool_result', tool_use_id: id, content: 'secret-result' })),
    });
  }
}
