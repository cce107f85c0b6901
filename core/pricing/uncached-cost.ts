// The cost that a call would have had without a cache: what caching saved is the difference.

import { priceCall, type PriceOverrides } from './cost.ts';
import type { PriceRequest } from './price-request.ts';
import { inputTotal, isOneStep, withUsage } from './usage.ts';

/** In nano-USD; `undefined` where the call itself has no price, or is several steps that are priced apart. */
export function priceUncached(
  { reading, circumstances }: PriceRequest,
  overrides: PriceOverrides | undefined,
): number | undefined {
  if ('error' in reading || !isOneStep(reading)) return undefined;
  const usage = {
    ...reading.usage,
    input: inputTotal(reading.usage),
    cacheRead: 0,
    cacheWrite5m: 0,
    cacheWrite1h: 0,
  };
  const cost = priceCall(withUsage(reading, usage), circumstances, overrides);
  return cost.status === 'unpriced' ? undefined : cost.costNanoUsd;
}
