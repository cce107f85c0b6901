// An agent on the Vercel AI SDK 7: runs of ten requests with a tool each, prompts of about 20 KB, to a server in another
// process. Prints what agent.cjs prints.
import { createAnthropic } from '@ai-sdk/anthropic';
import * as ai from 'ai';
import { z } from 'zod';

const CALLS_PER_RUN = 10;
const { AI_TELEMETRY, ANTHROPIC_BASE_URL } = process.env;
if (AI_TELEMETRY === 'own') {
  const { OpenTelemetry } = await import('@ai-sdk/otel');
  ai.registerTelemetry(new OpenTelemetry());
}
const anthropic = createAnthropic({ baseURL: `${ANTHROPIC_BASE_URL}/v1`, apiKey: 'key' });
const model = anthropic('claude-sonnet-5-5');
const lookup = ai.tool({
  description: 'Looks up.',
  inputSchema: z.object({ key: z.number() }),
  execute: async () => 'found it',
});
const history = Array.from({ length: 20 }, (_, index) => ({
  role: index % 2 === 0 ? 'user' : 'assistant',
  content: `${index} ${'lorem ipsum dolor sit amet '.repeat(36)}`,
}));
let calls = 0;

async function run() {
  await ai.generateText({
    model,
    tools: { lookup },
    stopWhen: ai.stepCountIs(CALLS_PER_RUN),
    messages: [...history, { role: 'user', content: `task ${calls}` }],
  });
  calls += CALLS_PER_RUN;
}

async function timeFirstChunk() {
  const startMs = performance.now();
  const { textStream } = ai.streamText({ model, messages: [...history, { role: 'user', content: 'go on' }] });
  let firstMs;
  for await (const piece of textStream) if (piece !== '') firstMs ??= performance.now() - startMs;
  return firstMs;
}

async function measure(runs) {
  const [before, callsBefore] = [process.cpuUsage(), calls];
  for (let index = 0; index < runs; index += 1) await run();
  // What is still queued belongs to the calls, too.
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / (calls - callsBefore);
}

const coldUsPerCall = await measure(30);
for (let index = 30; index < Number(process.env.WARM_UP_RUNS ?? 100); index += 1) await run();
const cpuUsPerCall = await measure(Number(process.env.RUNS ?? 100));
const rssMb = process.memoryUsage().rss / 1e6;
const firstChunks = [];
for (let index = 0; index < 100; index += 1) firstChunks.push(await timeFirstChunk());
firstChunks.sort((a, b) => a - b);
console.log(JSON.stringify({ cpuUsPerCall, coldUsPerCall, rssMb, firstChunkMs: firstChunks[50], calls }));
