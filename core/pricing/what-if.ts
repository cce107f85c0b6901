// What if: recorded calls priced again with one setting changed: another model, caching off or with
// another lifetime, the batch API. Cache hits follow the real gaps between the calls.
// A setting that is already in force changes nothing, so the answer is then the actual cost.

import {
  CACHEABLE_TOKENS,
  pairCalls,
  TTL_1H_MS,
  TTL_5M_MS,
  type CallPair,
} from '../attribution/cache-forensics.ts';
import { readCalls, type CallFact } from './call-facts.ts';
import type { PriceOverrides } from './cost.ts';
import type { EventRecord } from '../event.ts';
import { matchMessages } from '../attribution/prefix-match.ts';
import { repriceCall, type CallChange } from './reprice.ts';
import type { Usage } from './usage.ts';

export type CacheSetting = 'off' | '5m' | '1h';

export interface WhatIfChange {
  readonly model?: string | undefined;
  readonly cache?: CacheSetting | undefined;
  readonly isBatch?: boolean | undefined;
}

export interface WhatIfResult {
  readonly calls: number;
  readonly actualNanoUsd: number;
  /** Of the calls that could be priced both ways, and the actual cost of the others. */
  readonly whatIfNanoUsd: number;
  readonly differenceNanoUsd: number;
  /** Calls whose price after the change is not in the table; they count with their actual cost. */
  readonly unpricedCalls: number;
  readonly changedCalls: number;
  /** Tokens by bucket, before and after. */
  readonly actualUsage: Usage;
  readonly whatIfUsage: Usage;
}

/** Prices the model calls among the events again. The tokens of the calls stay as they are, whatever model would read them. */
export function priceWhatIf(
  events: readonly EventRecord[],
  change: WhatIfChange,
  overrides?: PriceOverrides,
): WhatIfResult {
  const repriced = repriceCalls(readCalls(events), change, overrides);
  const actual = new UsageSum();
  const changed = new UsageSum();
  let actualNanoUsd = 0;
  let whatIfNanoUsd = 0;
  let unpricedCalls = 0;
  let changedCalls = 0;
  for (const { call, callChange, cost } of repriced) {
    actual.add(call.usage);
    actualNanoUsd += call.costNanoUsd;
    if (callChange !== undefined) changedCalls++;
    if (cost === undefined) unpricedCalls++;
    whatIfNanoUsd += Math.round(cost ?? call.costNanoUsd);
    changed.add(cost === undefined ? call.usage : (callChange?.usage ?? call.usage));
  }
  return {
    calls: repriced.length,
    actualNanoUsd,
    whatIfNanoUsd,
    differenceNanoUsd: whatIfNanoUsd - actualNanoUsd,
    unpricedCalls,
    changedCalls,
    actualUsage: actual.usage,
    whatIfUsage: changed.usage,
  };
}

export interface RepricedCall {
  readonly call: CallFact;
  /** Undefined where nothing would be different. */
  readonly callChange: CallChange | undefined;
  /** Nano-USD, not rounded; undefined without a price. */
  readonly cost: number | undefined;
}

/** Each of the calls with what it would have cost, in order of their start. */
function repriceCalls(
  calls: readonly CallFact[],
  change: WhatIfChange,
  overrides?: PriceOverrides,
): RepricedCall[] {
  // Only of a change of the cache does it matter what came before.
  const pairs: readonly WhatIfCall[] =
    change.cache === undefined ? calls.map((call) => ({ call })) : pairCalls(calls);
  return pairs.map((pair) => repricePair(pair, change, overrides));
}

/** A call with what it would have cost. */
export function repricePair(
  pair: WhatIfCall,
  change: WhatIfChange,
  overrides?: PriceOverrides,
): RepricedCall {
  const { call } = pair;
  const callChange = changeOf(pair, change);
  const cost = callChange === undefined ? call.costNanoUsd : repriceCall(call, callChange, overrides);
  return { call, callChange, cost };
}

/** A call, with what came before it where that is needed. */
export type WhatIfCall = CallPair | Pick<CallPair, 'call'>;

function isPair(call: WhatIfCall): call is CallPair {
  return 'isOpening' in call;
}

/** What would be different about one call; `undefined` when nothing would. */
function changeOf(pair: WhatIfCall, change: WhatIfChange): CallChange | undefined {
  const { call } = pair;
  const usage = change.cache === undefined || !isPair(pair) ? undefined : cacheAs(pair, change.cache);
  const isOtherModel = change.model !== undefined && change.model !== call.model;
  const isOtherTier = change.isBatch === true && call.event.service_tier !== 'batch';
  if (usage === undefined && !isOtherModel && !isOtherTier) return undefined;
  return {
    ...(usage === undefined ? {} : { usage }),
    ...(isOtherModel && change.model !== undefined ? { model: change.model } : {}),
    ...(isOtherTier ? { isBatch: true } : {}),
  };
}

/** The usage with another cache setting; `undefined` when it would be the same. */
function cacheAs(pair: CallPair, setting: CacheSetting): Usage | undefined {
  const { usage, inputTokens } = pair.call;
  const written = usage.cacheWrite5m + usage.cacheWrite1h;
  const isCached = written + usage.cacheRead > 0;
  if (setting === 'off') {
    if (!isCached) return undefined;
    return { ...usage, input: inputTokens, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0 };
  }
  if (!isCached) return cacheFresh(pair, setting);
  return setting === '1h' ? liveLonger(pair) : liveShorter(pair);
}

/** Caching where there was none: each call writes what is new and reads what the call before sent. */
function cacheFresh({ call, previous, gapMs, isOpening }: CallPair, setting: '5m' | '1h'): Usage | undefined {
  const { usage, inputTokens } = call;
  if (inputTokens < CACHEABLE_TOKENS) return undefined;
  const lifeMs = setting === '1h' ? TTL_1H_MS : TTL_5M_MS;
  const isAlive = previous !== undefined && !isOpening && gapMs <= lifeMs && continues(call, previous);
  const cacheRead = isAlive ? Math.min(previous.inputTokens, inputTokens) : 0;
  const written = inputTokens - cacheRead;
  return {
    ...usage,
    input: 0,
    cacheRead,
    cacheWrite5m: setting === '5m' ? written : 0,
    cacheWrite1h: setting === '1h' ? written : 0,
  };
}

/** Five minutes become an hour: writes cost more, and what had expired within the hour is read instead of written again. */
function liveLonger({ call, previous, gapMs, expectedTokens }: CallPair): Usage | undefined {
  const { usage } = call;
  const isRevived = gapMs > TTL_5M_MS && gapMs <= TTL_1H_MS && usage.cacheWrite5m > 0;
  const canRead = isRevived && previous !== undefined && continues(call, previous);
  const revived = canRead ? Math.max(0, Math.min(expectedTokens - usage.cacheRead, usage.cacheWrite5m)) : 0;
  if (usage.cacheWrite5m === 0) return undefined;
  return {
    ...usage,
    cacheRead: usage.cacheRead + revived,
    cacheWrite5m: 0,
    cacheWrite1h: usage.cacheWrite1h + usage.cacheWrite5m - revived,
  };
}

/** An hour becomes five minutes: writes cost less, and what was read after a longer gap is written again. */
function liveShorter({ call, ttlMs, gapMs }: CallPair): Usage | undefined {
  const { usage } = call;
  const isLost = ttlMs === TTL_1H_MS && gapMs > TTL_5M_MS && usage.cacheRead > 0;
  if (usage.cacheWrite1h === 0 && !isLost) return undefined;
  return {
    ...usage,
    cacheRead: isLost ? 0 : usage.cacheRead,
    cacheWrite5m: usage.cacheWrite5m + usage.cacheWrite1h + (isLost ? usage.cacheRead : 0),
    cacheWrite1h: 0,
  };
}

/** Whether the call repeats all of the one before, as far as the hashes show. */
function continues(call: CallFact, previous: CallFact): boolean {
  for (const key of ['tallyspan.prefix.tools', 'tallyspan.prefix.system'] as const)
    if (call.event[key] !== previous.event[key]) return false;
  const before = previous.event['tallyspan.prefix.messages'];
  const after = call.event['tallyspan.prefix.messages'];
  if (call.model !== previous.model) return false;
  if (before === undefined || after === undefined) return call.inputTokens >= previous.inputTokens;
  return matchMessages(before, after).common === matchMessages(before, after).before;
}

class UsageSum {
  #sum = { input: 0, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: 0, thinking: 0, webSearches: 0 };

  add(usage: Usage): void {
    for (const key of Object.keys(this.#sum) as (keyof Usage)[]) this.#sum[key] += usage[key];
  }

  get usage(): Usage {
    return { ...this.#sum };
  }
}
