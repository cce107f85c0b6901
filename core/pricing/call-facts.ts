// Call facts: one priced model call as it is needed to compare calls with each other, read from its event.

import type { CostBuckets } from './charges.ts';
import type { EventRecord } from '../event.ts';
import { inputTotal, type Usage } from './usage.ts';

export interface CallFact {
  readonly event: EventRecord;
  /** Unix milliseconds. */
  readonly startMs: number;
  readonly endMs: number;
  /** The run; a call without one is a run of its own. */
  readonly runId: string;
  /** The conversation, or the run where none is named. */
  readonly conversationId: string;
  /** From 1. */
  readonly step: number;
  readonly model: string;
  readonly usage: Usage;
  readonly inputTokens: number;
  readonly buckets: CostBuckets;
  readonly costNanoUsd: number;
}

/**
 * The billed calls among the events, by start. Unpriced calls and marked duplicates are left out.
 * @param lastSteps the last step of each run that was read before; what is read is added
 */
export function readCalls(events: readonly EventRecord[], lastSteps = new Map<string, number>()): CallFact[] {
  const calls: CallFact[] = [];
  for (const event of events) {
    const fact = event['event.name'] === 'agent.model_call' ? readCall(event) : undefined;
    if (fact !== undefined) calls.push(fact);
  }
  calls.sort((a, b) => a.startMs - b.startMs || a.step - b.step);
  return numberSteps(calls, lastSteps);
}

/** Usage of a call, as its event tells it. */
export function usageOfEvent(event: EventRecord): Usage {
  return {
    input: event.tokens_input ?? 0,
    cacheRead: event.tokens_cache_read ?? 0,
    cacheWrite5m: event.tokens_cache_write_5m ?? 0,
    cacheWrite1h: event.tokens_cache_write_1h ?? 0,
    output: event.tokens_output ?? 0,
    thinking: event.tokens_thinking ?? 0,
    webSearches: event.web_searches ?? 0,
  };
}

/** The run of an event; a call that names none is a run of its own. */
export function runIdOf(event: EventRecord): string {
  return event['agent.run_id'] ?? event.trace_id ?? event['gen_ai.response.id'] ?? `at ${event.timestamp}`;
}

function readCall(event: EventRecord): CallFact | undefined {
  const cost = event.cost_nano_usd;
  if (cost === undefined || event['tallyspan.duplicate'] === true) return undefined;
  const runId = runIdOf(event);
  const usage = usageOfEvent(event);
  return {
    event,
    startMs: event.timestamp - (event.duration_ms ?? 0),
    endMs: event.timestamp,
    runId,
    conversationId: event['gen_ai.conversation.id'] ?? runId,
    step: event['agent.step_number'] ?? 0,
    model: event['gen_ai.response.model'] ?? event['gen_ai.request.model'] ?? '',
    usage,
    inputTokens: inputTotal(usage),
    buckets: {
      input: event.cost_input_nano_usd ?? 0,
      cacheRead: event.cost_cache_read_nano_usd ?? 0,
      cacheWrite5m: event.cost_cache_write_5m_nano_usd ?? 0,
      cacheWrite1h: event.cost_cache_write_1h_nano_usd ?? 0,
      output: event.cost_output_nano_usd ?? 0,
      webSearch: event.cost_web_search_nano_usd ?? 0,
    },
    costNanoUsd: cost,
  };
}

/** Calls that came without a step number get their position in the run. */
function numberSteps(calls: readonly CallFact[], last: Map<string, number>): CallFact[] {
  return calls.map((call) => {
    const step = call.step > 0 ? call.step : (last.get(call.runId) ?? 0) + 1;
    last.set(call.runId, step);
    return step === call.step ? call : { ...call, step };
  });
}
