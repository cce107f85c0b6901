// What a judge's call costs, and at most may cost. The most is what its bytes would cost as tokens, of which a text has
// never more, with all the output that is allowed: whatever the API counts, the limit holds.

import { priceCall } from '../../core/pricing/cost.ts';
import { requestOfMessage } from '../../core/pricing/price-request.ts';
import { readUsage, readingOf } from '../../core/pricing/usage.ts';
import { asJson, asText } from '../../core/model-call/json.ts';

/** What the API adds for a tool, at most. */
const TOOL_TOKENS = 1000;

/** Nano-USD; undefined where the model has no price. */
export function mostNanoUsd(body: Readonly<Record<string, unknown>>, atMs: number): number | undefined {
  const model = asText(body['model']) ?? '';
  const reading = readingOf({
    input: Buffer.byteLength(JSON.stringify(body)) + TOOL_TOKENS,
    cacheRead: 0,
    cacheWrite5m: 0,
    cacheWrite1h: 0,
    output: Number(body['max_tokens']),
    thinking: 0,
    webSearches: 0,
  });
  const cost = priceCall(reading, { model, requestedModel: model, atMs });
  return cost.status === 'unpriced' ? undefined : cost.costNanoUsd;
}

export function canPriceModel(model: string): boolean {
  return mostNanoUsd({ model, max_tokens: 1 }, Date.now()) !== undefined;
}

/** Of a Message that answered; undefined where it cannot be priced. */
export function answerNanoUsd(message: unknown, requestedModel: string, atMs: number): number | undefined {
  const answer = asJson(message);
  const { reading, circumstances } = requestOfMessage(
    {
      reading: readUsage(answer['usage']),
      model: asText(answer['model']),
      requestedModel,
      stopReason: asText(answer['stop_reason']),
      hasOutput: true,
      isComplete: true,
      hasCodeExecution: false,
      billTo: undefined,
    },
    { atMs, requestedModel },
  );
  const cost = priceCall(reading, circumstances);
  return cost.status === 'unpriced' ? undefined : cost.costNanoUsd;
}
