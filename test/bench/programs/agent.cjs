// An agent that works: runs of ten model calls with a tool each, prompts of about 20 KB, every answer at
// once from memory. Prints what one call cost in processor time, in the first 300 and when warm, the memory at the end, and how long the first
// chunk of a streamed answer took.
const Anthropic = require('@anthropic-ai/sdk').default;

const CALLS_PER_RUN = 10;
const MODEL = 'claude-sonnet-5-5';
const WORDS = Array.from({ length: 20 }, (_, index) => `word ${index} `);
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
      model: MODEL,
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

function streamedAnswer() {
  serial += 1;
  const usage = { input_tokens: 300, output_tokens: 1 };
  const message = {
    id: `msg_${serial}`,
    type: 'message',
    role: 'assistant',
    model: MODEL,
    content: [],
    usage,
  };
  const events = [
    { type: 'message_start', message },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    ...WORDS.map((text) => ({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })),
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: WORDS.length } },
    { type: 'message_stop' },
  ];
  const body = events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');
  return new Response(body, {
    headers: { 'content-type': 'text/event-stream', 'request-id': `req_${serial}` },
  });
}

let calls = 0;
const client = new Anthropic({
  apiKey: 'key',
  fetch: async (url, { body }) => {
    calls += 1;
    return JSON.parse(body).stream === true ? streamedAnswer() : answer(calls % CALLS_PER_RUN === 0);
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
      model: MODEL,
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

async function timeFirstChunk() {
  const startMs = performance.now();
  let firstMs;
  const stream = await client.messages.create({
    model: MODEL,
    max_tokens: 100,
    stream: true,
    messages: [...history, { role: 'user', content: 'go on' }],
  });
  for await (const event of stream) {
    if (event.type === 'content_block_delta') firstMs ??= performance.now() - startMs;
  }
  return firstMs;
}

async function main() {
  const atStart = process.cpuUsage();
  for (let index = 0; index < 30; index += 1) await run();
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  const first = process.cpuUsage(atStart);
  const coldUsPerCall = (first.user + first.system) / calls;
  // What is loaded at the start by one and at the first call by another is in it alike.
  const whole = process.cpuUsage();
  const programMs = (whole.user + whole.system) / 1_000;
  for (let index = 30; index < Number(process.env.WARM_UP_RUNS ?? 100); index += 1) await run();
  const before = process.cpuUsage();
  const callsBefore = calls;
  for (let index = 0; index < Number(process.env.RUNS ?? 100); index += 1) await run();
  // What is still queued belongs to the calls, too.
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  const used = process.cpuUsage(before);
  const cpuUsPerCall = (used.user + used.system) / (calls - callsBefore);
  const rssMb = process.memoryUsage().rss / 1e6;
  const firstChunks = [];
  for (let index = 0; index < 100; index += 1) firstChunks.push(await timeFirstChunk());
  firstChunks.sort((a, b) => a - b);
  console.log(
    JSON.stringify({ cpuUsPerCall, coldUsPerCall, programMs, rssMb, firstChunkMs: firstChunks[50], calls }),
  );
}

void main();
