// Totals of a run that ended: what its own calls and tools come to, and beside it what the runs nested in it come to, on
// all levels, so that no sum over runs counts anything twice.

import type { EventRecord } from './event.ts';
import { isCostUnknown } from './pricing/unknown-cost.ts';

export interface TotalsOfRun {
  readonly turns: number;
  readonly toolCalls: number;
  readonly tokensIn: number;
  readonly tokensOut: number;
  readonly costNanoUsd: number;
  /** Model calls with a usage and without a price. */
  readonly unpricedCalls: number;
  /** Absent where nothing tells of them. */
  readonly retries?: number | undefined;
}

/** Fields of the end of a run; `nested` has one entry for each run within it. */
export function runTotalFields(own: TotalsOfRun, nested: readonly TotalsOfRun[]): Partial<EventRecord> {
  return {
    'agent.turns': own.turns,
    'agent.tool_calls': own.toolCalls,
    'agent.tokens_in': own.tokensIn,
    'agent.tokens_out': own.tokensOut,
    'agent.retries': own.retries,
    ...nestedFields(nested),
    ...costFields(own, nested),
  };
}

function nestedFields(nested: readonly TotalsOfRun[]): Partial<EventRecord> {
  if (nested.length === 0) return {};
  return {
    'agent.nested_runs': nested.length,
    'agent.nested_turns': sum(nested, ({ turns }) => turns),
    'agent.nested_tool_calls': sum(nested, ({ toolCalls }) => toolCalls),
    'agent.nested_tokens_in': sum(nested, ({ tokensIn }) => tokensIn),
    'agent.nested_tokens_out': sum(nested, ({ tokensOut }) => tokensOut),
    'agent.nested_retries': nested.every(({ retries }) => retries === undefined)
      ? undefined
      : sum(nested, ({ retries = 0 }) => retries),
  };
}

/** What the run and those nested in it cost; nothing where no call has a price and some would need one. */
function costFields(own: TotalsOfRun, nested: readonly TotalsOfRun[]): Partial<EventRecord> {
  if (isCostUnknown(own, ...nested)) return {};
  return {
    'agent.cost_nano_usd': own.costNanoUsd,
    ...(nested.length > 0
      ? { 'agent.nested_cost_nano_usd': sum(nested, ({ costNanoUsd }) => costNanoUsd) }
      : {}),
  };
}

function sum(totals: readonly TotalsOfRun[], count: (each: TotalsOfRun) => number): number {
  return totals.reduce((total, each) => total + count(each), 0);
}
