// Calls with tokens in the cache and the price of the table, as events: what forensics and what-if start from.

import { priceCall } from '../../../core/pricing/cost.ts';
import { readUsage } from '../../../core/pricing/usage.ts';
import type { EventRecord } from '../../../core/event.ts';

export const START_MS = Date.UTC(2026, 10, 20);
export const MODEL = 'claude-opus-5-5';

export interface PricedCall {
  readonly step?: number;
  /** Milliseconds after {@link START_MS} at which the call began; it takes a second. */
  readonly atMs?: number;
  readonly input?: number;
  readonly read?: number;
  readonly written5m?: number;
  readonly written1h?: number;
  readonly fields?: Partial<EventRecord>;
}

export function pricedCall(call: PricedCall): EventRecord {
  const { step = 1, atMs = 0, input = 0, read = 0, written5m = 0, written1h = 0, fields = {} } = call;
  const reading = readUsage({
    input_tokens: input,
    output_tokens: 100,
    cache_read_input_tokens: read,
    cache_creation_input_tokens: written5m + written1h,
    cache_creation: { ephemeral_5m_input_tokens: written5m, ephemeral_1h_input_tokens: written1h },
  });
  const cost = priceCall(reading, {
    model: fields['gen_ai.response.model'] ?? MODEL,
    atMs: START_MS,
  });
  return {
    timestamp: START_MS + atMs + 1_000,
    'event.name': 'agent.model_call',
    duration_ms: 1_000,
    'agent.run_id': 'run',
    'agent.step_number': step,
    'gen_ai.response.model': MODEL,
    tokens_input: input,
    tokens_cache_read: read,
    tokens_cache_write_5m: written5m,
    tokens_cache_write_1h: written1h,
    tokens_output: 100,
    cost_nano_usd: cost.status === 'unpriced' ? 1_000 : cost.costNanoUsd,
    ...fields,
  };
}
