// Runs of ten calls with a tool each, answered from memory; prints how many bytes a call left behind that a small
// collection does not free. Start it with --expose-gc.
const Anthropic = require('@anthropic-ai/sdk').default;

const CALLS_PER_RUN = 10;
const MODEL = 'claude-sonnet-5-5';
const usage = { input_tokens: 300, output_tokens: 40 };
let calls = 0;

const client = new Anthropic({
  apiKey: 'key',
  fetch: async () => {
    calls += 1;
    const isLast = calls % CALLS_PER_RUN === 0;
    const content = isLast
      ? [{ type: 'text', text: 'done' }]
      : [{ type: 'tool_use', id: `toolu_${calls}`, name: 'lookup', input: { key: calls } }];
    return Response.json({
      id: `msg_${calls}`,
      type: 'message',
      role: 'assistant',
      model: MODEL,
      content,
      stop_reason: isLast ? 'end_turn' : 'tool_use',
      usage,
    });
  },
});

async function runAll(runs) {
  for (let run = 0; run < runs; run += 1) {
    const messages = [{ role: 'user', content: `task ${run}` }];
    let message;
    do {
      message = await client.messages.create({ model: MODEL, max_tokens: 100, messages });
      const [block] = message.content;
      messages.push({ role: 'assistant', content: message.content });
      if (block.type === 'tool_use')
        messages.push({
          role: 'user',
          content: [{ type: 'tool_result', tool_use_id: block.id, content: 'found it' }],
        });
    } while (message.stop_reason === 'tool_use');
  }
}

async function main() {
  await runAll(50);
  gc();
  gc();
  const before = process.memoryUsage().heapUsed;
  calls = 0;
  await runAll(20);
  for (let round = 0; round < 3; round += 1) gc({ type: 'minor' });
  const afterSmall = process.memoryUsage().heapUsed;
  gc();
  gc();
  const lasting = Math.max(0, process.memoryUsage().heapUsed - before);
  console.log(JSON.stringify({ calls, bytesPerCall: (afterSmall - before - lasting) / calls }));
}

void main();
