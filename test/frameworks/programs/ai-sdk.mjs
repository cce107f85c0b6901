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
if (WAY === 'stream') {
  const { textStream } = ai.streamText(options);
  for await (const piece of textStream) process.stdout.write(piece);
  console.log();
} else console.log((await ai.generateText(options)).text);
