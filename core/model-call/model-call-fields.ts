// The fields of an `agent.model_call`: one line each, whoever writes the event. A new field of the API is a line
// in core/schema.ts and one here, read from the answer's envelope or its usage.
// Source: what a writer knows of one call; what it does not know is left out.

import { listEdits } from '../attribution/context-edits.ts';
import { prefixFields, type RequestShape } from '../attribution/request-shape.ts';
import type { CallCost } from '../pricing/cost.ts';
import { inputTotal, type UsageError, type UsageReading } from '../pricing/usage.ts';
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
/** Every field of the call, `undefined` where its source does not know it. */
export type AllModelCallFields = { readonly [K in ModelCallKey]: FieldValue<K> | undefined };
export type ModelCallFields = { readonly [K in ModelCallKey]?: FieldValue<K> };

/** All fields of the call in one object of one shape, which is what an event is written from fastest. */
export function allModelCallFields(call: ModelCallSource): AllModelCallFields {
  const reading = readingOf(call);
  const usage = reading?.usage;
  const cost = costOf(call);
  const buckets = cost?.buckets;
  const prefix = call.shape && prefixFields(call.shape);
  return {
    'gen_ai.operation.name': call.operation ?? 'chat',
    'gen_ai.provider.name': call.provider,
    'gen_ai.request.model': call.requestedModel,
    'gen_ai.response.model': call.model ?? call.answer?.model ?? call.requestedModel,
    'gen_ai.response.id': call.responseId ?? call.answer?.id,
    'anthropic.request.id': call.requestId,
    'anthropic.plan': call.plan,
    'agent.skill': call.skill,
    'vcs.ref.head.revision': call.revision,
    'tallyspan.sdk.version': call.sdkVersion,
    duration_ms: call.durationMs,
    ttft_ms: call.ttftMs,
    'gen_ai.response.finish_reasons': call.finishReasons ?? listOf(call.answer?.stopReason),

    tokens_input: usage?.input,
    tokens_cache_read: usage?.cacheRead,
    tokens_cache_write_5m: usage?.cacheWrite5m,
    tokens_cache_write_1h: usage?.cacheWrite1h,
    tokens_output: usage?.output,
    tokens_thinking: usage?.thinking,
    'gen_ai.usage.input_tokens': usage && inputTotal(usage),
    'gen_ai.usage.output_tokens': usage?.output,
    'gen_ai.usage.cache_read.input_tokens': usage?.cacheRead,
    'gen_ai.usage.cache_creation.input_tokens': usage && usage.cacheWrite5m + usage.cacheWrite1h,
    web_searches: usage?.webSearches,
    service_tier: reading?.serviceTier,
    speed: reading?.speed,
    inference_geo: reading?.inferenceGeo,

    'agent.step_number': call.step,
    attempts: call.attempts,
    retried_status: call.retriedStatus?.length === 0 ? undefined : call.retriedStatus,
    'error.type': call.errorType,

    cost_nano_usd: cost?.costNanoUsd,
    'gen_ai.usage.cost': cost && usdOf(cost.costNanoUsd),
    cost_input_nano_usd: buckets?.input,
    cost_cache_read_nano_usd: buckets?.cacheRead,
    cost_cache_write_5m_nano_usd: buckets?.cacheWrite5m,
    cost_cache_write_1h_nano_usd: buckets?.cacheWrite1h,
    cost_output_nano_usd: buckets?.output,
    cost_web_search_nano_usd: buckets?.webSearch,
    cost_uncached_nano_usd: call.uncachedNanoUsd,
    cost_claimed_nano_usd: call.claimedNanoUsd,
    'tallyspan.cost.status': call.cost?.status,
    'tallyspan.cost.unpriced_reason': call.cost?.status === 'unpriced' ? call.cost.reason : undefined,
    'tallyspan.cost.reason': cost?.reason,
    'tallyspan.price.table': call.cost?.table,
    'tallyspan.price.row': cost?.row,

    cache_miss_reason: cacheMissReason(call.answer),
    tokens_tool_definitions: Math.round(call.shape?.toolDefinitionTokens ?? 0) || undefined,
    'tallyspan.cost_shares': call.costShares,
    cache_breakpoints: call.shape?.breakpoints.length,
    'tallyspan.context_edits': call.shape && call.answer && listEdits(call.shape, call.answer.appliedEdits),
    'tallyspan.prefix.model': prefix?.['tallyspan.prefix.model'],
    'tallyspan.prefix.system': prefix?.['tallyspan.prefix.system'],
    'tallyspan.prefix.tools': prefix?.['tallyspan.prefix.tools'],
    'tallyspan.prefix.settings': prefix?.['tallyspan.prefix.settings'],
    'tallyspan.prefix.messages': prefix?.['tallyspan.prefix.messages'],

    'tallyspan.request_json': call.content?.requestJson,
    'tallyspan.response_json': call.content?.responseJson,
    'tallyspan.content_cut': call.content?.isCut || undefined,
  };
}

/** The fields of the call that its source knows; those that it does not know are not there. */
export function modelCallFields(source: ModelCallSource): ModelCallFields {
  const fields: Partial<Record<ModelCallKey, unknown>> = {};
  for (const [key, value] of Object.entries(allModelCallFields(source)))
    if (value !== undefined) fields[key as ModelCallKey] = value;
  return fields as ModelCallFields;
}

function listOf(reason: string | undefined): readonly string[] | undefined {
  return reason === undefined ? undefined : [reason];
}

function readingOf({ reading }: ModelCallSource): UsageReading | undefined {
  return reading === undefined || 'error' in reading ? undefined : reading;
}

type Priced = Exclude<CallCost, { readonly status: 'unpriced' }>;

function costOf({ cost }: ModelCallSource): Priced | undefined {
  return cost === undefined || cost.status === 'unpriced' ? undefined : cost;
}

function cacheMissReason(answer: MessageReader | undefined): string | undefined {
  const reason = asJson(answer?.envelope['diagnostics'])['cache_miss_reason'];
  return asText(reason) ?? asText(asJson(reason)['type']);
}
