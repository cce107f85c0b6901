// The Vercel AI SDK, versions 5 to 7: an agent loop by generateText or streamText, with or without its own telemetry.
import { createAnthropic } from '@ai-sdk/anthropic';
import * as ai from 'ai';
import { z } from 'zod';

const { WAY = 'generate', TELEMETRY } = process.env;
const anthropic = createAnthropic({ baseURL: `${process.env.ANTHROPIC_BASE_URL}/v1`, apiKey: 'k' });
const look = ai.tool({
  description: 'Looks something up.',
  inputSchema: z.object({ at: z.string() }),
  execute: async () => 'secret-result',
});
if (TELEMETRY === 'registered') {
  const { OpenTelemetry } = await import('@ai-sdk/otel');
  ai.registerTelemetry(new OpenTelemetry());
}
const telemetry = { isEnabled: true, functionId: 'guide', metadata: { userId: 'u-7', sessionId: 's-7' } };
const options = {
  model: anthropic('claude-sonnet-4-5'),
  tools: { look },
  stopWhen: ai.stepCountIs(5),
  prompt: 'secret-prompt',
  ...(TELEMETRY === 'spans' ? { experimental_telemetry: telemetry } : {}),
  // Version 7: seen on its channel, whether anything is registered or not.
  ...(TELEMETRY === 'named' || TELEMETRY === 'registered'
    ? {
        telemetry: { functionId: 'guide', includeRuntimeContext: { userId: true, sessionId: true } },
        runtimeContext: { userId: 'u-7', sessionId: 's-7', secret: 'secret-context' },
      }
    : {}),
};
// `agent`: the same as an agent with an id, and with a name for its telemetry where that is on.
const { prompt, ...settings } = options;
const agent = WAY.startsWith('agent') ? new ai.ToolLoopAgent({ id: 'scout', ...settings }) : undefined;
if (WAY.endsWith('stream')) {
  const { textStream } = agent === undefined ? ai.streamText(options) : await agent.stream({ prompt });
  for await (const piece of textStream) process.stdout.write(piece);
  console.log();
} else
  console.log((await (agent === undefined ? ai.generateText(options) : agent.generate({ prompt }))).text);
