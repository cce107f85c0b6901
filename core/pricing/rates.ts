// Rates of a step: which row, which rate card in it and which factor price one step of a call.
// The place of a call is the platform and the scope it ran on.

import { FACTOR_ONE } from './charges.ts';
import type { Platform, UnpricedReason } from './circumstances.ts';
import { resolveModelId, type ModelId } from './model-id.ts';
import type { OverrideRates, PriceOverrides } from './price-overrides.ts';
import type { FastRates, PricedModel, PriceRow, RateCard } from '../prices/price-row.ts';
import { findModel, findRow, UNPRICED_MODELS } from '../prices/table.ts';
import { inputTotal, type UsagePart, type UsageReading } from './usage.ts';

export interface PricingPlace {
  readonly platform: Platform;
  /** True on a regional endpoint of a cloud, and false on its global one. */
  readonly isRegional: boolean;
  /** True in the US data zone of Foundry. */
  readonly isUsDataZone: boolean;
  /** False where the call may have run on a regional endpoint of a cloud or on its global one. */
  readonly isScopeKnown: boolean;
}

export interface StepRates {
  readonly rates: RateCard;
  /** In twentieths. */
  readonly factor: number;
  /** False for contract rates: they are charged as written, without the multiplier. */
  readonly isList: boolean;
  readonly row: string;
  /** Why the price of this step is an estimate. */
  readonly doubt: string | undefined;
}

export interface Unpriced {
  readonly reason: UnpricedReason;
  readonly detail: string;
}

/** What all steps of a call have in common. */
export interface CallContext {
  readonly atMs: number;
  readonly place: PricingPlace;
  readonly reading: UsageReading;
  /** Id of the model that served the call. */
  readonly servedModel: string;
  readonly overrides: PriceOverrides | undefined;
}

const BATCH_FACTOR = FACTOR_ONE / 2;
const SURCHARGE_TWENTIETHS = 2;
const LOOP_STEP = 'message';

/** The name after the user's own map of ids. */
export function applyAlias(name: string, overrides: PriceOverrides | undefined): string {
  return overrides?.aliases.get(name) ?? name;
}

/**
 * Where the call ran. The form of an id beats the stated platform, since only one platform has that form.
 * Bedrock: the profile prefix says the scope; without one the call stays in its region. Google Cloud: the
 * location says it, and none means the global endpoint.
 */
export function findPlace(
  ids: readonly ModelId[],
  platform: Platform | undefined,
  region: string | undefined,
  overrides: PriceOverrides | undefined,
  isRegionUntold = false,
): PricingPlace {
  const served = ids.find((id) => id.platform !== undefined);
  const actual = served?.platform ?? platform ?? 'anthropic';
  const location = region?.trim().toLowerCase() ?? '';
  const scope = ids.find((id) => id.scope !== undefined)?.scope ?? overrides?.regions.get(region ?? '');
  const staysInRegion = actual === 'bedrock' && served !== undefined;
  return {
    platform: actual,
    isRegional:
      scope === undefined ? (location === '' ? staysInRegion : location !== 'global') : scope === 'regional',
    isUsDataZone: isUsDataZone(location),
    isScopeKnown: !isRegionUntold || scope !== undefined || location !== '' || staysInRegion,
  };
}

// Foundry calls the offer "US Data Zone Standard"; people write us, datazone, us-data-zone and the like.
function isUsDataZone(location: string): boolean {
  if (location === '') return false;
  const words = location.split(/[^a-z]+/);
  return location === 'us' || (words.join('').includes('datazone') && !words.includes('eu'));
}

/** The rates of one step of a call, or why it has none. */
export function findStepRates(name: string, part: UsagePart, context: CallContext): StepRates | Unpriced {
  const aliased = applyAlias(name, context.overrides);
  const found = resolveModelId(aliased);
  const contract =
    findContract(name, context) ??
    findContract(aliased, context) ??
    ('id' in found ? findContract(found.id, context) : undefined);
  if (contract) return { ...contract, factor: FACTOR_ONE, isList: false, doubt: undefined };
  if ('reason' in found) return explainModel(found.reason, name);
  const model = findModel(found.id);
  const row = model && findRow(model, context.atMs);
  if (!model || !row) return { reason: 'unknown_model', detail: explainNoRow(found.id, context.atMs) };
  return chooseRates(model, row, part, context);
}

/** Whether the user's file has rates for the name at that moment. */
export function hasContract(name: string, atMs: number, overrides: PriceOverrides | undefined): boolean {
  return findContract(name, { atMs, overrides }) !== undefined;
}

function findContract(
  name: string,
  { overrides, atMs }: Pick<CallContext, 'overrides' | 'atMs'>,
): { rates: RateCard; row: string } | undefined {
  const contract: OverrideRates | undefined = overrides?.models.get(name);
  if (!contract || atMs < contract.fromMs || atMs >= contract.toMs) return undefined;
  return { rates: contract.rates, row: `override/${name}` };
}

function chooseRates(
  model: PricedModel,
  row: PriceRow,
  part: UsagePart,
  context: CallContext,
): StepRates | Unpriced {
  const { place, reading } = context;
  const long = row.longPrompt && inputTotal(part) > row.longPrompt.over ? row.longPrompt : undefined;
  const speed = findSpeed(model, (long ?? row).fast, part, context);
  if ('reason' in speed) return speed;
  const standard = (long ?? row).rates;
  const rates = speed.fast === undefined || speed.fast === 'standard' ? standard : speed.fast;
  const marks: string[] = [];
  if (long) marks.push(`over_${long.over}`);
  if (speed.fast !== undefined) marks.push('fast');

  let factor = FACTOR_ONE;
  if (hasSurcharge(model, place, reading.inferenceGeo)) {
    factor += SURCHARGE_TWENTIETHS;
    marks.push(place.platform === 'bedrock' || place.platform === 'vertex' ? 'regional' : 'us');
  }
  if (reading.serviceTier === 'batch') {
    factor = (factor * BATCH_FACTOR) / FACTOR_ONE;
    marks.push('batch');
  }
  return {
    rates,
    factor,
    isList: true,
    row: [`${place.platform}/${model.id}@${row.validFrom}`, ...marks].join('+'),
    doubt:
      speed.doubt ?? (long ? undefined : findPromptDoubt(row, part, reading)) ?? findPlaceDoubt(model, place),
  };
}

// Whether the steps of one server-side loop are one prompt or many is not documented. They are priced as
// many; where one would cost more, the cost is an estimate.
function findPromptDoubt(row: PriceRow, part: UsagePart, reading: UsageReading): string | undefined {
  if (row.longPrompt === undefined || part.kind !== LOOP_STEP) return undefined;
  const loop = reading.parts.filter(({ kind, model }) => kind === LOOP_STEP && model === part.model);
  const prompt = loop.reduce((sum, step) => sum + inputTotal(step), 0);
  return prompt > row.longPrompt.over ? 'prompt_length_per_step' : undefined;
}

function findPlaceDoubt(model: PricedModel, { platform, isScopeKnown }: PricingPlace): string | undefined {
  const isOfACloud = platform === 'bedrock' || platform === 'vertex';
  return isOfACloud && model.hasRegionalPrice && !isScopeKnown ? 'location_unknown' : undefined;
}

/** Whether the 10 % for a bound place apply: residency on Anthropic's own platforms, regions on the clouds. */
function hasSurcharge(model: PricedModel, place: PricingPlace, inferenceGeo: string | undefined): boolean {
  switch (place.platform) {
    case 'bedrock':
    case 'vertex':
      return model.hasRegionalPrice && place.isRegional;
    case 'foundry':
      return model.hasGeoPrice && (place.isUsDataZone || inferenceGeo === 'us');
    case 'anthropic':
    case 'aws':
      return model.hasGeoPrice && inferenceGeo === 'us';
  }
}

interface Speed {
  readonly fast?: FastRates;
  readonly doubt?: string;
}

function findSpeed(
  model: PricedModel,
  listed: FastRates | undefined,
  part: UsagePart,
  { place, reading, servedModel }: CallContext,
): Speed | Unpriced {
  const speed = part.speed ?? reading.speed ?? 'standard';
  if (speed === 'standard') return {};
  const fast = hasFastMode(model, place) ? listed : undefined;
  // The speed of a call is that of the model that served it; a step on another model does not say its own.
  if (part.speed === undefined && model.id !== servedModel) {
    return fast === undefined ? {} : { doubt: 'step_speed_unknown' };
  }
  if (speed !== 'fast' || fast === undefined || reading.serviceTier === 'batch') {
    const where = reading.serviceTier === 'batch' ? 'in a batch' : `on ${place.platform} at that time`;
    return { reason: 'fast_not_in_table', detail: `${model.id} has no price for speed "${speed}" ${where}` };
  }
  return { fast };
}

function hasFastMode(model: PricedModel, { platform }: PricingPlace): boolean {
  return platform === 'anthropic' || platform === 'aws' || model.fastPlatforms?.includes(platform) === true;
}

/** A reason of the id, in words. */
export function explainModel(
  reason: 'unknown_model' | 'opaque_inference_profile' | 'gateway',
  name: string,
): Unpriced {
  switch (reason) {
    case 'gateway':
      return { reason, detail: `"${name}" is a gateway's id, and the gateway sets the price` };
    case 'opaque_inference_profile':
      return { reason, detail: `"${name}" does not say its model` };
    case 'unknown_model':
      return { reason, detail: `"${name}" is not in the price table` };
  }
}

function explainNoRow(id: string, atMs: number): string {
  const listed = UNPRICED_MODELS[id];
  if (listed !== undefined) return `${id}: ${listed}`;
  const at = new Date(atMs);
  return `${id} has no price row at ${Number.isNaN(at.getTime()) ? 'an unknown time' : at.toISOString()}`;
}
