// What the parts of a difference are called where people read them.

import { ownerName } from '../attribution/owner-names.ts';
import type { AtomLabel } from './split.ts';

type Part = AtomLabel['part'];

/** What no cause takes. */
export const UNEXPLAINED = 'Without a cause that shows';

export const PART_NAMES: Readonly<Record<Part, string>> = {
  outlier_run: 'One run',
  run_count: 'Number of runs',
  user_mix: 'Mix of users',
  workload_mix: 'Mix of agents and tasks',
  turns_per_run: 'Turns per run',
  failures_and_retries: 'Failures and retries',
  cache_breaks: 'Lost cache',
  compaction: 'Compaction',
  model_mix: 'Mix of models',
  price: 'Price',
  tool_carry: 'Context cost of tool results',
  tokens: 'Tokens',
  web_search: 'Web searches',
  other: 'Other',
};

const BUCKETS: Readonly<Record<string, string>> = {
  input: 'uncached input',
  output: 'output',
  cache_read: 'cache read',
  cache_write_5m: 'cache written (5 min)',
  cache_write_1h: 'cache written (1 h)',
};

const CAUSES: Readonly<Record<string, string>> = {
  model_changed: 'model changed',
  tools_reordered: 'tool list reordered',
  tools_changed: 'tool definitions changed',
  system_changed: 'system prompt changed',
  settings_changed: 'settings changed',
  messages_changed: 'earlier messages changed',
  context_edited: 'context cleared by the server',
  caching_off: 'caching off',
  ttl_expired: 'cache expired',
  below_minimum: 'prompt too short',
  provider_side: 'dropped by the provider',
};

/** Of which bucket, tool, model, user or run the part is; null where it is one. */
export function partDetailText({
  part,
  detail,
}: {
  readonly part: Part;
  readonly detail: string | null;
}): string | null {
  if (detail === null) return null;
  if (part === 'tokens') return BUCKETS[detail] ?? detail;
  return part === 'cache_breaks' ? (CAUSES[detail] ?? detail) : ownerName(detail);
}
