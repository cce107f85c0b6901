// Cache forensics: calls that read less from the cache than the call before had put there, and why.
// A cause is only named on evidence: the API's own reason, hashes of the prefix that differ, or a gap
// between the calls that is longer than the cache lives. Without evidence the cause stays open.

import { readCalls, type CallFact } from '../pricing/call-facts.ts';
import type { PriceOverrides } from '../pricing/cost.ts';
import type { EventRecord } from '../event.ts';
import { NewestMap } from '../newest-map.ts';
import { messageCountOf, matchMessages } from './prefix-match.ts';
import { repriceCall } from '../pricing/reprice.ts';

export type CacheMissCause =
  | 'model_changed'
  | 'tools_reordered'
  | 'tools_changed'
  | 'system_changed'
  | 'settings_changed'
  | 'messages_changed'
  | 'context_edited'
  | 'caching_off'
  | 'ttl_expired'
  | 'below_minimum'
  | 'provider_side';

export interface CacheMiss {
  readonly call: CallFact;
  readonly previous: CallFact;
  /** What the call before had read or written: as much could have been read now. */
  readonly expectedTokens: number;
  readonly lostTokens: number;
  /** What the lost tokens cost more than a read would have; `undefined` when the table has no price. Estimated. */
  readonly lostNanoUsd: number | undefined;
  /** `undefined`: something was lost, and nothing shows why. */
  readonly cause: CacheMissCause | undefined;
  /** Everything that was seen, the cause first. */
  readonly evidence: readonly CacheMissCause[];
  /** Where the evidence comes from. */
  readonly source: 'api' | 'hashes' | 'gap' | 'counts' | undefined;
  /** First message that differs, from 0; for `messages_changed`. */
  readonly messageIndex: number | undefined;
  readonly gapMs: number;
}

const MINUTE_MS = 60_000;
export const TTL_5M_MS = 5 * MINUTE_MS;
export const TTL_1H_MS = 60 * MINUTE_MS;
/** No model caches a shorter prompt than this. */
export const CACHEABLE_TOKENS = 1_024;
/** Losses below a hundredth, or below this many tokens, are the edges of blocks. */
const LEAST_LOST_TOKENS = 64;
/** Conversations remembered side by side within one session. */
const MAX_LINEAGES = 16;

/** One thread of calls, each of which repeats the one before. */
interface Lineage {
  last: CallFact;
  ttlMs: number;
}

/** Finds the misses among the events, in the order of the calls. */
export function findCacheMisses(events: readonly EventRecord[], overrides?: PriceOverrides): CacheMiss[] {
  return findMissesOfCalls(readCalls(events), overrides);
}

export function findMissesOfCalls(calls: readonly CallFact[], overrides?: PriceOverrides): CacheMiss[] {
  const misses: CacheMiss[] = [];
  for (const pair of pairCalls(calls)) {
    const miss = findMiss(pair, overrides);
    if (miss !== undefined) misses.push(miss);
  }
  return misses;
}

export interface CallPair {
  readonly call: CallFact;
  /** The call whose prefix this one repeats, if any was seen. */
  readonly previous: CallFact | undefined;
  /** How long what that call cached lives. */
  readonly ttlMs: number;
  /** From the last use of the cached prefix to this call. */
  readonly gapMs: number;
  /** Tokens that were in the cache then. */
  readonly expectedTokens: number;
  /** True when the call opens a conversation and shares only tools and system prompt with the one before. */
  readonly isOpening: boolean;
}

/** What the conversations of one agent share: its tools and system prompt. */
interface SharedPrefix {
  opening: CallFact;
  readTokens: number;
  lastUseMs: number;
  ttlMs: number;
}

/** Joins each call with the one it continues. The calls are in order of their start. */
export function pairCalls(calls: readonly CallFact[]): CallPair[] {
  const pairing = new CallPairing();
  return calls.map((call) => pairing.pair(call));
}

/** Pairs calls that come one by one, in order of their start. */
export class CallPairing {
  readonly #conversations = new NewestMap<string, Lineage[]>();
  readonly #shared = new Map<string, SharedPrefix>();
  readonly #mostConversations: number;

  /** @param mostConversations those in which nothing has happened for longest are forgotten beyond as many */
  constructor(mostConversations = Infinity) {
    this.#mostConversations = mostConversations;
  }

  pair(call: CallFact): CallPair {
    const lineages = this.#conversations.get(call.conversationId) ?? [];
    const index = findLineage(lineages, call);
    const lineage = index === -1 ? undefined : lineages[index];
    const agent = `${call.event['service.name'] ?? ''} ${call.event['gen_ai.agent.name'] ?? ''} ${call.model}`;
    const prefix = this.#shared.get(agent);
    const pair = lineage === undefined ? pairOpening(call, prefix) : pairNext(call, lineage);
    const ttlMs = ttlOf(call) ?? lineage?.ttlMs ?? TTL_5M_MS;
    if (index !== -1) lineages.splice(index, 1);
    lineages.unshift({ last: call, ttlMs });
    lineages.length = Math.min(lineages.length, MAX_LINEAGES);
    this.#keep(call.conversationId, lineages);
    if (lineage === undefined)
      this.#shared.set(agent, {
        opening: call,
        readTokens: call.usage.cacheRead > 0 ? call.usage.cacheRead : (prefix?.readTokens ?? 0),
        lastUseMs: call.startMs,
        ttlMs,
      });
    else if (prefix !== undefined) prefix.lastUseMs = call.startMs;
    return pair;
  }

  #keep(conversationId: string, lineages: Lineage[]): void {
    // What was used last is dropped last.
    this.#conversations.delete(conversationId);
    this.#conversations.set(conversationId, lineages);
    while (this.#conversations.size > this.#mostConversations) this.#conversations.dropOldest();
  }
}

function pairNext(call: CallFact, { last, ttlMs }: Lineage): CallPair {
  const { cacheRead, cacheWrite5m, cacheWrite1h } = last.usage;
  return {
    call,
    previous: last,
    ttlMs,
    gapMs: call.startMs - last.startMs,
    expectedTokens: cacheRead + cacheWrite5m + cacheWrite1h,
    isOpening: false,
  };
}

function pairOpening(call: CallFact, prefix: SharedPrefix | undefined): CallPair {
  return {
    call,
    previous: prefix?.opening,
    ttlMs: prefix?.ttlMs ?? TTL_5M_MS,
    gapMs: call.startMs - (prefix?.lastUseMs ?? call.startMs),
    expectedTokens: prefix?.readTokens ?? 0,
    isOpening: true,
  };
}

/** Five-minute writes beside one-hour ones: the newer part of the prefix lives five minutes. */
function ttlOf({ usage }: CallFact): number | undefined {
  if (usage.cacheWrite5m > 0) return TTL_5M_MS;
  return usage.cacheWrite1h > 0 ? TTL_1H_MS : undefined;
}

function findLineage(lineages: readonly Lineage[], call: CallFact): number {
  const messages = call.event['tallyspan.prefix.messages'];
  if (messages === undefined) {
    const same = lineages.findIndex(({ last }) => last.model === call.model && last.endMs <= call.startMs);
    return same === -1 ? findSwitched(lineages, call) : same;
  }
  let best = -1;
  let longest = 0;
  lineages.forEach(({ last }, index) => {
    const earlier = last.event['tallyspan.prefix.messages'];
    if (earlier === undefined || last.endMs > call.startMs) return;
    const { common } = matchMessages(earlier, messages);
    if (common > longest) [best, longest] = [index, common];
  });
  if (best !== -1) return best;
  // Nothing repeats: the next step of the same run is still the same thread if its system prompt or tools are.
  return lineages.findIndex(
    ({ last }) =>
      last.runId === call.runId &&
      last.step === call.step - 1 &&
      (isSame(last, call, 'tallyspan.prefix.system') || isSame(last, call, 'tallyspan.prefix.tools')) &&
      messageCountOf(messages) > 1,
  );
}

/**
 * Without hashes: the thread of the same agent that goes on with another model, which carries at least half of what it
 * had. A small model that is asked beside it carries little.
 */
function findSwitched(lineages: readonly Lineage[], call: CallFact): number {
  return lineages.findIndex(
    ({ last }) =>
      last.event['tallyspan.prefix.messages'] === undefined &&
      last.endMs <= call.startMs &&
      last.event['gen_ai.agent.name'] === call.event['gen_ai.agent.name'] &&
      isOfRequests(last) &&
      isOfRequests(call) &&
      last.inputTokens >= CACHEABLE_TOKENS &&
      call.inputTokens >= last.inputTokens / 2,
  );
}

/** Whether it is one request, and not a sum of several. */
function isOfRequests({ event }: CallFact): boolean {
  return event['tallyspan.source'] !== 'remainder';
}

/** What a call lost of what the call before it had in the cache, if it did. */
export function findMiss(pair: CallPair, overrides?: PriceOverrides): CacheMiss | undefined {
  const { call, previous, expectedTokens, gapMs } = pair;
  if (previous === undefined) return undefined;
  const missing = Math.min(expectedTokens, call.inputTokens) - call.usage.cacheRead;
  if (missing < Math.max(LEAST_LOST_TOKENS, expectedTokens / 100)) return undefined;
  const found = findEvidence(pair, previous);
  if (pair.isOpening && found.evidence.length === 0) return undefined;
  const lost = moveToReads(call, missing);
  const cheaper = repriceCall(call, { usage: lost.usage }, overrides);
  return {
    call,
    previous,
    expectedTokens,
    lostTokens: lost.tokens,
    lostNanoUsd: cheaper === undefined ? undefined : Math.round(call.costNanoUsd - cheaper),
    cause: found.evidence[0],
    evidence: found.evidence,
    source: found.source,
    messageIndex: found.messageIndex,
    gapMs,
  };
}

/** The usage as it would have been had the missing tokens been read: taken from the writes first. */
function moveToReads(call: CallFact, missing: number): { usage: CallFact['usage']; tokens: number } {
  const { usage } = call;
  let left = missing;
  const take = (available: number): number => {
    const taken = Math.min(left, available);
    left -= taken;
    return available - taken;
  };
  const cacheWrite5m = take(usage.cacheWrite5m);
  const cacheWrite1h = take(usage.cacheWrite1h);
  const input = take(usage.input);
  const tokens = missing - left;
  return {
    tokens,
    usage: { ...usage, input, cacheWrite5m, cacheWrite1h, cacheRead: usage.cacheRead + tokens },
  };
}

interface Evidence {
  readonly evidence: readonly CacheMissCause[];
  readonly source: CacheMiss['source'];
  readonly messageIndex: number | undefined;
}

function findEvidence({ call, gapMs, ttlMs, isOpening }: CallPair, previous: CallFact): Evidence {
  const hashes = compareHashes(call, previous, isOpening);
  const causes = [...hashes.causes];
  const isExpired = gapMs > ttlMs;
  // With nothing left in the cache, a gap beyond its life is enough of a reason by itself.
  if (isExpired && call.usage.cacheRead === 0) causes.unshift('ttl_expired');
  else if (isExpired) causes.push('ttl_expired');
  const isUncached = call.usage.cacheRead + call.usage.cacheWrite5m + call.usage.cacheWrite1h === 0;
  if (isUncached && call.event.cache_breakpoints === 0) causes.unshift('caching_off');
  else if (isUncached && call.inputTokens < CACHEABLE_TOKENS) causes.push('below_minimum');
  const said = reasonOf(call, hashes.causes);
  if (said !== undefined)
    return {
      evidence: [said, ...causes.filter((cause) => cause !== said)],
      source: 'api',
      messageIndex: hashes.messageIndex,
    };
  if (causes.length === 0) {
    // Conversations that open at the same time each write the shared prefix: nobody's fault.
    const isEqual = hashes.isComplete && !isExpired && !isOpening;
    return {
      evidence: isEqual ? ['provider_side'] : [],
      source: isEqual ? 'hashes' : undefined,
      messageIndex: undefined,
    };
  }
  const [first] = causes;
  const source =
    first === 'ttl_expired'
      ? 'gap'
      : first === 'below_minimum' || first === 'caching_off'
        ? 'counts'
        : 'hashes';
  return { evidence: causes, source, messageIndex: hashes.messageIndex };
}

/** What the API said, where it named a cause. */
function reasonOf(call: CallFact, seen: readonly CacheMissCause[]): CacheMissCause | undefined {
  switch (call.event.cache_miss_reason) {
    case 'model_changed':
      return 'model_changed';
    case 'system_changed':
      return 'system_changed';
    case 'tools_changed':
      return seen.includes('tools_reordered') ? 'tools_reordered' : 'tools_changed';
    case 'messages_changed':
      return 'messages_changed';
    default:
      return undefined;
  }
}

interface HashComparison {
  readonly causes: readonly CacheMissCause[];
  readonly messageIndex: number | undefined;
  /** True when every part of the prefix could be compared. */
  readonly isComplete: boolean;
}

function compareHashes(call: CallFact, previous: CallFact, isOpening: boolean): HashComparison {
  const causes: CacheMissCause[] = [];
  if (differs(previous, call, 'tallyspan.prefix.model') || previous.model !== call.model)
    causes.push('model_changed');
  if (differs(previous, call, 'tallyspan.prefix.tools')) {
    const [, before] = (previous.event['tallyspan.prefix.tools'] ?? '').split('.');
    const [, after] = (call.event['tallyspan.prefix.tools'] ?? '').split('.');
    causes.push(before !== undefined && before === after ? 'tools_reordered' : 'tools_changed');
  }
  if (differs(previous, call, 'tallyspan.prefix.system')) causes.push('system_changed');
  if (differs(previous, call, 'tallyspan.prefix.settings')) causes.push('settings_changed');
  const before = previous.event['tallyspan.prefix.messages'];
  const after = call.event['tallyspan.prefix.messages'];
  let messageIndex: number | undefined;
  if (!isOpening && before !== undefined && after !== undefined && editsOf(previous) !== editsOf(call))
    causes.push('context_edited');
  if (before !== undefined && after !== undefined && !isOpening) {
    const match = matchMessages(before, after);
    if (match.common < match.before) {
      causes.push('messages_changed');
      messageIndex = match.common;
    }
  }
  const isComplete =
    before !== undefined &&
    after !== undefined &&
    isSame(previous, call, 'tallyspan.prefix.model') &&
    isSame(previous, call, 'tallyspan.prefix.tools') &&
    isSame(previous, call, 'tallyspan.prefix.system') &&
    messageIndex === undefined;
  return { causes, messageIndex, isComplete };
}

/** What the server took out of the messages of the request, in one text. */
function editsOf({ event }: CallFact): string {
  return (event['tallyspan.context_edits'] ?? []).join();
}

type PrefixKey =
  | 'tallyspan.prefix.model'
  | 'tallyspan.prefix.tools'
  | 'tallyspan.prefix.system'
  | 'tallyspan.prefix.settings';

function isSame(one: CallFact, other: CallFact, key: PrefixKey): boolean {
  return one.event[key] !== undefined && one.event[key] === other.event[key];
}

/** Both are known and not equal. */
function differs(one: CallFact, other: CallFact, key: PrefixKey): boolean {
  return one.event[key] !== undefined && other.event[key] !== undefined && !isSame(one, other, key);
}
