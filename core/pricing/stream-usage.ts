// Streaming merge: one usage object from `message_start` and the `message_delta` events after it.
// The counts of a delta are cumulative: each replaces the one before, none is added.

type RawUsage = Readonly<Record<string, unknown>>;

/**
 * Folds the usage of `message_start` and of every `message_delta`, in order of arrival, into one.
 * Each field keeps its last value that is not null. What only the start knows (cache lifetimes, tier,
 * residency, speed) stays; a split of cache writes is dropped when a later, other total contradicts it, since
 * then only the total was revised. Gives `undefined` when no event carried a usage.
 */
export function mergeStreamUsage(usages: readonly unknown[]): RawUsage | undefined {
  let merged: Record<string, unknown> | undefined;
  let totalOfSplit: unknown;
  for (const usage of usages) {
    if (typeof usage !== 'object' || usage === null) continue;
    merged ??= {};
    for (const [name, value] of Object.entries(usage)) {
      if (value === null || value === undefined) continue;
      merged[name] = value;
      if (name === 'cache_creation') totalOfSplit = (usage as RawUsage)['cache_creation_input_tokens'];
    }
  }
  if (merged === undefined) return undefined;
  return merged['cache_creation_input_tokens'] === totalOfSplit ? merged : dropStaleSplit(merged);
}

function dropStaleSplit(merged: Record<string, unknown>): RawUsage {
  const total = merged['cache_creation_input_tokens'];
  if (typeof total !== 'number') return merged;
  const counts = Object.values(Object(merged['cache_creation'] ?? {}) as object);
  const inSplit = counts.reduce<number>((sum, count) => sum + (typeof count === 'number' ? count : 0), 0);
  if (inSplit <= total) return merged;
  const { cache_creation: _stale, ...rest } = merged;
  return rest;
}
