// Re-pricing: what a recorded call would have cost with other counts, another model or another tier.
// A call that is not changed costs what it cost. A changed one costs what the table says, times what it
// really cost divided by what the table says it should have: so contract rates and regions carry over.

import type { CallFact } from './call-facts.ts';
import { priceCall, type Platform, type PriceOverrides } from './cost.ts';
import type { Usage } from './usage.ts';

export interface CallChange {
  readonly usage?: Usage;
  readonly model?: string;
  readonly isBatch?: boolean;
}

/** Cost in nano-USD, not rounded; `undefined` when the table has no price for the call as it was or would be. */
export function repriceCall(
  call: CallFact,
  change: CallChange,
  overrides?: PriceOverrides,
): number | undefined {
  const actual = tablePrice(call, {}, overrides);
  const changed = tablePrice(call, change, overrides);
  if (actual === undefined || changed === undefined) return undefined;
  // Nothing to compare with: the call was free, so it stays free unless something is now billed.
  if (actual === 0) return call.costNanoUsd === 0 ? changed : undefined;
  return (changed / actual) * call.costNanoUsd;
}

function tablePrice(
  { event, model, usage: actualUsage, startMs }: CallFact,
  change: CallChange,
  overrides: PriceOverrides | undefined,
): number | undefined {
  const usage = change.usage ?? actualUsage;
  const isBatch = change.isBatch ?? event.service_tier === 'batch';
  const cost = priceCall(
    {
      model: change.model ?? model,
      atMs: startMs,
      platform: platformOf(event['gen_ai.provider.name']),
      usage: {
        input_tokens: usage.input,
        output_tokens: usage.output,
        cache_read_input_tokens: usage.cacheRead,
        cache_creation_input_tokens: usage.cacheWrite5m + usage.cacheWrite1h,
        cache_creation: {
          ephemeral_5m_input_tokens: usage.cacheWrite5m,
          ephemeral_1h_input_tokens: usage.cacheWrite1h,
        },
        server_tool_use: { web_search_requests: usage.webSearches },
        service_tier: isBatch ? 'batch' : 'standard',
        // Another model and a batch both run at standard speed.
        ...(event.speed === undefined || isBatch || change.model !== undefined ? {} : { speed: event.speed }),
        ...(event.inference_geo === undefined ? {} : { inference_geo: event.inference_geo }),
      },
    },
    overrides,
  );
  return cost.status === 'unpriced' ? undefined : cost.costNanoUsd;
}

function platformOf(provider: string | undefined): Platform {
  if (provider === 'aws.bedrock') return 'bedrock';
  return provider === 'gcp.vertex_ai' ? 'vertex' : 'anthropic';
}
