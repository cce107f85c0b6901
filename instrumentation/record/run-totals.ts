// Totals of a run: what its own model calls and tool calls come to. What runs nested in it come to is kept beside
// them, on all levels, so that no sum over runs counts anything twice.

import type { Fields } from './event-log.ts';

export class RunTotals {
  turns = 0;
  toolCalls = 0;
  tokensIn = 0;
  tokensOut = 0;
  costNanoUsd = 0;
  /** Model calls with a usage and without a price. */
  unpricedCalls = 0;
  retries = 0;
}

export type Total = keyof RunTotals;

export const TOTALS: readonly Total[] = [
  'turns',
  'toolCalls',
  'tokensIn',
  'tokensOut',
  'costNanoUsd',
  'unpricedCalls',
  'retries',
];

/** Fields of the totals of the nested runs; none where no run is nested. */
export function nestedFields(runs: number, nested: RunTotals): Fields {
  if (runs === 0) return {};
  return {
    'agent.nested_runs': runs,
    'agent.nested_turns': nested.turns,
    'agent.nested_tool_calls': nested.toolCalls,
    'agent.nested_tokens_in': nested.tokensIn,
    'agent.nested_tokens_out': nested.tokensOut,
    'agent.nested_cost_nano_usd': nested.costNanoUsd,
    'agent.nested_retries': nested.retries,
  };
}
