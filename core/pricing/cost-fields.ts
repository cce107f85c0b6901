// Fields of the events that follow a model call and have a cost of their own, ready to be spread into the event.

import type { ToolCost } from '../attribution/attribution.ts';
import type { EventRecord } from '../event.ts';

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
