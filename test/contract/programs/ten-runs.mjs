// Ten agents at once over one client; each asks for two tools in turn.
const { default: Anthropic } = await import(process.env.SDK ?? '@anthropic-ai/sdk');
const client = new Anthropic();

async function runAgent(name) {
  const messages = [{ role: 'user', content: `task ${name}` }];
  for (;;) {
    const message = await client.messages.create({
      model: 'claude-sonnet-5-5',
      max_tokens: 100,
      messages,
      metadata: { user_id: name },
    });
    messages.push({ role: 'assistant', content: message.content });
    if (message.stop_reason !== 'tool_use') return `${name}: ${message.content[0].text}`;
    const results = message.content
      .filter((block) => block.type === 'tool_use')
      .map((block) => ({ type: 'tool_result', tool_use_id: block.id, content: `result for ${name}` }));
    messages.push({ role: 'user', content: results });
  }
}

const names = Array.from({ length: 10 }, (_, index) => `agent-${index}`);
for (const line of await Promise.all(names.map(runAgent))) console.log(line);
