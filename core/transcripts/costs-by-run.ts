// Costs by run: what each run of a session paid for what it had in its context, by owner. Copies of a conversation
// carry context, and pay nothing: who made the call has paid.

import { emptyToolCost, type ToolCost } from '../attribution/attribution.ts';
import { PSEUDO_TOOLS } from '../attribution/block-shape.ts';
import { addToGroup } from '../group-by.ts';
import type { CostBuckets } from '../pricing/cost.ts';
import type { PriceOverrides } from '../pricing/price-overrides.ts';
import { addToolCost, ChainContext } from './context-costs.ts';
import type { SessionFacts } from './facts.ts';
import { priceCallFact, type PricedCall } from './price-facts.ts';

/**
 * The rows of each run; they sum to what its calls cost. `priced` are the calls of the session itself. Where a call turned
 * out to be another's, who would have paid for it has a row of nothing: one with something may be stored.
 */
export function costsByRun(
  { contexts, calls, tools }: SessionFacts,
  priced: readonly PricedCall[],
  overrides: PriceOverrides | undefined,
): ReadonlyMap<string, ReadonlyMap<string, ToolCost>> {
  const own = new Map(priced.map((each) => [each.call.key, each]));
  const known = new Map(calls.map((call) => [call.key, call]));
  const toolNames = new Map(tools.map((tool) => [tool.id, tool.name]));
  const uses = new Map<string, { tool: string; chars: number }[]>();
  for (const { callKey, name, inputLen } of tools) addToGroup(uses, callKey, { tool: name, chars: inputLen });
  const byRun = new Map<string, Map<string, ToolCost>>();
  const charged = new Set<string>();
  const lost = new Map<string, Set<string>>();
  for (const steps of contexts) {
    const chain = new ChainContext();
    for (const step of steps) {
      if (step.kind === 'part') chain.add(step.owner, step.chars);
      else if (step.kind === 'result')
        chain.add(toolNames.get(step.toolUseId) ?? PSEUDO_TOOLS.unknown, step.chars);
      else if (step.kind === 'compaction') chain.compact();
      else {
        const call = known.get(step.key);
        const mine = charged.has(step.key) ? undefined : own.get(step.key);
        const usage = (mine ?? (call && priceCallFact(call, overrides)))?.usage;
        if (call === undefined || usage === undefined) continue;
        if (own.get(step.key)?.call.run.id !== step.run)
          lost.set(step.run, new Set([...(lost.get(step.run) ?? []), ...chain.owners()]));
        const rows = chain.charge({ usage, cost: mine && bucketsOf(mine), uses: uses.get(step.key) ?? [] });
        if (mine === undefined) continue;
        charged.add(step.key);
        const costs = byRun.get(call.run.id) ?? new Map<string, ToolCost>();
        byRun.set(call.run.id, costs);
        for (const row of rows) addToolCost(costs, row);
      }
    }
  }
  for (const [run, owners] of lost) {
    const costs = byRun.get(run);
    if (costs === undefined) continue;
    for (const owner of owners) if (!costs.has(owner)) costs.set(owner, emptyToolCost(owner, 'prefix'));
  }
  return byRun;
}

function bucketsOf({ costNanoUsd, fields }: PricedCall): CostBuckets | undefined {
  if (costNanoUsd === undefined) return undefined;
  return {
    input: fields.cost_input_nano_usd ?? 0,
    cacheRead: fields.cost_cache_read_nano_usd ?? 0,
    cacheWrite5m: fields.cost_cache_write_5m_nano_usd ?? 0,
    cacheWrite1h: fields.cost_cache_write_1h_nano_usd ?? 0,
    output: fields.cost_output_nano_usd ?? 0,
    webSearch: fields.cost_web_search_nano_usd ?? 0,
  };
}
