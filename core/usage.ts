// Usage: the disjoint token buckets of one call, read from the raw `usage` object of the API.
// Disjoint means that the buckets sum to everything counted: no token is in two of them.

/** Token and request counts of one call. `thinking` is a share of `output`, never added to it. */
export interface Usage {
  readonly input: number;
  readonly cacheRead: number;
  readonly cacheWrite5m: number;
  readonly cacheWrite1h: number;
  readonly output: number;
  readonly thinking: number;
  readonly webSearches: number;
}

/** All input tokens, cache reads and writes included: what the conventions call `gen_ai.usage.input_tokens`. */
export function inputTotal(usage: Usage): number {
  return usage.input + usage.cacheRead + usage.cacheWrite5m + usage.cacheWrite1h;
}
