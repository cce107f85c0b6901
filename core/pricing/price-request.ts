// Price request: reading and circumstances of one call, as `priceCall` takes them. Made here and nowhere else: from a
// Message, from a stored event, and from the attributes of a span.

import { usageOfEvent } from './call-facts.ts';
import { gatewayOf, platformOf, type CallCircumstances, type Platform } from './circumstances.ts';
import type { EventRecord } from '../event.ts';
import { resolveModelId } from './model-id.ts';
import { NO_USAGE, addUsage, readUsage, readingOf, type UsageError, type UsageReading } from './usage.ts';

export interface PriceRequest {
  readonly reading: UsageReading | UsageError;
  readonly circumstances: CallCircumstances;
}

/** What a Message says about its price. */
export interface MessageFacts {
  readonly reading: UsageReading | UsageError;
  readonly model: string | undefined;
  readonly requestedModel: string | undefined;
  readonly stopReason: string | undefined;
  readonly hasOutput: boolean | undefined;
  readonly isComplete: boolean;
  readonly hasCodeExecution: boolean | undefined;
  readonly billTo: string | undefined;
}

/** What the sender of a request knows and its Message does not say. */
export interface RequestContext {
  /** When the request was made, Unix milliseconds. */
  readonly atMs: number;
  readonly requestedModel?: string | undefined;
  readonly platform?: Platform | undefined;
  readonly region?: string | undefined;
  readonly billTo?: string | undefined;
}

export function requestOfMessage(message: MessageFacts, context: RequestContext): PriceRequest {
  const requestedModel = context.requestedModel ?? message.requestedModel;
  return {
    reading: message.reading,
    circumstances: {
      model: message.model ?? requestedModel ?? '',
      requestedModel,
      atMs: context.atMs,
      platform: context.platform,
      region: context.region,
      stopReason: message.stopReason,
      hasOutput: message.hasOutput,
      isComplete: message.isComplete,
      hasCodeExecution: message.hasCodeExecution,
      billTo: context.billTo ?? message.billTo,
    },
  };
}

/** Why an event does not say enough to price its call again. */
export type EventGap = 'not_a_model_call' | 'usage_missing' | 'several_steps' | 'billed_elsewhere';

const STEP_REASONS: ReadonlySet<string> = new Set([
  'step_kind_unknown',
  'step_speed_unknown',
  'prompt_length_per_step',
  'refusal_after_other_steps',
]);
const UNREAD_REASONS: ReadonlySet<string> = new Set(['usage_missing', 'usage_invalid']);

/**
 * The request of a recorded `agent.model_call`. An event holds only the sums of its steps: the price of several is
 * not in it, and is a gap unless `steps` says that the sums will do, as they do to compare one change with another.
 */
export function requestOfEvent(
  event: EventRecord,
  steps: 'exact' | 'sums' = 'exact',
): PriceRequest | EventGap {
  if (event['event.name'] !== 'agent.model_call') return 'not_a_model_call';
  const row = event['tallyspan.price.row'] ?? '';
  const reason = event['tallyspan.cost.reason'] ?? event['tallyspan.cost.unpriced_reason'] ?? '';
  if (steps === 'exact' && (row.includes(' ') || STEP_REASONS.has(reason))) return 'several_steps';
  if (reason === 'user_profile_billed') return 'billed_elsewhere';
  const model = event['gen_ai.response.model'] ?? event['gen_ai.request.model'];
  if (model === undefined || UNREAD_REASONS.has(reason)) return 'usage_missing';
  if (steps === 'exact' && (event.tokens_input === undefined || event.tokens_output === undefined))
    return 'usage_missing';
  if (steps === 'exact' && isOfOtherModel(event, model)) return 'several_steps';
  const isRefusal = event['gen_ai.response.finish_reasons']?.includes('refusal') === true;
  return {
    reading: readingOf(usageOfEvent(event), {
      serviceTier: event.service_tier,
      speed: event.speed,
      inferenceGeo: event.inference_geo,
      isCacheSplitKnown: reason !== 'cache_lifetime_unknown',
    }),
    circumstances: {
      model,
      requestedModel: event['gen_ai.request.model'],
      atMs: event.timestamp - (event.duration_ms ?? 0),
      ...placeOf(row, event['gen_ai.provider.name']),
      gateway: gatewayOf(event['gen_ai.provider.name']),
      ...(isRefusal && { stopReason: 'refusal', hasOutput: !wasUnbilled(event, reason) }),
      isComplete: reason !== 'aborted',
      hasCodeExecution: reason === 'code_execution',
    },
  };
}

// The one billed step may have been on a model that the event does not name: an adviser, a fallback.
function isOfOtherModel(event: EventRecord, model: string): boolean {
  // An override file may have said that the model stands for another.
  if (event['tallyspan.price.table']?.includes('+') === true) return false;
  const [, priced] = /^[a-z]+\/([^@]+)@/.exec(event['tallyspan.price.row'] ?? '') ?? [];
  const named = resolveModelId(model);
  return priced !== undefined && 'id' in named && named.id !== priced;
}

// A refusal whose tokens cost nothing was not billed, whatever else its reason had to say.
function wasUnbilled(event: EventRecord, reason: string): boolean {
  if (reason === 'refusal_not_billed') return true;
  const { cost_nano_usd: cost, cost_web_search_nano_usd: searches } = event;
  return cost !== undefined && cost === (searches ?? 0) && (event.tokens_input ?? 0) > 0;
}

// A row of the table begins with the platform and ends with marks; without one, the provider is all there is.
function placeOf(row: string, provider: string | undefined): Pick<CallCircumstances, 'platform' | 'region'> {
  const [platform, ...marks] = [row.split('/')[0] ?? '', ...row.split('+').slice(1)];
  switch (platform) {
    case 'bedrock':
    case 'vertex':
      return { platform, region: marks.includes('regional') ? 'regional' : 'global' };
    case 'foundry':
      return { platform, region: marks.includes('us') ? 'us' : undefined };
    case 'anthropic':
    case 'aws':
      return { platform };
    default:
      return { platform: platformOf(provider) };
  }
}

/** The request of a span whose attributes are under the standard keys, with all input in one inclusive count. */
export function requestOfSpan(attributes: Readonly<Record<string, unknown>>, startMs: number): PriceRequest {
  const reasons = attributes['gen_ai.response.finish_reasons'];
  const isRefusal = Array.isArray(reasons) && reasons.includes('refusal');
  return {
    reading: readingOfSpan(attributes),
    circumstances: {
      model: text(attributes['gen_ai.response.model']) ?? '',
      requestedModel: text(attributes['gen_ai.request.model']),
      atMs: startMs,
      platform: platformOf(attributes['gen_ai.provider.name']),
      gateway: gatewayOf(attributes['gen_ai.provider.name']),
      ...(isRefusal && { stopReason: 'refusal' }),
    },
  };
}

/** Whether the span holds the API's own usage, so that its price is as exact as that of a Message. */
export function hasRawUsage(attributes: Readonly<Record<string, unknown>>): boolean {
  return text(attributes['anthropic.usage']) !== undefined;
}

function readingOfSpan(attributes: Readonly<Record<string, unknown>>): UsageReading | UsageError {
  const raw = text(attributes['anthropic.usage']);
  if (raw !== undefined) return readUsage(parsed(raw));
  const input = count(attributes['gen_ai.usage.input_tokens']);
  const output = count(attributes['gen_ai.usage.output_tokens']);
  if (input === undefined || output === undefined)
    return { error: 'usage_missing', message: 'the span has no counts of tokens' };
  const cacheRead = count(attributes['gen_ai.usage.cache_read.input_tokens']) ?? 0;
  const cacheWrite = count(attributes['gen_ai.usage.cache_creation.input_tokens']) ?? 0;
  const oneHour = count(attributes['tokens_cache_write_1h']);
  const fiveMinutes = count(attributes['tokens_cache_write_5m']);
  const reading = readingOf(
    {
      input: input - cacheRead - cacheWrite,
      cacheRead,
      cacheWrite5m: cacheWrite - (oneHour ?? 0),
      cacheWrite1h: oneHour ?? 0,
      output,
      thinking: count(attributes['tokens_thinking']) ?? 0,
      webSearches: count(attributes['web_searches']) ?? 0,
    },
    {
      isCacheSplitKnown: cacheWrite === 0 || oneHour !== undefined || fiveMinutes === cacheWrite,
      serviceTier: text(attributes['service_tier']),
      speed: text(attributes['speed']),
      inferenceGeo: text(attributes['inference_geo']),
    },
  );
  return 'error' in reading ? reading : withCompaction(reading, attributes);
}

/** A compaction is a step beside the answer, whose tokens are not in the counts of the span. */
function withCompaction(reading: UsageReading, attributes: Readonly<Record<string, unknown>>): UsageReading {
  const input = count(attributes['anthropic.usage.compaction.input_tokens']) ?? 0;
  const output = count(attributes['anthropic.usage.compaction.output_tokens']) ?? 0;
  if (input + output === 0) return reading;
  const [answer] = reading.parts;
  if (answer === undefined) return reading;
  return {
    ...reading,
    usage: addUsage(reading.usage, { ...NO_USAGE, input, output }),
    parts: [
      { ...answer, kind: 'message' },
      {
        ...answer,
        kind: 'compaction',
        input,
        output,
        cacheRead: 0,
        cacheWrite5m: 0,
        cacheWrite1h: 0,
        isCacheSplitKnown: true,
      },
    ],
  };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function count(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
}
