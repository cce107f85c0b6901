// Waste: money that the recorded calls need not have cost. Each kind is found on evidence alone, and its amount is that of
// the what-if engine or of the calls themselves. A spot is where it happened: a call, or a call that asked for a tool.

import { CallPairing, findMiss, TTL_1H_MS, type CacheMissCause } from '../attribution/cache-forensics.ts';
import type { EventRecord } from '../event.ts';
import { readCalls, runIdOf, type CallFact } from '../pricing/call-facts.ts';
import { repricePair } from '../pricing/what-if.ts';

export type WasteKind =
  'no_cache' | 'cache_lifetime' | 'cache_broken' | 'tool_retries' | 'loop' | 'cut_answers' | 'refusals';

export interface Spot {
  readonly kind: WasteKind;
  /** Empty where the calls name none. */
  readonly agent: string;
  /** The tool, or the cause of a broken cache; empty where there is none. */
  readonly subject: string;
  readonly atMs: number;
  readonly runId: string;
  /** Negative where the fix would cost more at this spot. */
  readonly nanoUsd: number;
}

/** What is known of runs besides their calls. */
export interface WasteEvidence {
  /** When a run was first seen to loop, Unix milliseconds, by its id. */
  readonly loops: ReadonlyMap<string, number>;
  /** Of calls that asked for a tool again, by `retryKey`. */
  readonly retries: ReadonlyMap<string, RetriedStep>;
}

export interface RetriedStep {
  /** How many tool calls the model call asked for. */
  readonly tools: number;
  /** The tools that were called again, each as often. */
  readonly retried: readonly string[];
}

/** Causes that the caller makes: others are nobody's fault, or cost less than their fix. */
const OWN_CAUSES: ReadonlySet<CacheMissCause> = new Set([
  'model_changed',
  'tools_reordered',
  'tools_changed',
  'system_changed',
  'settings_changed',
  'messages_changed',
]);
const CUT = new Set(['max_tokens', 'model_context_window_exceeded']);
export const LOOP_NOTE = 'loop_suspected';
/** Conversations that are remembered while calls come; those that rest longest go first. */
const MOST_CONVERSATIONS = 20_000;

/** All waste among the events, each spot once. */
export function findWaste(events: readonly EventRecord[]): readonly Spot[] {
  const spots: Spot[] = [];
  const search = new WasteSearch({ loops: loopsOf(events), retries: retriesOf(events) }, (spot) => {
    spots.push(spot);
  });
  for (const call of readCalls(events)) search.see(call);
  return spots;
}

/** Looks for waste in calls that come one by one, in order of their start: of a call nothing is kept but the last ones. */
export class WasteSearch {
  readonly #facts: WasteEvidence;
  readonly #onSpot: (spot: Spot) => void;
  readonly #pairing = new CallPairing(MOST_CONVERSATIONS);

  constructor(facts: WasteEvidence, onSpot: (spot: Spot) => void) {
    this.#facts = facts;
    this.#onSpot = onSpot;
  }

  see(call: CallFact): void {
    const pair = this.#pairing.pair(call);
    if (cachedTokens(call) === 0) this.#addSaving('no_cache', pair, '5m');
    if (call.usage.cacheWrite5m > 0) this.#addSaving('cache_lifetime', pair, '1h');
    const { cause, lostNanoUsd } = findMiss(pair) ?? {};
    // A cache of five minutes is another kind: it may live longer.
    const isIdle = cause === 'ttl_expired' && pair.ttlMs >= TTL_1H_MS && call.usage.cacheWrite5m === 0;
    if (cause !== undefined && (OWN_CAUSES.has(cause) || isIdle) && lostNanoUsd !== undefined)
      this.#add('cache_broken', call, cause, lostNanoUsd);
    if (call.event['gen_ai.response.finish_reasons']?.some((reason) => CUT.has(reason)) === true)
      this.#add('cut_answers', call, '', call.costNanoUsd);
    if (call.event['gen_ai.response.finish_reasons']?.includes('refusal') === true && call.costNanoUsd > 0)
      this.#add('refusals', call, '', call.costNanoUsd);
    // The call that asked for a repeated tool call, shared out over all tools that it asked for.
    const { tools = 1, retried = [] } = this.#facts.retries.get(retryKey(call.runId, call.step)) ?? {};
    for (const tool of retried) this.#add('tool_retries', call, tool, Math.round(call.costNanoUsd / tools));
    // What a run went on to cost after it was seen to loop.
    if (call.startMs >= (this.#facts.loops.get(call.runId) ?? Infinity))
      this.#add('loop', call, '', call.costNanoUsd);
  }

  #addSaving(kind: WasteKind, pair: ReturnType<CallPairing['pair']>, cache: '5m' | '1h'): void {
    const { call, callChange, cost } = repricePair(pair, { cache });
    if (callChange !== undefined && cost !== undefined)
      this.#add(kind, call, '', call.costNanoUsd - Math.round(cost));
  }

  #add(kind: WasteKind, call: CallFact, subject: string, nanoUsd: number): void {
    this.#onSpot({ kind, agent: agentOf(call.event), subject, atMs: call.endMs, runId: call.runId, nanoUsd });
  }
}

export function retryKey(runId: string, step: number): string {
  return `${runId}/${step}`;
}

function retriesOf(events: readonly EventRecord[]): Map<string, RetriedStep> {
  const steps = new Map<string, { tools: number; retried: string[] }>();
  for (const event of events) {
    const step = event['agent.step_number'];
    if (event['event.name'] !== 'agent.tool_call' || step === undefined) continue;
    const key = retryKey(runIdOf(event), step);
    const known = steps.get(key) ?? { tools: 0, retried: [] };
    known.tools += 1;
    if ((event['tool.retry_attempt'] ?? 0) > 0) known.retried.push(event['gen_ai.tool.name'] ?? '');
    steps.set(key, known);
  }
  return steps;
}

function loopsOf(events: readonly EventRecord[]): Map<string, number> {
  const since = new Map<string, number>();
  for (const event of events)
    if (event['event.name'] === 'agent.note' && event['agent.note.kind'] === LOOP_NOTE)
      since.set(runIdOf(event), Math.min(since.get(runIdOf(event)) ?? Infinity, event.timestamp));
  return since;
}

function cachedTokens({ usage }: CallFact): number {
  return usage.cacheRead + usage.cacheWrite5m + usage.cacheWrite1h;
}

export function agentOf(event: EventRecord): string {
  return event['gen_ai.agent.name'] ?? event['service.name'] ?? '';
}
