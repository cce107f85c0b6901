// Fields of a model call that come from its usage and its cost, ready to be spread into the event.

import type { ToolCost } from '../attribution/attribution.ts';
import type { CallCost } from './cost.ts';
import type { EventRecord } from '../event.ts';
import { usdOf } from '../money.ts';
import { inputTotal, type UsageReading } from './usage.ts';

/** The token, search, tier, speed and residency fields. */
export function usageFields(reading: UsageReading): Partial<EventRecord> {
  const { usage } = reading;
  return {
    tokens_input: usage.input,
    tokens_cache_read: usage.cacheRead,
    tokens_cache_write_5m: usage.cacheWrite5m,
    tokens_cache_write_1h: usage.cacheWrite1h,
    tokens_output: usage.output,
    tokens_thinking: usage.thinking,
    'gen_ai.usage.input_tokens': inputTotal(usage),
    'gen_ai.usage.output_tokens': usage.output,
    'gen_ai.usage.cache_read.input_tokens': usage.cacheRead,
    'gen_ai.usage.cache_creation.input_tokens': usage.cacheWrite5m + usage.cacheWrite1h,
    web_searches: usage.webSearches,
    ...(reading.serviceTier !== undefined && { service_tier: reading.serviceTier }),
    ...(reading.speed !== undefined && { speed: reading.speed }),
    ...(reading.inferenceGeo !== undefined && { inference_geo: reading.inferenceGeo }),
  };
}

/** The cost fields. An unpriced call has a status and a reason, and no cost. */
export function costFields(cost: CallCost): Partial<EventRecord> {
  if (cost.status === 'unpriced') {
    return {
      'tallyspan.cost.status': cost.status,
      'tallyspan.cost.unpriced_reason': cost.reason,
      'tallyspan.price.table': cost.table,
    };
  }
  return {
    cost_nano_usd: cost.costNanoUsd,
    'gen_ai.usage.cost': usdOf(cost.costNanoUsd),
    cost_input_nano_usd: cost.buckets.input,
    cost_cache_read_nano_usd: cost.buckets.cacheRead,
    cost_cache_write_5m_nano_usd: cost.buckets.cacheWrite5m,
    cost_cache_write_1h_nano_usd: cost.buckets.cacheWrite1h,
    cost_output_nano_usd: cost.buckets.output,
    cost_web_search_nano_usd: cost.buckets.webSearch,
    'tallyspan.cost.status': cost.status,
    ...(cost.reason !== undefined && { 'tallyspan.cost.reason': cost.reason }),
    'tallyspan.price.table': cost.table,
    'tallyspan.price.row': cost.row,
  };
}

/** The fields of an `agent.tool_cost` event that come from its row. */
export function toolCostFields(row: ToolCost): Partial<EventRecord> {
  return {
    'gen_ai.tool.name': row.tool,
    cost_nano_usd: row.costNanoUsd,
    cost_first_read_nano_usd: row.firstReadNanoUsd,
    cost_cache_write_nano_usd: row.cacheWriteNanoUsd,
    cost_cache_read_nano_usd: row.cacheReadNanoUsd,
    cost_carry_nano_usd: row.carryNanoUsd,
    cost_output_nano_usd: row.outputNanoUsd || undefined,
    cost_web_search_nano_usd: row.webSearchNanoUsd || undefined,
    tokens: row.tokens,
    'tallyspan.rule': row.rule,
  };
}
