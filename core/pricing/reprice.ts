// Re-pricing: what a recorded call would have cost with other counts, another model or another tier.
// A call that is not changed costs what it cost. A changed one costs what the table says, times what it
// really cost divided by what the table says it should have: so contract rates and regions carry over.

import type { CallFact } from './call-facts.ts';
import { priceCall, type PriceOverrides } from './cost.ts';
import { requestOfEvent } from './price-request.ts';
import { withUsage, type Usage } from './usage.ts';

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
  const request = requestOfEvent(call.event, 'sums');
  if (typeof request === 'string') return undefined;
  const actual = tablePrice(call, request, {}, overrides);
  const changed = tablePrice(call, request, change, overrides);
  if (actual === undefined || changed === undefined) return undefined;
  // Nothing to compare with: the call was free, so it stays free unless something is now billed.
  if (actual === 0) return call.costNanoUsd === 0 ? changed : undefined;
  return (changed / actual) * call.costNanoUsd;
}

function tablePrice(
  { event, usage: actualUsage }: CallFact,
  request: Exclude<ReturnType<typeof requestOfEvent>, string>,
  { usage = actualUsage, model, isBatch = event.service_tier === 'batch' }: CallChange,
  overrides: PriceOverrides | undefined,
): number | undefined {
  if ('error' in request.reading) return undefined;
  const reading = {
    ...withUsage(request.reading, usage),
    serviceTier: isBatch ? 'batch' : 'standard',
    // Another model and a batch both run at standard speed.
    speed: isBatch || model !== undefined ? undefined : event.speed,
  };
  const circumstances =
    model === undefined
      ? request.circumstances
      : { ...request.circumstances, model, requestedModel: undefined };
  const cost = priceCall(reading, circumstances, overrides);
  return cost.status === 'unpriced' ? undefined : cost.costNanoUsd;
}
