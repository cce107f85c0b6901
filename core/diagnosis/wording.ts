// The wording of causes: what happened, by which figures it shows, and what to do about it.

import { formatCount, formatPercent } from '../text/format.ts';
import type { CauseKind, PeriodComparison, FoundCause } from './causes.ts';
import { evidenceOf, type EvidenceLine } from './evidence.ts';
import { hitRatio, inputTokens, type Measures } from './measures.ts';
import type { OutlierRun } from './outliers.ts';
import type { Period } from './period.ts';

export interface CauseWords {
  /** One line without dollars. */
  readonly title: string;
  readonly evidence: readonly EvidenceLine[];
  readonly fix: string;
}

const FIXES: Readonly<Record<CauseKind, string>> = {
  price_changed: 'Check that the model is still the right one at this price: tallyspan what-if --model …',
  tier_changed: 'Check service_tier, speed and inference_geo of the requests.',
  model_changed: 'If it was not meant, pin the model id; compare with: tallyspan what-if --model …',
  ttl_changed: 'Choose the lifetime by the gaps between calls: tallyspan what-if --cache 5m and --cache 1h.',
  caching_off: 'Put cache_control back on the last block of the request.',
  cache_model_changed: 'Keep one model within a conversation: a cache belongs to one model.',
  cache_tools_reordered: 'Keep the order of the tools stable: sort them by name before each request.',
  cache_tools_changed: 'Send the same tool definitions in every call of a conversation.',
  cache_system_changed:
    'Move what varies (time, user, request id) out of the system prompt to the last message.',
  cache_settings_changed: 'Keep tool_choice, thinking and output settings the same within a conversation.',
  cache_messages_changed: 'Append to the history; do not rewrite earlier messages.',
  cache_context_edited:
    'Clear more at once and less often: clear_at_least, a higher trigger, or a compaction.',
  cache_ttl_expired:
    'Ask for the one-hour cache where calls are minutes apart: tallyspan what-if --cache 1h.',
  cache_below_minimum: 'The prompt is too short to be cached: put more that is stable before the breakpoint.',
  cache_provider_side:
    'Nothing in the requests explains it: retry later, or ask Anthropic with the request ids.',
  compaction: 'Compact less often or later, or trim tool results so that the context fills more slowly.',
  outlier_run: 'Limit the turns and the cost of a run, and look at what this one did.',
  user_dominates: 'Set a budget per user, and look at what that user runs.',
  tool_failing: 'Fix the tool, or let the agent stop after a failure instead of trying again.',
  web_search: 'Limit max_uses of the web search tool.',
  output_grew: 'Ask for shorter answers, lower max_tokens or effort, and check the last prompt change.',
  tool_results_grew:
    'Return excerpts instead of whole documents, page the results, or drop old results from the history.',
  system_prompt_grew: 'Shorten the system prompt, or cache it.',
  tool_definitions_grew: 'Leave out the tools that are not used; load the rest on demand.',
  user_input_grew: 'Check what is put into the user message: attachments, retrieved text.',
  history_grew: 'Drop or summarise old turns.',
  input_grew:
    'Compare a run of each time step by step (tallyspan run --diff A B): prompt, tools, results or history.',
  more_turns: 'Set a limit of turns, and look at what the additional ones do.',
  more_runs: 'The cost follows the number of runs; nothing is broken.',
  workload_changed: 'The mix of agents or tasks is another one: compare each by itself.',
};

/** What is to be looked at whichever way the cost went. */
const FIXED_EITHER_WAY: ReadonlySet<CauseKind> = new Set(['more_runs', 'workload_changed', 'outlier_run']);
const NOTHING_TO_FIX = 'None needed: this lowered the cost.';

export function wordCause(cause: FoundCause, comparison: PeriodComparison, after: Period): CauseWords {
  return {
    title: titleOf(cause, comparison),
    evidence: evidenceOf(cause, comparison, after),
    fix: cause.nanoUsd < 0 && !FIXED_EITHER_WAY.has(cause.kind) ? NOTHING_TO_FIX : FIXES[cause.kind],
  };
}

function titleOf({ kind, subject, nanoUsd, outlier }: FoundCause, comparison: PeriodComparison): string {
  const { before, after: now } = comparison;
  const grew = nanoUsd >= 0;
  const reads = `cache reads ${percent(hitRatio(before))} → ${percent(hitRatio(now))}`;
  const misses = (why: string): string => titleOfMisses(why, reads, nanoUsd, comparison);
  const tool = subject ?? '';
  switch (kind) {
    case 'price_changed':
      return 'the price changed';
    case 'tier_changed':
      return 'calls run at another tier, speed or residency';
    case 'model_changed':
      return `model changed: ${tool} has ${share(now, tool)} of the calls, was ${share(before, tool)}`;
    case 'ttl_changed':
      return 'the lifetime of cache writes changed';
    case 'caching_off':
      return grew ? `caching switched off: ${reads}` : `caching switched on: ${reads}`;
    case 'cache_model_changed':
      return misses('the model changes within conversations');
    case 'cache_tools_reordered':
      return misses('tool list reordered');
    case 'cache_tools_changed':
      return misses('tool definitions changed');
    case 'cache_system_changed':
      return misses('system prompt changed');
    case 'cache_settings_changed':
      return misses('tool choice, thinking or output settings changed');
    case 'cache_messages_changed':
      return misses('earlier messages rewritten');
    case 'cache_context_edited':
      return misses('parts of the context cleared by the server');
    case 'cache_ttl_expired':
      return misses('calls so far apart that the cache expired');
    case 'cache_below_minimum':
      return misses('prompts below the smallest size that is cached');
    case 'cache_provider_side':
      return misses('same prefix, within its lifetime, yet not read');
    case 'compaction':
      return grew ? 'compaction: histories rewritten and cached again' : 'compaction shortened histories';
    case 'outlier_run':
      return outlier === undefined ? 'one run' : titleOfOutlier(outlier);
    case 'user_dominates': {
      const later = (now.costByUser.get(tool) ?? 0) / Math.max(1, comparison.afterCostNanoUsd);
      const earlier =
        ((before.costByUser.get(tool) ?? 0) * comparison.scale) / Math.max(1, comparison.beforeCostNanoUsd);
      return `user ${tool === '' ? '(none)' : tool}: ${percent(later)} of the cost, was ${percent(earlier)}`;
    }
    case 'tool_failing':
      return grew
        ? `more turns per run: ${tool} failing ${failure(now, tool)}, was ${failure(before, tool)}`
        : `fewer repeats: ${tool} failing ${failure(now, tool)}, was ${failure(before, tool)}`;
    case 'web_search':
      return `${grew ? 'more' : 'fewer'} web searches: ${perRun(before.webSearches, before)} → ${perRun(now.webSearches, now)} per run`;
    case 'output_grew':
      return `output ${grew ? 'grew' : 'shrank'}: ${perCall(before.outputTokens, before)} → ${perCall(now.outputTokens, now)} tokens per call`;
    case 'tool_results_grew':
      return `${tool} results ${grew ? 'cost more' : 'cost less'} to read and keep${lengths(before, now, tool)}`;
    case 'system_prompt_grew':
      return `system prompt ${grew ? 'grew' : 'shrank'}`;
    case 'tool_definitions_grew':
      return `tool definitions ${grew ? 'grew' : 'shrank'}`;
    case 'user_input_grew':
      return `user input ${grew ? 'grew' : 'shrank'}`;
    case 'history_grew':
      return `earlier answers in the history ${grew ? 'grew' : 'shrank'}`;
    case 'input_grew':
      return `input ${grew ? 'grew' : 'shrank'}: ${perCall(inputTokens(before), before)} → ${perCall(inputTokens(now), now)} tokens per call`;
    case 'more_turns':
      return `${grew ? 'more' : 'fewer'} turns per run (${perRun(before.calls, before)} → ${perRun(now.calls, now)})`;
    case 'more_runs':
      return `${grew ? 'more' : 'fewer'} runs${now.dominantUsers.size === 0 ? '' : ' of the other users'}`;
    case 'workload_changed':
      return 'another mix of agents and tasks';
  }
}

/** Cache reads stand beside it where they went the way that the cause says. */
function titleOfMisses(
  why: string,
  reads: string,
  nanoUsd: number,
  { before, after: now }: PeriodComparison,
): string {
  const hasFallen = (hitRatio(now) ?? 0) < (hitRatio(before) ?? 0);
  if (nanoUsd >= 0) return hasFallen ? `${reads}: ${why}` : `more cache misses: ${why}`;
  return hasFallen ? `fewer cache misses: ${why}` : `${reads}, fewer misses: ${why}`;
}

function titleOfOutlier({ user, nanoUsd, nowNanoUsd, beforeNanoUsd, usualNanoUsd }: OutlierRun): string {
  const whose = user === '' ? '' : ` of ${user}`;
  const when = nanoUsd >= 0 ? '' : ' in the earlier time';
  const times = Math.max(nowNanoUsd, beforeNanoUsd) / usualNanoUsd;
  const much = usualNanoUsd === 0 ? '' : ` cost ${count(times)} × the median run`;
  return `one run${whose}${when}${much}`;
}

function percent(ratio: number | undefined): string {
  return formatPercent(ratio);
}

function share(measures: Measures, model: string): string {
  return percent((measures.callsByModel.get(model) ?? 0) / Math.max(1, measures.calls));
}

function failure(measures: Measures, tool: string): string {
  const { calls = 0, failed = 0 } = measures.tools.get(tool) ?? {};
  return calls === 0 ? 'not used' : percent(failed / calls);
}

function lengths(before: Measures, now: Measures, tool: string): string {
  const earlier = before.tools.get(tool)?.meanResultLen;
  const later = now.tools.get(tool)?.meanResultLen;
  if (earlier === undefined || later === undefined) return '';
  return `: ${count(earlier)} → ${count(later)} characters each`;
}

function perRun(amount: number, measures: Measures): string {
  return measures.runs === 0 ? '0' : (amount / measures.runs).toFixed(1);
}

function perCall(amount: number, measures: Measures): string {
  return count(measures.calls === 0 ? 0 : amount / measures.calls);
}

function count(value: number): string {
  return formatCount(Math.round(value));
}
