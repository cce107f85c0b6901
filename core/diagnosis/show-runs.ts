// The runs that show a cause best: where to look first.

import type { FoundCause } from './causes.ts';
import type { Period, PeriodCall } from './period.ts';

const RUNS_SHOWN = 3;

/** Ids of up to three runs of the period, the clearest first. */
export function findTellingRuns(cause: FoundCause, period: Period): string[] {
  if (cause.outlier !== undefined) return [cause.outlier.runId];
  const scores = new Map<string, number>();
  const lost = lostByCall(cause, period);
  for (const call of period.calls) {
    const score = scoreCall(cause, call, lost);
    if (score > 0) scores.set(call.runId, (scores.get(call.runId) ?? 0) + score);
  }
  return [...scores]
    .toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .slice(0, RUNS_SHOWN)
    .map(([runId]) => runId);
}

function lostByCall(cause: FoundCause, period: Period): Map<unknown, number> {
  if (!cause.kind.startsWith('cache_')) return new Map();
  return new Map(
    period.misses
      .filter((miss) => `cache_${miss.cause ?? ''}` === cause.kind)
      .map((miss) => [miss.call.event, miss.lostNanoUsd ?? 0]),
  );
}

function scoreCall(
  { kind, subject }: FoundCause,
  call: PeriodCall,
  lost: ReadonlyMap<unknown, number>,
): number {
  if (kind.startsWith('cache_')) return lost.get(call.event) ?? 0;
  switch (kind) {
    case 'user_dominates':
      return call.user === subject ? call.costNanoUsd : 0;
    case 'model_changed':
      return call.model === subject ? call.costNanoUsd : 0;
    case 'tool_failing':
      return call.kind === 'ordinary' ? 0 : call.costNanoUsd;
    case 'compaction':
      return call.regime === 'compaction' ? call.costNanoUsd : 0;
    case 'output_grew':
      return call.buckets.output;
    case 'web_search':
      return call.buckets.webSearch;
    case 'ttl_changed':
      return call.buckets.cacheWrite1h + call.buckets.cacheWrite5m;
    case 'caching_off':
      return call.buckets.input;
    case 'more_turns':
      return 1;
    case 'tool_results_grew':
      return tokensOf(call, subject ?? '');
    case 'system_prompt_grew':
      return tokensOf(call, '(system)');
    case 'tool_definitions_grew':
      return tokensOf(call, '(tools)');
    case 'user_input_grew':
      return tokensOf(call, '(user)');
    case 'history_grew':
      return tokensOf(call, '(history)');
    case 'input_grew':
      return call.inputTokens;
    default:
      return call.costNanoUsd;
  }
}

function tokensOf(call: PeriodCall, owner: string): number {
  return (call.owners.get(owner) ?? [0, 0, 0, 0]).reduce((sum, count) => sum + count, 0);
}
