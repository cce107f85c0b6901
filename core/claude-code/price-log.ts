// What a call costs that Claude Code logged: by our table, from the tokens of the record. Claude Code says what it
// reckons itself: that is kept beside ours, and tells of what the record has no count for.

import { claimOf, compareWithClaim, explainClaim } from './claimed-cost.ts';
import { isPaidByTheCall } from './plan.ts';
import { modelCallFields, type ModelCallFields } from '../model-call/model-call-fields.ts';
import { PLATFORMS, providerOf, type CallCircumstances, type Platform } from '../pricing/circumstances.ts';
import { priceCall, type PriceOverrides } from '../pricing/cost.ts';
import { priceUncached } from '../pricing/uncached-cost.ts';
import { NO_USAGE, readingOf, type UsageError, type UsageReading } from '../pricing/usage.ts';
import { attributeCount, attributeMillis, attributeText, type ClaudeLog } from './log-record.ts';

/** Fields of the call of an `api_request`, but for its place in the run. */
export function fieldsOfRequest(
  { attributes, resource, timeMs }: ClaudeLog,
  isRefused: boolean,
  overrides?: PriceOverrides,
): ModelCallFields {
  const durationMs = attributeMillis(attributes, 'duration_ms') ?? 0;
  const model = modelOf(attributes);
  const claim = claimOf(attributes);
  const platform = platformOfLog(attributes);
  const circumstances: CallCircumstances = {
    model,
    atMs: timeMs - durationMs,
    platform,
    isRegionUntold: true,
    stopReason: isRefused ? 'refusal' : undefined,
  };
  const counted = readingOfLog(attributes);
  // A refusal before any output is not billed, whatever is claimed.
  const reading = 'error' in counted || isRefused ? counted : explainClaim(counted, circumstances, claim);
  const priced = priceCall(reading, circumstances, overrides);
  const cost = overrides !== undefined || isRefused ? priced : compareWithClaim(priced, claim);
  return modelCallFields({
    provider: providerOf(platform ?? 'anthropic'),
    requestedModel: model,
    requestId: attributeText(attributes, 'request_id') || undefined,
    skill: attributeText(attributes, 'skill.name') || undefined,
    plan: planOf(attributes) ?? planOf(resource),
    finishReasons: isRefused ? ['refusal'] : undefined,
    durationMs,
    ttftMs: attributeMillis(attributes, 'ttft_ms'),
    reading,
    cost,
    claimedNanoUsd: claim?.nanoUsd,
    uncachedNanoUsd: priceUncached({ reading, circumstances }, overrides),
  });
}

/** Fields of a call that failed after all its attempts. */
export function fieldsOfError({ attributes }: ClaudeLog): ModelCallFields {
  const attempts = attributeCount(attributes, 'attempt');
  return modelCallFields({
    provider: providerOf(platformOfLog(attributes) ?? 'anthropic'),
    requestedModel: modelOf(attributes),
    requestId: attributeText(attributes, 'request_id') || undefined,
    durationMs: attributeMillis(attributes, 'duration_ms'),
    attempts: attempts === 0 ? undefined : attempts,
    errorType: errorTypeOf(attributeCount(attributes, 'status_code')),
  });
}

const ERROR_TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  500: 'api_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

/** The type that the API gives the status; the record itself has only a message, which may quote anything. */
function errorTypeOf(status: number | undefined): string {
  if (status === undefined || status === 0) return 'connection_error';
  return ERROR_TYPES[status] ?? (status >= 500 ? 'api_error' : 'invalid_request_error');
}

/** The plan that Claude Code says it is used under. */
function planOf(attributes: ClaudeLog['attributes']): string | undefined {
  const plan = attributeText(attributes, 'anthropic.plan').trim().toLowerCase();
  return isPaidByTheCall(plan) ? undefined : plan;
}

/** Claude Code's name of a model may have a mark for its context, `[1m]`; the API's has not. */
function modelOf(attributes: ClaudeLog['attributes']): string {
  return attributeText(attributes, 'model').replace(/\[[^\]]*\]$/, '');
}

/** Claude Code's names of who serves it, where they are not the platform's. */
const SERVED_BY: Readonly<Record<string, Platform>> = {
  anthropicAws: 'aws',
  anthropicGoogleCloud: 'vertex',
  mantle: 'bedrock',
};

function platformOfLog(attributes: ClaudeLog['attributes']): Platform | undefined {
  const named = attributeText(attributes, 'anthropic.provider');
  return SERVED_BY[named] ?? PLATFORMS.find((platform) => platform === named);
}

function readingOfLog(attributes: ClaudeLog['attributes']): UsageReading | UsageError {
  const input = attributeCount(attributes, 'input_tokens');
  const output = attributeCount(attributes, 'output_tokens');
  if (input === undefined || output === undefined)
    return { error: 'usage_missing', message: 'the record has no counts of tokens' };
  const written = attributeCount(attributes, 'cache_creation_tokens') ?? 0;
  const oneHour = attributeCount(attributes, 'cache_creation_1h_tokens');
  const fiveMinutes = attributeCount(attributes, 'cache_creation_5m_tokens');
  const known = (oneHour ?? 0) + (fiveMinutes ?? 0);
  const unknown = Math.max(0, written - known);
  const speed = attributeText(attributes, 'speed');
  return readingOf(
    {
      ...NO_USAGE,
      input,
      output,
      cacheRead: attributeCount(attributes, 'cache_read_tokens') ?? 0,
      cacheWrite5m: (fiveMinutes ?? 0) + unknown,
      cacheWrite1h: oneHour ?? 0,
    },
    { speed: speed === 'normal' ? 'standard' : speed || undefined, isCacheSplitKnown: unknown === 0 },
  );
}
