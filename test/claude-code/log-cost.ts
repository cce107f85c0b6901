// What the API answered, and so what was really used, priced by the product's own table.

import { MessageReader } from '../../core/model-call/message-reader.ts';
import { priceCall } from '../../core/pricing/cost.ts';
import { requestOfMessage } from '../../core/pricing/price-request.ts';
import type { FakeMessage } from '../fakes/anthropic-api.ts';

/** Nano-USD. @throws when a model of the log has no price */
export function costOfLog(log: readonly FakeMessage[]): number {
  return log.reduce((sum, message) => {
    const { reading, circumstances } = requestOfMessage(new MessageReader().readMessage(message), {
      atMs: Date.now(),
    });
    const cost = priceCall(reading, circumstances);
    if (cost.status === 'unpriced')
      throw new Error(`the fake API used a model without a price: ${cost.detail}`);
    return sum + cost.costNanoUsd;
  }, 0);
}

/** The log as a reporter knows it who sees neither the lifetimes of cache writes nor web searches. */
export function withoutDetails(log: readonly FakeMessage[]): FakeMessage[] {
  return log.map((message) => {
    const { cache_creation: _lifetimes, server_tool_use: _searches, ...usage } = message.usage;
    return { ...message, usage };
  });
}
