// The fields of an `agent.model_call`: one line each, whoever writes the event. A new field of the API is a line
// in core/schema.ts and one here, read from the answer's envelope or its usage.
// Source: what a writer knows of one call; what it does not know is left out.

import { prefixFields, type RequestShape } from '../attribution/request-shape.ts';
import type { CallCost, CostBuckets } from '../pricing/cost.ts';
import { inputTotal, type Usage, type UsageError, type UsageReading } from '../pricing/usage.ts';
import { usdOf } from '../money.ts';
import type { EVENTS, FieldValue } from '../schema.ts';
import { asJson, asText } from './json.ts';
import type { MessageReader } from './message-reader.ts';

export interface ModelCallSource {
  /** `chat` unless said. */
  readonly operation?: string | undefined;
  /** By the conventions, as `providerOf` gives it. */
  readonly provider?: string | undefined;
  readonly requestedModel?: string | undefined;
  /** What came back. Model, id and stop reason are its, unless they are given apart. */
  readonly answer?: MessageReader | undefined;
  readonly model?: string | undefined;
  readonly responseId?: string | undefined;
  readonly finishReasons?: readonly string[] | undefined;
  readonly requestId?: string | undefined;
  /** Skill of Claude Code in which it was made. */
  readonly skill?: string | undefined;
  /** Plan that it was made under; absent where it is paid by the call. */
  readonly plan?: string | undefined;
  /** Commit that the program was built from. */
  readonly revision?: string | undefined;
  readonly sdkVersion?: string | undefined;
  readonly durationMs?: number | undefined;
  readonly ttftMs?: number | undefined;
  readonly errorType?: string | undefined;
  /** From 1. */
  readonly step?: number | undefined;
  /** HTTP requests that the call took. */
  readonly attempts?: number | undefined;
  /** Status of each attempt but the last. */
  readonly retriedStatus?: readonly string[] | undefined;
  readonly reading?: UsageReading | UsageError | undefined;
  readonly cost?: CallCost | undefined;
  /** What the call would have cost without a cache. */
  readonly uncachedNanoUsd?: number | undefined;
  /** What the emitter says that it cost. */
  readonly claimedNanoUsd?: number | undefined;
  /** Of the request. */
  readonly shape?: RequestShape | undefined;
  /** What it paid for each part of its context, encoded. */
  readonly costShares?: readonly string[] | undefined;
  readonly content?: RecordedCall | undefined;
}

/** Request and answer as JSON, where content is wanted. */
export interface RecordedCall {
  readonly requestJson: string | undefined;
  readonly responseJson: string | undefined;
  /** Whether one of them was too long to be recorded. */
  readonly isCut: boolean;
}

type ModelCallKey = (typeof EVENTS)['agent.model_call']['fields'][number];
type Table = { readonly [K in ModelCallKey]: (source: ModelCallSource) => FieldValue<K> | undefined };
export type ModelCallFields = { readonly [K in ModelCallKey]?: FieldValue<K> };

// prettier-ignore
const TABLE: Table = {
  'gen_ai.operation.name': (call) => call.operation ?? 'chat',
  'gen_ai.provider.name': (call) => call.provider,
  'gen_ai.request.model': (call) => call.requestedModel,
  'gen_ai.response.model': (call) => call.model ?? call.answer?.model ?? call.requestedModel,
  'gen_ai.response.id': (call) => call.responseId ?? call.answer?.id,
  'anthropic.request.id': (call) => call.requestId,
  'anthropic.plan': (call) => call.plan,
  'agent.skill': (call) => call.skill,
  'vcs.ref.head.revision': (call) => call.revision,
  'tallyspan.sdk.version': (call) => call.sdkVersion,
  duration_ms: (call) => call.durationMs,
  ttft_ms: (call) => call.ttftMs,
  'gen_ai.response.finish_reasons': (call) => call.finishReasons ?? listOf(call.answer?.stopReason),

  tokens_input: (call) => usageOf(call)?.input,
  tokens_cache_read: (call) => usageOf(call)?.cacheRead,
  tokens_cache_write_5m: (call) => usageOf(call)?.cacheWrite5m,
  tokens_cache_write_1h: (call) => usageOf(call)?.cacheWrite1h,
  tokens_output: (call) => usageOf(call)?.output,
  tokens_thinking: (call) => usageOf(call)?.thinking,
  'gen_ai.usage.input_tokens': (call) => ofUsage(call, inputTotal),
  'gen_ai.usage.output_tokens': (call) => usageOf(call)?.output,
  'gen_ai.usage.cache_read.input_tokens': (call) => usageOf(call)?.cacheRead,
  'gen_ai.usage.cache_creation.input_tokens': (call) => ofUsage(call, (usage) => usage.cacheWrite5m + usage.cacheWrite1h),
  web_searches: (call) => usageOf(call)?.webSearches,
  service_tier: (call) => readingOf(call)?.serviceTier,
  speed: (call) => readingOf(call)?.speed,
  inference_geo: (call) => readingOf(call)?.inferenceGeo,

  'agent.step_number': (call) => call.step,
  attempts: (call) => call.attempts,
  retried_status: (call) => (call.retriedStatus?.length === 0 ? undefined : call.retriedStatus),
  'error.type': (call) => call.errorType,

  cost_nano_usd: (call) => costOf(call)?.costNanoUsd,
  'gen_ai.usage.cost': (call) => ofCost(call, (cost) => usdOf(cost.costNanoUsd)),
  cost_input_nano_usd: (call) => bucketsOf(call)?.input,
  cost_cache_read_nano_usd: (call) => bucketsOf(call)?.cacheRead,
  cost_cache_write_5m_nano_usd: (call) => bucketsOf(call)?.cacheWrite5m,
  cost_cache_write_1h_nano_usd: (call) => bucketsOf(call)?.cacheWrite1h,
  cost_output_nano_usd: (call) => bucketsOf(call)?.output,
  cost_web_search_nano_usd: (call) => bucketsOf(call)?.webSearch,
  cost_uncached_nano_usd: (call) => call.uncachedNanoUsd,
  cost_claimed_nano_usd: (call) => call.claimedNanoUsd,
  'tallyspan.cost.status': (call) => call.cost?.status,
  'tallyspan.cost.unpriced_reason': ({ cost }) => (cost?.status === 'unpriced' ? cost.reason : undefined),
  'tallyspan.cost.reason': (call) => costOf(call)?.reason,
  'tallyspan.price.table': (call) => call.cost?.table,
  'tallyspan.price.row': (call) => costOf(call)?.row,

  cache_miss_reason: (call) => cacheMissReason(call.answer),
  tokens_tool_definitions: ({ shape }) => Math.round(shape?.toolDefinitionTokens ?? 0) || undefined,
  'tallyspan.cost_shares': ({ costShares }) => costShares,
  cache_breakpoints: (call) => call.shape?.breakpoints.length,
  'tallyspan.prefix.model': (call) => prefixOf(call)?.['tallyspan.prefix.model'],
  'tallyspan.prefix.system': (call) => prefixOf(call)?.['tallyspan.prefix.system'],
  'tallyspan.prefix.tools': (call) => prefixOf(call)?.['tallyspan.prefix.tools'],
  'tallyspan.prefix.settings': (call) => prefixOf(call)?.['tallyspan.prefix.settings'],
  'tallyspan.prefix.messages': (call) => prefixOf(call)?.['tallyspan.prefix.messages'],

  'tallyspan.request_json': (call) => call.content?.requestJson,
  'tallyspan.response_json': (call) => call.content?.responseJson,
  'tallyspan.content_cut': (call) => call.content?.isCut || undefined,
};

const ENTRIES = Object.entries(TABLE) as [ModelCallKey, (source: ModelCallSource) => never][];

/** The fields of the call that its source knows; those that it does not know are not there. */
export function modelCallFields(source: ModelCallSource): ModelCallFields {
  const fields: Partial<Record<ModelCallKey, unknown>> = {};
  for (const [key, read] of ENTRIES) {
    const value: unknown = read(source);
    if (value !== undefined) fields[key] = value;
  }
  return fields as ModelCallFields;
}

function listOf(reason: string | undefined): readonly string[] | undefined {
  return reason === undefined ? undefined : [reason];
}

function readingOf({ reading }: ModelCallSource): UsageReading | undefined {
  return reading === undefined || 'error' in reading ? undefined : reading;
}

function usageOf(source: ModelCallSource): Usage | undefined {
  return readingOf(source)?.usage;
}

function ofUsage(source: ModelCallSource, count: (usage: Usage) => number): number | undefined {
  const usage = usageOf(source);
  return usage && count(usage);
}

type Priced = Exclude<CallCost, { readonly status: 'unpriced' }>;

function costOf({ cost }: ModelCallSource): Priced | undefined {
  return cost === undefined || cost.status === 'unpriced' ? undefined : cost;
}

function ofCost(source: ModelCallSource, read: (cost: Priced) => number): number | undefined {
  const cost = costOf(source);
  return cost && read(cost);
}

function bucketsOf(source: ModelCallSource): CostBuckets | undefined {
  return costOf(source)?.buckets;
}

function prefixOf({ shape }: ModelCallSource): ReturnType<typeof prefixFields> | undefined {
  return shape && prefixFields(shape);
}

function cacheMissReason(answer: MessageReader | undefined): string | undefined {
  const reason = asJson(answer?.envelope['diagnostics'])['cache_miss_reason'];
  return asText(reason) ?? asText(asJson(reason)['type']);
}
