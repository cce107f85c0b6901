// Usage of one message in plain numbers, for programs that act on cost themselves.

import { priceCall } from '../../core/pricing/cost.ts';
import { usdOf } from '../../core/money.ts';
import { readUsage } from '../../core/pricing/usage.ts';
import type { MessageUsage } from '../index.ts';

export function priceMessage(message: { readonly model: string; readonly usage: unknown }): MessageUsage {
  const reading = readUsage(message.usage);
  const usage = 'error' in reading ? undefined : reading.usage;
  const cost = priceCall({ model: message.model, usage: message.usage, atMs: Date.now() });
  return {
    tokensInput: usage?.input ?? 0,
    tokensCacheRead: usage?.cacheRead ?? 0,
    tokensCacheWrite5m: usage?.cacheWrite5m ?? 0,
    tokensCacheWrite1h: usage?.cacheWrite1h ?? 0,
    tokensOutput: usage?.output ?? 0,
    costStatus: cost.status,
    ...(cost.status === 'unpriced'
      ? { unpricedReason: cost.reason }
      : { costNanoUsd: cost.costNanoUsd, costUsd: usdOf(cost.costNanoUsd) }),
  };
}
