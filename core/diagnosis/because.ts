// The clause that follows "because" in the headline of a diagnosis: what somebody did or what happened, without figures, with
// the agent and the moment where the events show them.

import type { CauseKind } from './causes.ts';

export interface ToldCause {
  readonly cause: CauseKind;
  /** Tool, user or model that it is about. */
  readonly subject: string | null;
  /** The one agent that it is about. */
  readonly agent: string | null;
  /** When it was seen first, as the reader's clock shows it: `at 14:02`. */
  readonly since?: string | undefined;
  readonly isMore: boolean;
}

/** Undefined where the title of the cause says it best. */
export function becauseOf({ cause, subject, agent, since, isMore }: ToldCause): string | undefined {
  const of = agent === null ? '' : ` of ${agent}`;
  const at = since === undefined ? '' : ` ${since}`;
  const thing = subject ?? '';
  switch (cause) {
    case 'cache_tools_reordered':
      return `the tool list${of} was reordered${at}`;
    case 'cache_tools_changed':
      return `the tool definitions${of} changed within conversations${at}`;
    case 'cache_system_changed':
      return `the system prompt${of} changed between calls${at}`;
    case 'cache_settings_changed':
      return `tool choice, thinking or output settings${of} changed between calls${at}`;
    case 'cache_messages_changed':
      return `earlier messages${of} were rewritten${at}`;
    case 'cache_model_changed':
      return `the model${of} changed within conversations${at}`;
    case 'cache_context_edited':
      return `the server cleared parts of the context${of}`;
    case 'cache_ttl_expired':
      return `calls${of} came so far apart that the cache expired`;
    case 'cache_below_minimum':
      return `prompts${of} were too short to be cached`;
    case 'cache_provider_side':
      return 'the provider dropped caches within their lifetime';
    case 'caching_off':
      return `caching was switched ${isMore ? 'off' : 'on'}`;
    case 'price_changed':
      return 'the price changed';
    case 'tier_changed':
      return 'calls ran at another tier, speed or residency';
    case 'model_changed':
      return `${thing} got another share of the calls`;
    case 'ttl_changed':
      return 'the lifetime of cache writes changed';
    case 'more_runs':
      return `there were ${isMore ? 'more' : 'fewer'} runs`;
    case 'more_turns':
      return `runs took ${isMore ? 'more' : 'fewer'} turns`;
    case 'workload_changed':
      return 'the mix of agents and tasks changed';
    case 'user_dominates':
      return thing === '' ? undefined : `user ${thing} took ${isMore ? 'more' : 'less'} of it`;
    case 'tool_failing':
      return `${thing} failed ${isMore ? 'more' : 'less'} often`;
    case 'tool_results_grew':
      return `results of ${thing} cost ${isMore ? 'more' : 'less'} to read and keep`;
    case 'output_grew':
      return `answers got ${isMore ? 'longer' : 'shorter'}`;
    case 'system_prompt_grew':
      return `the system prompt ${isMore ? 'grew' : 'shrank'}`;
    case 'tool_definitions_grew':
      return `the tool definitions ${isMore ? 'grew' : 'shrank'}`;
    case 'user_input_grew':
      return `user input ${isMore ? 'grew' : 'shrank'}`;
    case 'history_grew':
      return `the history ${isMore ? 'grew' : 'shrank'}`;
    case 'input_grew':
      return `requests got ${isMore ? 'longer' : 'shorter'}`;
    case 'web_search':
      return `there were ${isMore ? 'more' : 'fewer'} web searches`;
    case 'compaction':
    case 'outlier_run':
      return undefined;
  }
}
