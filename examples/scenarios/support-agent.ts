// The fake API's side of the support agent: 3 runs, 11 model calls, 9 tool calls.
// One overloaded answer is retried by the SDK, one refund fails and is repeated by the model.
// The usages are data, so that the cost of the whole demo can be computed by hand.

import { errorExchange, type Exchange, type Scenario } from '../fake-api/exchange.ts';
import { streamMessage, type FakeBlock, type FakeMessage } from '../fake-api/message-stream.ts';

interface Tokens {
  readonly input: number;
  readonly output: number;
  readonly write5m?: number;
  readonly write1h?: number;
  readonly read?: number;
}

function usageOf({ input, output, write5m = 0, write1h = 0, read = 0 }: Tokens): Record<string, unknown> {
  return {
    input_tokens: input,
    cache_creation_input_tokens: write5m + write1h,
    cache_read_input_tokens: read,
    cache_creation: { ephemeral_5m_input_tokens: write5m, ephemeral_1h_input_tokens: write1h },
    output_tokens: output,
    service_tier: 'standard',
    inference_geo: 'global',
  };
}

/** A run's messages: `tag` keeps their ids and those of their tool calls apart from other runs'. */
function conversation(
  tag: string,
  model: string,
): (blocks: (string | ToolUse)[], tokens: Tokens) => FakeMessage {
  let step = 0;
  return (blocks, tokens) => {
    step += 1;
    const id = `${tag}${String(step)}`;
    const content = blocks.map((block, index): FakeBlock =>
      typeof block === 'string'
        ? { type: 'text', text: block }
        : { type: 'tool_use', id: `toolu_${id}_${String(index)}`, name: block.name, input: block.input },
    );
    return {
      id: `msg_${id}`,
      type: 'message',
      role: 'assistant',
      model,
      content,
      stop_reason: content.some(({ type }) => type === 'tool_use') ? 'tool_use' : 'end_turn',
      stop_sequence: null,
      usage: usageOf(tokens),
    };
  };
}

interface ToolUse {
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
}
const use = (name: string, input: Readonly<Record<string, unknown>>): ToolUse => ({ name, input });

/**
 * The scenario. `tag` makes the message ids of one play unlike those of another;
 * `delayMs` slows every answer down as a model would.
 */
export function supportAgentScenario(tag = 'demo', delayMs = 0): Scenario {
  const first = conversation(`${tag}a`, 'claude-sonnet-5-5');
  const second = conversation(`${tag}b`, 'claude-opus-5-5');
  const third = conversation(`${tag}c`, 'claude-haiku-5-5');
  const streamed = (message: FakeMessage): Exchange => ({
    events: streamMessage(message, { delayMs: Math.ceil(delayMs / 10) }),
    delayMs,
  });
  const plain = (message: FakeMessage): Exchange => ({ json: message, delayMs });

  return {
    exchanges: [
      // Where is my order? Two tools in parallel, streamed throughout.
      streamed(first([use('lookup_order', { order: 'A-1001' })], { input: 41, output: 78, write5m: 2_130 })),
      streamed(
        first(
          [
            'The order has been shipped.',
            use('track_parcel', { parcel: 'P-77' }),
            use('search_docs', { query: 'delivery parcels' }),
          ],
          { input: 112, output: 141, read: 2_130 },
        ),
      ),
      streamed(first([use('search_docs', { query: 'searched' })], { input: 268, output: 64, read: 2_130 })),
      streamed(
        first(['Your parcel P-77 is in Leipzig. ', 'It should reach you within four working days.'], {
          input: 391,
          output: 52,
          read: 2_130,
        }),
      ),
      // A refund that is first too high; the first request meets an overloaded server.
      errorExchange(529, 'overloaded_error', 'Overloaded', { 'retry-after-ms': '20' }),
      plain(second([use('lookup_order', { order: 'A-1002' })], { input: 57, output: 83, write1h: 2_044 })),
      plain(
        second([use('refund', { order: 'A-1002', cents: 2_500 })], { input: 149, output: 97, read: 2_044 }),
      ),
      plain(
        second(['That was too much, I try the price.', use('refund', { order: 'A-1002', cents: 1_999 })], {
          input: 277,
          output: 118,
          read: 2_044,
        }),
      ),
      plain(second(['I have refunded 19.99 euros to your card.'], { input: 402, output: 33, read: 2_044 })),
      // A question for the help pages.
      plain(third([use('search_docs', { query: 'batteries lamps' })], { input: 2_019, output: 61 })),
      plain(third([use('search_docs', { query: 'rechargeable' })], { input: 2_167, output: 58 })),
      plain(third(['Two AA cells; rechargeable ones work too.'], { input: 2_288, output: 27 })),
    ],
  };
}
