// The claim: what Claude Code says that a call cost, by the API's whole usage object. Its record of the call has only a
// part of that object (its speed is the one that was asked for; searches and the place of the inference are not in it),
// so a claim that differs from the price of the record's tokens tells of the rest.

import { nanoUsdOf } from '../money.ts';
import type { CallCircumstances } from '../pricing/circumstances.ts';
import { priceCall, type CallCost } from '../pricing/cost.ts';
import { withUsage, type UsageReading } from '../pricing/usage.ts';
import { WEB_SEARCH_MICRO_USD } from '../prices/table.ts';
import { attributeCount, attributeNumber, type ClaudeLog } from './log-record.ts';

export interface Claim {
  readonly nanoUsd: number;
  /** How far a price may be from it and still be the same. */
  readonly roundingNanoUsd: number;
}

/** A cost in micro-dollars is rounded, maybe in each bucket. */
const ROUNDING_NANO_USD = 5_000;
/** A cost in dollars is not, but for the arithmetic of it. */
const EXACT_NANO_USD = 2;
const NANO_USD_PER_MICRO = 1_000;
const SEARCH_NANO_USD = WEB_SEARCH_MICRO_USD * NANO_USD_PER_MICRO;
/** More searches than one call makes. */
const MOST_SEARCHES = 100;

/** The claim of an `api_request`; the dollars of it where they are not older or coarser than the micro-dollars. */
export function claimOf(attributes: ClaudeLog['attributes']): Claim | undefined {
  const usd = attributeNumber(attributes, 'cost_usd');
  const dollars = usd === undefined || usd < 0 ? undefined : nanoUsdOf(usd);
  const micros = attributeCount(attributes, 'cost_usd_micros');
  const rounded = micros === undefined ? dollars : micros * NANO_USD_PER_MICRO;
  if (rounded === undefined) return undefined;
  const isExact =
    dollars !== undefined && micros !== undefined && isNear(dollars, rounded, NANO_USD_PER_MICRO);
  return isExact
    ? { nanoUsd: dollars, roundingNanoUsd: EXACT_NANO_USD }
    : { nanoUsd: rounded, roundingNanoUsd: ROUNDING_NANO_USD };
}

/**
 * The reading with what the record did not say and the claim does, at list prices: web searches, fast mode, inference in
 * the US, or standard speed. The reading itself where its tokens cost what is claimed, or where nothing or more than one
 * thing explains it.
 */
export function explainClaim(
  reading: UsageReading,
  circumstances: CallCircumstances,
  claim: Claim | undefined,
): UsageReading {
  const cost = priceCall(reading, circumstances);
  if (claim === undefined || cost.status !== 'priced' || agrees(cost, claim)) return reading;
  const asRecorded = withSearches(reading, circumstances, claim);
  if (asRecorded !== undefined) return asRecorded;
  const served = ['standard', 'fast'].flatMap((speed): UsageReading[] => [
    { ...reading, speed },
    { ...reading, speed, inferenceGeo: 'us' },
  ]);
  const explained = served
    .map((one) => withSearches(one, circumstances, claim))
    .filter((one) => one !== undefined);
  // Of several that lead to one price, the one without searches is likelier.
  const withoutSearches = explained.filter(({ usage }) => usage.webSearches === 0);
  const [only, ...others] = withoutSearches.length > 0 ? withoutSearches : explained;
  return only === undefined || others.length > 0 ? reading : only;
}

/** Where Claude Code reckons otherwise from the same tokens, the record lacks something that the price depends on. */
export function compareWithClaim(cost: CallCost, claim: Claim | undefined): CallCost {
  if (cost.status !== 'priced' || claim === undefined) return cost;
  if (isNear(cost.costNanoUsd, claim.nanoUsd, ROUNDING_NANO_USD)) return cost;
  return { ...cost, status: 'estimated', reason: 'claim_differs' };
}

/** The reading with as many searches as make its price the claimed one; `undefined` where no number does. */
function withSearches(
  reading: UsageReading,
  circumstances: CallCircumstances,
  claim: Claim,
): UsageReading | undefined {
  const cost = priceCall(reading, circumstances);
  if (cost.status !== 'priced') return undefined;
  const rest = claim.nanoUsd - cost.costNanoUsd;
  const searches = Math.round(rest / SEARCH_NANO_USD);
  const isWhole = isNear(rest, searches * SEARCH_NANO_USD, claim.roundingNanoUsd);
  if (!isWhole || searches < 0 || searches > MOST_SEARCHES) return undefined;
  return withUsage(reading, { ...reading.usage, webSearches: searches });
}

function agrees(cost: CallCost, claim: Claim): boolean {
  return cost.status !== 'unpriced' && isNear(cost.costNanoUsd, claim.nanoUsd, claim.roundingNanoUsd);
}

function isNear(one: number, other: number, atMost: number): boolean {
  return Math.abs(one - other) <= atMost;
}
