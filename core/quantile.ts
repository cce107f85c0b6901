// Quantile: the value at position q·(n−1) of the sorted numbers, interpolated linearly between neighbours.
// DuckDB's quantile_cont and Loki's quantile_over_time mean the same.

/**
 * Quantile of numbers in any order; `undefined` when there are none. `q` is 0–1; anything else throws a RangeError.
 */
export function quantileOf(values: readonly number[], q: number): number | undefined {
  if (!(q >= 0 && q <= 1)) throw new RangeError(`a quantile is between 0 and 1, not ${q}`);
  const sorted = Float64Array.from(values).sort();
  const position = q * (sorted.length - 1);
  const below = sorted[Math.floor(position)];
  const above = sorted[Math.ceil(position)];
  if (below === undefined || above === undefined) return undefined;
  return below + (above - below) * (position - Math.floor(position));
}
