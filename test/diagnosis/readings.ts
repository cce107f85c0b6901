// Causes that are put into small periods, and what a diagnosis must say of each.

import { USUAL, type Setting } from './generate-period.ts';

export const RUNS = 16;
const BY_ESTIMATE = 'divided among the blocks of each call by estimate';

/** What a cause reads like: its title, its figures, and the part that holds most of its dollars. */
export interface Reading {
  readonly kind: string;
  readonly subject?: string;
  readonly title: string;
  /** The title where the earlier period is the one with the cause. */
  readonly undone?: string;
  readonly evidence: readonly (string | RegExp)[];
  readonly part: string;
  readonly detail?: string;
  readonly isEstimated?: true;
}

const MISSED = [
  /^\d+ calls read [\d,]+ tokens less than was cached, \$\d\.\d\d lost \(est\.\)$/,
  /^first call that shows it: run [0-9a-f]{8}, step 2, 2026-11-12T00:00:18\.300Z, version 1\.14\.1$/,
];

export const READINGS: readonly (readonly [string, Partial<Setting>, Reading, Partial<Setting>?])[] = [
  [
    'tools in another order',
    { breaks: 'tools_reordered' },
    {
      kind: 'cache_tools_reordered',
      title: 'cache reads 73.8 % → 0.0 %: tool list reordered',
      undone: 'cache reads 0.0 % → 73.8 %, fewer misses: tool list reordered',
      evidence: MISSED,
      part: 'cache_breaks',
      detail: 'tools_reordered',
    },
  ],
  [
    'tools that change',
    { breaks: 'tools_changed' },
    {
      kind: 'cache_tools_changed',
      title: 'cache reads 73.8 % → 0.0 %: tool definitions changed',
      undone: 'cache reads 0.0 % → 73.8 %, fewer misses: tool definitions changed',
      evidence: MISSED,
      part: 'cache_breaks',
      detail: 'tools_changed',
    },
  ],
  [
    'a system prompt that changes',
    { breaks: 'system_changed' },
    {
      kind: 'cache_system_changed',
      title: 'cache reads 73.8 % → 0.0 %: system prompt changed',
      undone: 'cache reads 0.0 % → 73.8 %, fewer misses: system prompt changed',
      evidence: MISSED,
      part: 'cache_breaks',
      detail: 'system_changed',
    },
  ],
  [
    'a reason that the API gives',
    { breaks: 'api_says_system' },
    {
      kind: 'cache_system_changed',
      title: 'cache reads 73.8 % → 0.0 %: system prompt changed',
      undone: 'cache reads 0.0 % → 73.8 %, fewer misses: system prompt changed',
      evidence: [...MISSED, 'the API gave this reason itself'],
      part: 'cache_breaks',
      detail: 'system_changed',
    },
  ],
  [
    'messages that are rewritten',
    { breaks: 'messages_changed' },
    {
      kind: 'cache_messages_changed',
      title: 'cache reads 73.8 % → 39.7 %: earlier messages rewritten',
      undone: 'cache reads 39.7 % → 73.8 %, fewer misses: earlier messages rewritten',
      evidence: [
        /^69 calls read 162,061 tokens less than was cached, \$0\.7\d\d\d lost \(est\.\)$/,
        /, step 2, message 1, 2026-11-12T00:00:18\.300Z, version 1\.14\.1$/,
      ],
      part: 'cache_breaks',
      detail: 'messages_changed',
    },
  ],
  [
    'a provider that forgets',
    { breaks: 'provider' },
    {
      kind: 'cache_provider_side',
      title: 'cache reads 73.8 % → 0.0 %: same prefix, within its lifetime, yet not read',
      undone: 'cache reads 0.0 % → 73.8 %, fewer misses: same prefix, within its lifetime, yet not read',
      evidence: MISSED,
      part: 'cache_breaks',
      detail: 'provider_side',
    },
  ],
  [
    'calls too far apart',
    { gapMs: 400_000 },
    {
      kind: 'cache_ttl_expired',
      title: 'cache reads 73.8 % → 0.0 %: calls so far apart that the cache expired',
      undone: 'cache reads 0.0 % → 73.8 %, fewer misses: calls so far apart that the cache expired',
      evidence: [/^70 calls /, /^first call that shows it/, 'median gap between the calls: 6 min 42 s'],
      part: 'cache_breaks',
      detail: 'ttl_expired',
    },
  ],
  [
    'two models in turn',
    { alternateModel: 'claude-sonnet-5-5' },
    {
      kind: 'cache_model_changed',
      title: 'cache reads 73.8 % → 51.7 %: the model changes within conversations',
      undone: 'cache reads 51.7 % → 73.8 %, fewer misses: the model changes within conversations',
      evidence: [/^70 calls /, /^first call that shows it/],
      part: 'cache_breaks',
      detail: 'model_changed',
    },
  ],
  [
    'another model',
    { model: 'claude-fable-5-2' },
    {
      kind: 'model_changed',
      subject: 'claude-fable-5-2',
      title: 'model changed: claude-fable-5-2 has 100.0 % of the calls, was 0.0 %',
      undone: 'model changed: claude-opus-5-5 has 100.0 % of the calls, was 0.0 %',
      evidence: [],
      part: 'model_mix',
      detail: 'claude-fable-5-2',
    },
  ],
  [
    'fast mode',
    { speed: 'fast' },
    {
      kind: 'tier_changed',
      title: 'calls run at another tier, speed or residency',
      undone: 'calls run at another tier, speed or residency',
      evidence: ['tier, speed, residency: standard standard global → standard fast global'],
      part: 'price',
      detail: 'claude-opus-5-5',
    },
  ],
  [
    'writes for an hour',
    { cache: '1h' },
    {
      kind: 'ttl_changed',
      title: 'the lifetime of cache writes changed',
      undone: 'the lifetime of cache writes changed',
      evidence: ['written for 1 h: 0.0 % → 100.0 % of all cache writes'],
      part: 'tokens',
      detail: 'cache_write_1h',
    },
  ],
  [
    'writes for five minutes that expire',
    { cache: '5m' },
    {
      kind: 'ttl_changed',
      title: 'the lifetime of cache writes changed',
      undone: 'the lifetime of cache writes changed',
      evidence: ['written for 1 h: 100.0 % → 0.0 % of all cache writes'],
      part: 'cache_breaks',
      detail: 'ttl_expired',
    },
    { cache: '1h', gapMs: 400_000 },
  ],
  [
    'no caching',
    { cache: 'off' },
    {
      kind: 'caching_off',
      title: 'caching switched off: cache reads 73.8 % → 0.0 %',
      undone: 'caching switched on: cache reads 0.0 % → 73.8 %',
      evidence: ['calls without a breakpoint: 0 → 86'],
      part: 'tokens',
      detail: 'input',
    },
  ],
  [
    'whole pages from a tool',
    { resultChars: { ...USUAL.resultChars, search_docs: 32_000 } },
    {
      kind: 'tool_results_grew',
      subject: 'search_docs',
      title: 'search_docs results cost more to read and keep: 5,853 → 31,215 characters each',
      undone: 'search_docs results cost less to read and keep: 31,215 → 5,853 characters each',
      evidence: [BY_ESTIMATE],
      part: 'tool_carry',
      detail: 'search_docs',
      isEstimated: true,
    },
  ],
  [
    'more tools',
    { toolCount: 40 },
    {
      kind: 'tool_definitions_grew',
      title: 'tool definitions grew',
      undone: 'tool definitions shrank',
      evidence: [BY_ESTIMATE],
      part: 'tokens',
      detail: 'cache_write_5m',
      isEstimated: true,
    },
  ],
  [
    'a longer system prompt',
    { systemChars: 40_000 },
    {
      kind: 'system_prompt_grew',
      title: 'system prompt grew',
      undone: 'system prompt shrank',
      evidence: [BY_ESTIMATE],
      part: 'tokens',
      detail: 'cache_write_5m',
      isEstimated: true,
    },
  ],
  [
    'longer questions',
    { userChars: 40_000 },
    {
      kind: 'user_input_grew',
      title: 'user input grew',
      undone: 'user input shrank',
      evidence: [BY_ESTIMATE],
      part: 'tokens',
      detail: 'cache_write_5m',
      isEstimated: true,
    },
  ],
  [
    'longer answers',
    { outputChars: 1_500, answerChars: 7_000 },
    {
      kind: 'output_grew',
      title: 'output grew: 111 → 599 tokens per call',
      undone: 'output shrank: 599 → 111 tokens per call',
      evidence: [],
      part: 'tokens',
      detail: 'output',
      isEstimated: true,
    },
  ],
  [
    'more turns',
    { meanTurns: 8 },
    {
      kind: 'more_turns',
      title: 'more turns per run (5.4 → 8.4)',
      undone: 'fewer turns per run (8.4 → 5.4)',
      evidence: [],
      part: 'turns_per_run',
      isEstimated: true,
    },
  ],
  [
    'a tool that fails',
    { toolFailureRate: 0.4 },
    {
      kind: 'tool_failing',
      subject: 'search_docs',
      title: 'more turns per run: search_docs failing 62.7 %, was 0.0 %',
      undone: 'fewer repeats: search_docs failing 0.0 %, was 62.7 %',
      evidence: ['calls that repeat after a failure: 0 → 42'],
      part: 'failures_and_retries',
      isEstimated: true,
    },
  ],
  [
    'a user who stands out',
    { extraRunsOfFirstUser: RUNS },
    {
      kind: 'user_dominates',
      subject: 'user-0',
      title: 'user user-0: 57.8 % of the cost, was 16.1 %',
      evidence: ['runs of the user: 2 → 18'],
      part: 'user_mix',
      detail: 'user-0',
    },
  ],
  [
    'five times as many runs',
    { runs: 5 * RUNS },
    {
      kind: 'more_runs',
      title: 'more runs',
      undone: 'fewer runs',
      evidence: ['runs: 16 → 80'],
      part: 'run_count',
    },
  ],
  [
    'compaction',
    { compactFromTurn: 3 },
    {
      kind: 'compaction',
      title: 'compaction: histories rewritten and cached again',
      undone: 'compaction shortened histories',
      evidence: ['calls after a compaction: 0 → 54'],
      part: 'compaction',
    },
  ],
  [
    'web searches',
    { webSearchesPerCall: 2 },
    {
      kind: 'web_search',
      subject: 'web_search',
      title: 'more web searches: 0.0 → 10.8 per run',
      undone: 'fewer web searches: 10.8 → 0.0 per run',
      evidence: [],
      part: 'web_search',
      isEstimated: true,
    },
  ],
];
