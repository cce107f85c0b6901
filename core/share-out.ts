// Sharing out a whole amount: integer shares in proportion to weights that sum to the amount exactly.

/**
 * Shares of an integer `amount` by the method of the largest remainder; ties go to the earlier share.
 * Weights are finite and may be negative only if `amount` is shared by values that sum to about it
 * (see {@link roundToSum}). Without any positive weight every share is 0.
 */
export function shareOut(amount: number, weights: readonly number[]): number[] {
  let total = 0;
  for (const weight of weights) total += weight;
  if (!(total > 0) || amount === 0) return weights.map(() => 0);
  return roundToSum(
    amount,
    weights.map((weight) => amount * (weight / total)),
  );
}

/** Integers near `values` whose sum is exactly `sum`; each differs from its value by less than 1 when the values sum to `sum`. */
export function roundToSum(sum: number, values: readonly number[]): number[] {
  const finite = values.map((value) => (Number.isFinite(value) ? value : 0));
  const shares = finite.map((value) => Math.floor(value));
  let left = sum;
  for (const share of shares) left -= share;
  if (left === 0 || shares.length === 0) return shares;
  const order = finite
    .map((value, index) => ({ index, value, remainder: value - Math.floor(value) }))
    .toSorted((a, b) => b.remainder - a.remainder || a.index - b.index);
  // Values that do not sum to `sum` (rounding of large floats): the largest bears what is more than one each.
  const odd = left % shares.length;
  const largest = order.reduce((best, entry) => (entry.value > best.value ? entry : best));
  shares[largest.index] = (shares[largest.index] ?? 0) + left - odd;
  if (odd < 0) order.reverse();
  for (let round = 0; round < Math.abs(odd); round++) {
    const target = order[round]?.index ?? 0;
    shares[target] = (shares[target] ?? 0) + Math.sign(odd);
  }
  return shares;
}
