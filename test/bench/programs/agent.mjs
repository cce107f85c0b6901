// An agent that works: runs of ten model calls with a tool each, prompts of about 20 KB, every answer at
// once from memory. Prints what one call cost in processor time, and the memory at the end.
import Anthropic from '@anthropic-ai/sdk';

const CALLS_PER_RUN = 10;
const pauseMs = Number(process.env.PAUSE_MS ?? 0);
let serial = 0;

function answer(isLast) {
  serial += 1;
  const content = isLast
    ? [{ type: 'text', text: 'done' }]
    : [{ type: 'tool_use', id: `toolu_${serial}`, name: 'lookup', input: { key: serial } }];
  return Response.json(
    {
      id: `msg_${serial}`,
      type: 'message',
      role: 'assistant',
      model: 'claude-sonnet-5-5',
      content,
      stop_reason: isLast ? 'end_turn' : 'tool_use',
      usage: {
        input_tokens: 300,
        cache_read_input_tokens: 5000,
        cache_creation_input_tokens: 0,
        output_tokens: 40,
      },
    },
    { headers: { 'request-id': `req_${serial}` } },
  );
}

let calls = 0;
const client = new Anthropic({
  apiKey: 'key',
  fetch: async () => {
    calls += 1;
    return answer(calls % CALLS_PER_RUN === 0);
  },
});
const tools = [
  { name: 'lookup', description: 'Looks up.', input_schema: { type: 'object', properties: {} } },
];
const history = Array.from({ length: 20 }, (_, index) => ({
  role: index % 2 === 0 ? 'user' : 'assistant',
  content: `${index} ${'lorem ipsum dolor sit amet '.repeat(36)}`,
}));

async function run() {
  const messages = [...history, { role: 'user', content: `task ${calls}` }];
  for (;;) {
    // As a model's answer would take its time: what is queued for a second is then what a real agent queues.
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    const message = await client.messages.create({
      model: 'claude-sonnet-5-5',
      max_tokens: 100,
      tools,
      messages,
    });
    if (message.stop_reason !== 'tool_use') return;
    messages.push({ role: 'assistant', content: message.content });
    messages.push({
      role: 'user',
      content: [{ type: 'tool_result', tool_use_id: message.content[0].id, content: 'found it' }],
    });
  }
}

for (let index = 0; index < 20; index += 1) await run();
const before = process.cpuUsage();
const callsBefore = calls;
for (let index = 0; index < Number(process.env.RUNS ?? 40); index += 1) {
  await run();
}
// What is still queued belongs to the calls, too.
await new Promise((resolve) => setTimeout(resolve, 1_500));
const used = process.cpuUsage(before);
console.log(
  JSON.stringify({
    cpuUsPerCall: (used.user + used.system) / (calls - callsBefore),
    rssMb: process.memoryUsage().rss / 1e6,
  }),
);
