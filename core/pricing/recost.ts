// Recost: what the present table says of a call that was recorded under an earlier one.
// The recorded cost never changes; where the two disagree, the signed difference is an adjustment.

import { priceCall, type CallCost, type Platform, type PriceOverrides, type PriceRequest } from './cost.ts';
import type { EventRecord } from '../event.ts';

export interface Adjustment {
  /** Recorded cost, nano-USD; null when the call was unpriced. */
  readonly beforeNanoUsd: number | null;
  readonly afterNanoUsd: number;
  /** What to add to the recorded costs, nano-USD; negative when the call was too dear. */
  readonly deltaNanoUsd: number;
  readonly cost: CallCost;
}

/** Why a call is left as it is: nothing differs, it cannot be rebuilt, or the table has no price for it. */
export type RecostSkip =
  | 'same_cost'
  | 'not_a_model_call'
  | 'usage_missing'
  | 'several_steps'
  | 'billed_elsewhere'
  | 'still_unpriced';

const STEP_REASONS: ReadonlySet<string> = new Set([
  'step_kind_unknown',
  'step_speed_unknown',
  'prompt_length_per_step',
  'refusal_after_other_steps',
]);
const UNREBUILT_REASONS: ReadonlySet<string> = new Set(['usage_missing', 'usage_invalid']);
const PLATFORM_OF_PROVIDER: Readonly<Record<string, Platform>> = {
  'aws.bedrock': 'bedrock',
  'gcp.vertex_ai': 'vertex',
};

/**
 * Prices a recorded `agent.model_call` again by its own fields. A call of several steps on different rows is
 * skipped, since its event holds only the sums.
 */
export function recostCall(
  event: EventRecord,
  overrides?: PriceOverrides,
): Adjustment | { readonly skipped: RecostSkip } {
  const request = rebuildRequest(event);
  if (typeof request === 'string') return { skipped: request };
  const cost = priceCall(request, overrides);
  if (cost.status === 'unpriced') return { skipped: 'still_unpriced' };
  const beforeNanoUsd = event.cost_nano_usd ?? null;
  const deltaNanoUsd = cost.costNanoUsd - (beforeNanoUsd ?? 0);
  if (beforeNanoUsd !== null && deltaNanoUsd === 0) return { skipped: 'same_cost' };
  return { beforeNanoUsd, afterNanoUsd: cost.costNanoUsd, deltaNanoUsd, cost };
}

function rebuildRequest(event: EventRecord): PriceRequest | RecostSkip {
  if (event['event.name'] !== 'agent.model_call') return 'not_a_model_call';
  const row = event['tallyspan.price.row'] ?? '';
  const reason = event['tallyspan.cost.reason'] ?? event['tallyspan.cost.unpriced_reason'] ?? '';
  if (row.includes(' ') || STEP_REASONS.has(reason)) return 'several_steps';
  if (reason === 'user_profile_billed') return 'billed_elsewhere';
  const model = event['gen_ai.response.model'] ?? event['gen_ai.request.model'];
  const usage = rebuildUsage(event, reason);
  if (model === undefined || usage === undefined || UNREBUILT_REASONS.has(reason)) return 'usage_missing';
  const isRefusal = event['gen_ai.response.finish_reasons']?.includes('refusal') === true;
  return {
    model,
    requestedModel: event['gen_ai.request.model'],
    usage,
    atMs: event.timestamp - (event.duration_ms ?? 0),
    ...rebuildPlace(row, event['gen_ai.provider.name']),
    ...(isRefusal && { stopReason: 'refusal', hasOutput: reason !== 'refusal_not_billed' }),
    isComplete: reason !== 'aborted',
    hasCodeExecution: reason === 'code_execution',
  };
}

function rebuildUsage(event: EventRecord, reason: string): Record<string, unknown> | undefined {
  const { tokens_input: input, tokens_output: output } = event;
  if (input === undefined || output === undefined) return undefined;
  const fiveMinutes = event.tokens_cache_write_5m ?? 0;
  const oneHour = event.tokens_cache_write_1h ?? 0;
  return {
    input_tokens: input,
    output_tokens: output,
    cache_read_input_tokens: event.tokens_cache_read ?? 0,
    cache_creation_input_tokens: fiveMinutes + oneHour,
    ...(reason !== 'cache_lifetime_unknown' && {
      cache_creation: { ephemeral_5m_input_tokens: fiveMinutes, ephemeral_1h_input_tokens: oneHour },
    }),
    server_tool_use: { web_search_requests: event.web_searches ?? 0 },
    service_tier: event.service_tier,
    speed: event.speed,
    inference_geo: event.inference_geo,
  };
}

// A row of the table begins with the platform and ends with marks; without one, the provider is all there is.
function rebuildPlace(row: string, provider: string | undefined): Pick<PriceRequest, 'platform' | 'region'> {
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
      return { platform: PLATFORM_OF_PROVIDER[provider ?? ''] };
  }
}
