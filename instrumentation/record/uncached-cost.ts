// The cost that a call would have had without a cache: what caching saved is the difference.

import { priceCall, type PriceOverrides, type PriceRequest } from '../../core/pricing/cost.ts';
import { inputTotal, type UsageReading } from '../../core/pricing/usage.ts';
import { asJson } from './request-facts.ts';

/** In nano-USD; `undefined` where the call itself has no price, or is several steps that are priced apart. */
export function priceUncached(
  request: PriceRequest,
  reading: UsageReading,
  overrides: PriceOverrides | undefined,
): number | undefined {
  const raw = asJson(request.usage);
  if (raw['iterations'] !== undefined && raw['iterations'] !== null) return undefined;
  const usage = {
    ...raw,
    input_tokens: inputTotal(reading.usage),
    cache_read_input_tokens: 0,
    cache_creation_input_tokens: 0,
    cache_creation: null,
  };
  const cost = priceCall({ ...request, usage }, overrides);
  return cost.status === 'unpriced' ? undefined : cost.costNanoUsd;
}
