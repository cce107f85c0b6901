// What the API answers to an agent of the matrix: two tool calls, one after the other, then a text. What is asked for
// decides, so that any number of agents can be served at once; each costs the same.

import type { Exchange, RecordedRequest, Scenario } from '../fakes/anthropic-api.ts';
import { answer, streamedAnswer, text, toolUse } from '../fakes/messages.ts';

const MODEL = 'claude-sonnet-4-5';
/** Usage of the three calls: input, cache write, cache read, output. */
const USAGES = [
  [1_200, 2_000, 0, 80],
  [100, 500, 2_000, 60],
  [90, 0, 2_500, 120],
] as const;
/** List price in nano-USD for a token of each kind: $3, $3.75, $0.30, $15 for a million. */
const RATES = [3_000, 3_750, 300, 15_000] as const;

/** What an agent costs by hand, in nano-USD. */
export const AGENT_COST_NANO_USD = USAGES.reduce<number>(
  (sum, usage) => sum + usage.reduce<number>((cost, tokens, index) => cost + tokens * (RATES[index] ?? 0), 0),
  0,
);
export const AGENT_TOKENS_IN = USAGES.reduce<number>(
  (sum, [input, write, read]) => sum + input + write + read,
  0,
);
export const AGENT_TOKENS_OUT = USAGES.reduce<number>((sum, [, , , output]) => sum + output, 0);

export const agentScenario: Scenario = { exchanges: [], respond };

function respond({ body }: RecordedRequest): Exchange | undefined {
  const request = body as { readonly stream?: boolean; readonly messages?: readonly unknown[] } | undefined;
  if (!Array.isArray(request?.messages)) return undefined;
  const step = JSON.stringify(request.messages).split('"tool_result"').length - 1;
  const [input = 0, write = 0, read = 0, output = 0] = USAGES[Math.min(step, 2)] ?? [];
  const options = {
    model: MODEL,
    blocks: step < 2 ? [toolUse('look', { at: 'secret-argument' })] : [text('secret-answer')],
    usage: {
      input_tokens: input,
      cache_creation_input_tokens: write,
      cache_creation: { ephemeral_5m_input_tokens: write, ephemeral_1h_input_tokens: 0 },
      cache_read_input_tokens: read,
      output_tokens: output,
    },
  };
  return request.stream === true ? streamedAnswer(options) : answer(options);
}
