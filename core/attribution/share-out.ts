// Sharing out a whole amount: integer shares in proportion to weights that sum to the amount exactly.

/**
 * Shares of an integer `amount` by the method of the largest remainder; ties go to the earlier share.
 * Weights are finite and may be negative only if `amount` is shared by values that sum to about it
 * (see {@link roundToSum}). Without any positive weight every share is 0.
 */
export function shareOut(amount: number, weights: readonly number[]): number[] {
  let total = 0;
  for (let index = 0; index < weights.length; index++) total += weights[index] as number;
  const values: number[] = [];
  const isNothing = !(total > 0) || amount === 0;
  for (let index = 0; index < weights.length; index++)
    values.push(isNothing ? 0 : amount * ((weights[index] as number) / total));
  return isNothing ? values : roundToSum(amount, values);
}

/** Integers near `values` whose sum is exactly `sum`; each differs from its value by less than 1 when the values sum to `sum`. */
export function roundToSum(sum: number, values: readonly number[]): number[] {
  const shares: number[] = [];
  let left = sum;
  let largest = 0;
  for (let index = 0; index < values.length; index++) {
    const share = floor(finite(values[index]));
    shares.push(share);
    left -= share;
    if (finite(values[index]) > finite(values[largest])) largest = index;
  }
  if (left === 0 || shares.length === 0) return shares;
  // Values that do not sum to `sum` (rounding of large floats): the largest bears what is more than one each.
  const odd = left % shares.length;
  shares[largest] = (shares[largest] ?? 0) + left - odd;
  if (odd !== 0) addOdd(shares, values, odd);
  return shares;
}

/** One more for each of the `odd` largest remainders, the earlier first; one less for each of the smallest, the later first, where `odd` is negative. */
function addOdd(shares: number[], values: readonly number[], odd: number): void {
  const sign = odd > 0 ? 1 : -1;
  const remainders = values.map(remainder);
  if (values.length <= FEW) {
    for (let round = 0; round < abs(odd); round++) {
      const target = takeExtreme(remainders, sign);
      shares[target] = (shares[target] ?? 0) + sign;
    }
    return;
  }
  const order = remainders.map((_, index) => index);
  order.sort((a, b) => (remainders[b] ?? 0) - (remainders[a] ?? 0) || a - b);
  for (let round = 0; round < abs(odd); round++) {
    const target = order.at(sign > 0 ? round : -1 - round) ?? 0;
    shares[target] = (shares[target] ?? 0) + sign;
  }
}

/** Index of the largest remainder, the first of equal ones; of the smallest, the last, where `sign` is negative. Each is taken once. */
function takeExtreme(remainders: number[], sign: number): number {
  let target = 0;
  let best = sign > 0 ? -1 : 2;
  for (let index = 0; index < remainders.length; index++) {
    const value = remainders[index] ?? 0;
    if (sign > 0 ? value <= best : value > best) continue;
    best = value;
    target = index;
  }
  remainders[target] = sign > 0 ? -1 : 2;
  return target;
}

/** For so few values, looking for the next is less work than putting them in order. */
const FEW = 32;
const { abs, floor } = Math;

function finite(value: number | undefined): number {
  return value !== undefined && Number.isFinite(value) ? value : 0;
}

function remainder(value: number): number {
  return finite(value) - floor(finite(value));
}
