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
    weights.map((weight) => (amount / total) * weight),
  );
}

/** Integers near `values` whose sum is exactly `sum`; each differs from its value by less than 1 when the values sum to `sum`. */
export function roundToSum(sum: number, values: readonly number[]): number[] {
  const shares = values.map((value) => Math.floor(value));
  let left = sum;
  for (const share of shares) left -= share;
  if (left === 0 || shares.length === 0) return shares;
  const order = values
    .map((value, index) => ({ index, remainder: value - Math.floor(value) }))
    .toSorted((a, b) => b.remainder - a.remainder || a.index - b.index);
  if (left < 0) order.reverse();
  const step = Math.sign(left);
  // More than one round happens only when the values do not sum to `sum` (rounding of large floats).
  for (let round = 0; left !== 0; round = (round + 1) % order.length) {
    const target = order[round]?.index ?? 0;
    shares[target] = (shares[target] ?? 0) + step;
    left -= step;
  }
  return shares;
}
