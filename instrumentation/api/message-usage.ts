// Usage of one message in plain numbers, for programs that act on cost themselves.

import { MessageReader } from '../../core/model-call/message-reader.ts';
import { usdOf } from '../../core/money.ts';
import { priceCall } from '../../core/pricing/cost.ts';
import { requestOfMessage } from '../../core/pricing/price-request.ts';
import type { MessageUsage } from './types.ts';

export function priceMessage(message: { readonly model: string; readonly usage: unknown }): MessageUsage {
  const answer = new MessageReader().readMessage(message);
  const { reading, circumstances } = requestOfMessage(answer, { atMs: Date.now() });
  const usage = 'error' in reading ? undefined : reading.usage;
  const cost = priceCall(reading, circumstances);
  return {
    tokensInput: usage?.input ?? 0,
    tokensCacheRead: usage?.cacheRead ?? 0,
    tokensCacheWrite5m: usage?.cacheWrite5m ?? 0,
    tokensCacheWrite1h: usage?.cacheWrite1h ?? 0,
    tokensOutput: usage?.output ?? 0,
    costStatus: cost.status,
    ...(cost.status === 'unpriced'
      ? { unpricedReason: cost.reason }
      : {
          costNanoUsd: cost.costNanoUsd,
          costUsd: usdOf(cost.costNanoUsd),
          ...(cost.reason !== undefined && { costReason: cost.reason }),
        }),
  };
}
