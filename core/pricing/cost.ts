// Cost: what one call costs, from the reading of its usage, by exact model id and date.
// Either a cost with the row that made it, or `unpriced` with a reason; never a silent 0.

import {
  addTokens,
  addWebSearches,
  createCharges,
  MULTIPLIER_ONE,
  roundCharges,
  type CostBuckets,
} from './charges.ts';
import type { CallCircumstances, UnpricedReason } from './circumstances.ts';
import { resolveModelId, type ModelIdResult } from './model-id.ts';
import type { PriceOverrides } from './price-overrides.ts';
import { PRICE_TABLE_VERSION, WEB_SEARCH_MICRO_USD } from '../prices/table.ts';
import {
  applyAlias,
  explainModel,
  findPlace,
  findStepRates,
  hasContract,
  type CallContext,
  type Unpriced,
} from './rates.ts';
import {
  isAttempt,
  MAX_OUTPUT_OF_DECLINED,
  type UsageError,
  type UsagePart,
  type UsageReading,
} from './usage.ts';

export type { CostBuckets } from './charges.ts';
export type { PriceOverrides } from './price-overrides.ts';
export { PRICE_TABLE_VERSION } from '../prices/table.ts';

export type CallCost =
  | {
      readonly status: 'priced' | 'estimated' | 'partial';
      readonly costNanoUsd: number;
      readonly buckets: CostBuckets;
      readonly table: string;
      readonly row: string;
      /** Why the status is not `priced`, or why a priced call cost nothing, in one word. */
      readonly reason?: string;
    }
  | {
      readonly status: 'unpriced';
      readonly reason: UnpricedReason;
      readonly table: string;
      /** The reason in words, naming the id or the counters. */
      readonly detail: string;
    };

const BILLED_TIERS: ReadonlySet<string> = new Set(['standard', 'batch']);
const KNOWN_GEOS: ReadonlySet<string> = new Set(['us', 'global', 'not_available', '']);
const STEP_KINDS: ReadonlySet<string> = new Set([
  'call',
  'message',
  'compaction',
  'advisor_message',
  'fallback_message',
]);

/**
 * The cost of one call in nano-USD, by the rows that were valid when it was made. `reading` is what
 * `readUsage` gave for the call, or a reading of other counts; a usage that could not be read has no price.
 * Rules: docs/prices.md. Never throws; what cannot be priced comes back as `unpriced` with its reason.
 */
export function priceCall(
  reading: UsageReading | UsageError,
  circumstances: CallCircumstances,
  overrides?: PriceOverrides,
): CallCost {
  const requested = resolveModelId(
    applyAlias(circumstances.requestedModel ?? circumstances.model, overrides),
  );
  // Contract rates of an id that says no model hold whatever model answered.
  if ('reason' in requested && circumstances.requestedModel !== undefined) {
    const { requestedModel, ...rest } = circumstances;
    if (overrides?.models.has(requestedModel))
      return priceCall(reading, { ...rest, model: requestedModel }, overrides);
  }
  const table = overrides ? `${PRICE_TABLE_VERSION}+${overrides.version}` : PRICE_TABLE_VERSION;
  const unpriced = ({ reason, detail }: Unpriced): CallCost => ({
    status: 'unpriced',
    reason,
    table,
    detail,
  });

  if ('error' in reading) return unpriced({ reason: reading.error, detail: reading.message });
  const refusal = findCallRefusal(circumstances, reading);
  if (refusal) return unpriced(refusal);
  // The answer of a gateway may name the plain model, but the gateway sets the price.
  const asked = circumstances.requestedModel ?? circumstances.model;
  if (
    'reason' in requested &&
    requested.reason === 'gateway' &&
    !hasContract(asked, circumstances.atMs, overrides)
  )
    return unpriced(explainModel('gateway', asked));

  const context = createContext(circumstances, requested, reading, overrides);
  const isUnbilled = isUnbilledRefusal(circumstances, reading);
  const multiplier = overrides?.multiplierMillionths ?? MULTIPLIER_ONE;
  const charges = createCharges();
  const rows = new Set<string>();
  const doubts = findDoubts(circumstances, reading);
  if ('reason' in requested && requested.reason === 'opaque_inference_profile') {
    doubts.push('profile_scope_unknown');
  }
  for (const part of reading.parts) {
    const step = findStepRates(modelOfStep(part, circumstances), part, context);
    if ('reason' in step) return unpriced(step);
    rows.add(step.row);
    if (isUnbilled && isAttempt(part)) continue;
    if (isUnbilled) doubts.push('refusal_after_other_steps');
    if (step.doubt !== undefined) doubts.push(step.doubt);
    addTokens(charges, part, step.rates, step.factor, step.isList ? multiplier : MULTIPLIER_ONE);
  }
  addWebSearches(charges, reading.usage.webSearches, WEB_SEARCH_MICRO_USD, multiplier);
  const status = findStatus(circumstances, reading, doubts);
  return {
    ...roundCharges(charges),
    ...(isUnbilled && status.status === 'priced' ? { ...status, reason: 'refusal_not_billed' } : status),
    table,
    row: [...rows].join(' '),
  };
}

// Why a call as a whole has no price, whatever its model.
function findCallRefusal(circumstances: CallCircumstances, reading: UsageReading): Unpriced | undefined {
  if ((circumstances.billTo ?? reading.billTo) === 'user_profile') {
    return {
      reason: 'user_profile_billed',
      detail: 'the call is billed to the customer behind the user profile',
    };
  }
  if (circumstances.gateway !== undefined)
    return { reason: 'gateway', detail: `"${circumstances.gateway}" is a gateway, which sets the price` };
  const tier = reading.serviceTier ?? 'standard';
  if (tier === 'priority') {
    return { reason: 'priority_tier', detail: 'Priority Tier is paid for by contract, not by call' };
  }
  return BILLED_TIERS.has(tier)
    ? undefined
    : { reason: 'unknown_service_tier', detail: `service_tier "${tier}" is not in the price table` };
}

function createContext(
  circumstances: CallCircumstances,
  requested: ModelIdResult,
  reading: UsageReading,
  overrides: PriceOverrides | undefined,
): CallContext {
  const served = resolveModelId(applyAlias(circumstances.model, overrides));
  const ids = [requested, served].filter((id) => 'id' in id);
  return {
    atMs: circumstances.atMs,
    place: findPlace(
      ids,
      circumstances.platform,
      circumstances.region,
      overrides,
      circumstances.isRegionUntold,
    ),
    reading,
    servedModel: 'id' in served ? served.id : circumstances.model,
    overrides,
  };
}

/** The model of a step. A compaction names none and runs on the one that was asked for. */
export function modelOfStep(
  part: UsagePart,
  circumstances: Pick<CallCircumstances, 'model' | 'requestedModel'>,
): string {
  if (part.kind === 'call') return circumstances.model;
  return part.model ?? circumstances.requestedModel ?? circumstances.model;
}

// A refusal before any output is free although its usage shows tokens; one in mid-stream is not.
function isUnbilledRefusal(circumstances: CallCircumstances, reading: UsageReading): boolean {
  if (circumstances.stopReason !== 'refusal') return false;
  if (circumstances.hasOutput === false) return true;
  const output = reading.parts.reduce((sum, part) => sum + (isAttempt(part) ? part.output : 0), 0);
  return output <= (circumstances.hasOutput === true ? 0 : MAX_OUTPUT_OF_DECLINED);
}

function findDoubts(circumstances: CallCircumstances, reading: UsageReading): string[] {
  const doubts: string[] = [];
  if (circumstances.isComplete === false) doubts.push('aborted');
  if (reading.parts.some((part) => !part.isCacheSplitKnown)) doubts.push('cache_lifetime_unknown');
  if (!KNOWN_GEOS.has(reading.inferenceGeo ?? '')) doubts.push('inference_geo_unknown');
  if (reading.parts.some((part) => !STEP_KINDS.has(part.kind))) doubts.push('step_kind_unknown');
  return doubts;
}

function findStatus(
  circumstances: CallCircumstances,
  reading: UsageReading,
  doubts: readonly string[],
): { status: 'priced' | 'estimated' | 'partial'; reason?: string } {
  if (circumstances.hasCodeExecution ?? reading.hasCodeExecution) {
    return { status: 'partial', reason: 'code_execution' };
  }
  return doubts[0] === undefined ? { status: 'priced' } : { status: 'estimated', reason: doubts[0] };
}
