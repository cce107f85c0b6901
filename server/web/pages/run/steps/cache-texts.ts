// Why a cached prefix was not read again, in words.

import type { CacheMissCause } from '../../../../../core/attribution/cache-forensics.ts';

export const MISS_CAUSE_TEXTS: Readonly<Record<CacheMissCause, string>> = {
  model_changed: 'another model was asked, and no cache is shared between models',
  tools_reordered: 'the tool definitions stood in another order',
  tools_changed: 'the tool definitions changed',
  system_changed: 'the system prompt changed',
  settings_changed: 'settings that are part of the prompt changed (tool choice, thinking, output format)',
  messages_changed: 'an earlier message changed',
  context_edited:
    'the server took earlier messages out of the context (compaction, or clearing that was asked for)',
  caching_off: 'the request asked for no caching',
  ttl_expired: 'the cache had expired',
  below_minimum: 'the prompt was shorter than what is cached',
  provider_side: 'the prefix was the same and within its lifetime: the provider had dropped it',
};
