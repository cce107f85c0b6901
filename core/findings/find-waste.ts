// Waste: money that the recorded calls need not have cost. Each kind is found on evidence alone, and its amount is that of
// the what-if engine or of the calls themselves. A spot is where it happened: a call, or a call that asked for a tool.

import { findMissesOfCalls, type CacheMissCause } from '../attribution/cache-forensics.ts';
import type { EventRecord } from '../event.ts';
import { readCalls, runIdOf, type CallFact } from '../pricing/call-facts.ts';
import { repriceCalls } from '../pricing/what-if.ts';

export type WasteKind =
  'no_cache' | 'cache_lifetime' | 'cache_broken' | 'tool_retries' | 'loop' | 'cut_answers';

export interface Spot {
  readonly atMs: number;
  readonly runId: string;
  /** Negative where the fix would cost more at this spot. */
  readonly nanoUsd: number;
}

export interface Waste {
  readonly kind: WasteKind;
  /** Empty where the calls name none. */
  readonly agent: string;
  /** The tool, or the cause of a broken cache; empty where there is none. */
  readonly subject: string;
  readonly spots: readonly Spot[];
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
const LOOP_NOTE = 'loop_suspected';

/** All waste among the events, each kind by agent and subject. */
export function findWaste(events: readonly EventRecord[]): readonly Waste[] {
  const calls = readCalls(events);
  const found = new Map<string, { kind: WasteKind; agent: string; subject: string; spots: Spot[] }>();
  const add = (kind: WasteKind, call: CallFact, subject: string, nanoUsd: number): void => {
    const agent = agentOf(call.event);
    const key = JSON.stringify([kind, agent, subject]);
    const waste = found.get(key) ?? { kind, agent, subject, spots: [] };
    waste.spots.push({ atMs: call.endMs, runId: call.runId, nanoUsd });
    found.set(key, waste);
  };
  for (const { call, callChange, cost } of repriceCalls(calls, { cache: '5m' }))
    if (callChange !== undefined && cost !== undefined && cachedTokens(call) === 0)
      add('no_cache', call, '', call.costNanoUsd - Math.round(cost));
  for (const { call, callChange, cost } of repriceCalls(calls, { cache: '1h' }))
    if (callChange !== undefined && cost !== undefined && call.usage.cacheWrite5m > 0)
      add('cache_lifetime', call, '', call.costNanoUsd - Math.round(cost));
  for (const { call, cause, lostNanoUsd } of findMissesOfCalls(calls))
    if (cause !== undefined && OWN_CAUSES.has(cause) && lostNanoUsd !== undefined)
      add('cache_broken', call, cause, lostNanoUsd);
  for (const call of calls)
    if (call.event['gen_ai.response.finish_reasons']?.some((reason) => CUT.has(reason)) === true)
      add('cut_answers', call, '', call.costNanoUsd);
  addRetries(events, calls, add);
  addLoops(events, calls, add);
  return [...found.values()];
}

type Add = (kind: WasteKind, call: CallFact, subject: string, nanoUsd: number) => void;

function stepKey(runId: string, step: number): string {
  return `${runId}/${step}`;
}

/** The call that asked for a repeated tool call, shared out over all tools that it asked for. */
function addRetries(events: readonly EventRecord[], calls: readonly CallFact[], add: Add): void {
  const asked = new Map<string, EventRecord[]>();
  for (const event of events) {
    const step = event['agent.step_number'];
    if (event['event.name'] !== 'agent.tool_call' || step === undefined) continue;
    const key = stepKey(runIdOf(event), step);
    asked.set(key, [...(asked.get(key) ?? []), event]);
  }
  for (const call of calls) {
    const tools = asked.get(stepKey(call.runId, call.step)) ?? [];
    for (const tool of tools)
      if ((tool['tool.retry_attempt'] ?? 0) > 0)
        add(
          'tool_retries',
          call,
          tool['gen_ai.tool.name'] ?? '',
          Math.round(call.costNanoUsd / tools.length),
        );
  }
}

/** What a run went on to cost after it was seen to loop. */
function addLoops(events: readonly EventRecord[], calls: readonly CallFact[], add: Add): void {
  const since = new Map<string, number>();
  for (const event of events)
    if (event['event.name'] === 'agent.note' && event['agent.note.kind'] === LOOP_NOTE)
      since.set(runIdOf(event), Math.min(since.get(runIdOf(event)) ?? Infinity, event.timestamp));
  for (const call of calls)
    if (call.startMs >= (since.get(call.runId) ?? Infinity)) add('loop', call, '', call.costNanoUsd);
}

function cachedTokens({ usage }: CallFact): number {
  return usage.cacheRead + usage.cacheWrite5m + usage.cacheWrite1h;
}

export function agentOf(event: EventRecord): string {
  return event['gen_ai.agent.name'] ?? event['service.name'] ?? '';
}
