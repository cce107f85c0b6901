// What a call of a transcript costs, from the message of its line, as for one that came from the API.

import { MessageReader } from '../model-call/message-reader.ts';
import { modelCallFields, type ModelCallFields } from '../model-call/model-call-fields.ts';
import { platformOfMessageId, providerOf } from '../pricing/circumstances.ts';
import { priceCall, type PriceOverrides } from '../pricing/cost.ts';
import { requestOfMessage } from '../pricing/price-request.ts';
import { priceUncached } from '../pricing/uncached-cost.ts';
import {
  isOneStep,
  NO_USAGE,
  readingOf,
  readUsage,
  usageOfPart,
  type Usage,
  type UsageError,
  type UsageReading,
} from '../pricing/usage.ts';
import type { TranscriptCall } from './facts.ts';

export interface PricedCall {
  readonly call: TranscriptCall;
  /** Absent where the usage could not be read. */
  readonly usage: Usage | undefined;
  /** What Claude Code's own ledger counts of the call, by model. */
  readonly counted: readonly { readonly model: string; readonly usage: Usage }[];
  readonly model: string;
  readonly costNanoUsd: number | undefined;
  /** Fields of the event, but for its place in the run. */
  readonly fields: ModelCallFields;
}

export function priceCallFact(call: TranscriptCall, overrides?: PriceOverrides): PricedCall {
  const { stop_reason: _unknown, ...envelope } = call.message;
  const answer = new MessageReader().readMessage({
    ...envelope,
    ...(call.stopReason !== undefined && { stop_reason: call.stopReason }),
    content: call.blocks,
  });
  const { reading, circumstances } = requestOfMessage(answer, {
    atMs: call.startMs,
    requestedModel: answer.requestedModel ?? call.requestedModel,
  });
  const platform = platformOfMessageId(call.messageId);
  const where = { ...circumstances, platform, isRegionUntold: true, isComplete: call.isComplete };
  const cost = priceCall(reading, where, overrides);
  return {
    call,
    usage: 'error' in reading ? undefined : reading.usage,
    counted: countedOf(call.message['usage'], reading, circumstances.model),
    model: circumstances.model,
    costNanoUsd: cost.status === 'unpriced' ? undefined : cost.costNanoUsd,
    fields: modelCallFields({
      provider: platform && providerOf(platform),
      requestedModel: where.requestedModel ?? where.model,
      answer,
      responseId: call.messageId,
      requestId: call.requestId,
      skill: call.skill,
      durationMs: call.endMs - call.startMs,
      reading,
      cost,
      uncachedNanoUsd: priceUncached({ reading, circumstances: where }, overrides),
    }),
  };
}

/**
 * Claude Code counts the totals of a usage object, and the adviser's steps for the adviser's model. What the totals do
 * not hold (a compaction by the API, an attempt before a fallback) it does not count.
 */
function countedOf(raw: unknown, reading: UsageReading | UsageError, model: string): PricedCall['counted'] {
  if ('error' in reading) return [];
  if (isOneStep(reading)) return [{ model, usage: reading.usage }];
  const totals = readUsage({ ...Object(raw), iterations: null });
  const advice = reading.parts.filter((part) => part.kind === 'advisor_message' && part.model !== undefined);
  return [
    ...('error' in totals ? [] : [{ model, usage: totals.usage }]),
    ...advice.map((part) => ({ model: part.model ?? model, usage: usageOfPart(part) })),
  ];
}

/** Counts of which no single call is known. */
export interface LooseCounts extends Partial<Usage> {
  /** Written to the cache for a time that is not known. */
  readonly cacheWriteUnknown?: number;
}

/** Fields of an event for counts of which no single call is known: priced as one call, and an estimate for `reason`. */
export function estimate(
  operation: string,
  { cacheWriteUnknown = 0, ...counts }: LooseCounts,
  model: string,
  atMs: number,
  reason: string,
  overrides?: PriceOverrides,
): ModelCallFields {
  const known = { ...NO_USAGE, ...counts };
  const reading = readingOf(
    { ...known, cacheWrite5m: known.cacheWrite5m + cacheWriteUnknown },
    { isCacheSplitKnown: cacheWriteUnknown === 0 },
  );
  const cost = priceCall(reading, { model, atMs }, overrides);
  return modelCallFields({
    operation,
    requestedModel: model,
    reading,
    cost: cost.status === 'unpriced' ? cost : { ...cost, status: 'estimated', reason },
  });
}
