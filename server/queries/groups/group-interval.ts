// How sure a number of a group is, and the difference of two. Each group's number has an interval of 95 % of its own; those
// of two groups are added as squares (Newcombe 1998; MOVER, Zou & Donner 2008), so that a small group beside a large one
// and a share of 0 or 100 % are as unsure as they are.

export interface ConfidenceInterval {
  readonly low: number;
  readonly high: number;
}

/** A number with the ends of its own interval. */
export interface UnsureNumber extends ConfidenceInterval {
  readonly value: number;
}

/** Half of the middle 95 % of a bell curve, in standard deviations. */
const Z = 1.959964;

/** Of a share, 0 to 1, of so many runs (Wilson 1927): never narrower than nothing, also where all of them were good. */
export function shareInterval(share: number, runs: number): ConfidenceInterval {
  const z2 = Z * Z;
  const middle = (share + z2 / (2 * runs)) / (1 + z2 / runs);
  const half = (Z * Math.sqrt((share * (1 - share)) / runs + z2 / (4 * runs * runs))) / (1 + z2 / runs);
  return { low: Math.min(share, middle - half), high: Math.max(share, middle + half) };
}

/** The interval of b − a. */
export function differenceInterval(a: UnsureNumber, b: UnsureNumber): ConfidenceInterval {
  const difference = b.value - a.value;
  return {
    low: difference - Math.hypot(b.value - b.low, a.high - a.value),
    high: difference + Math.hypot(b.high - b.value, a.value - a.low),
  };
}

/**
 * By how much an interval from a bootstrap is widened: drawing again from few runs varies less than few runs themselves do,
 * by √(n ÷ (n − 1)), and the ends are those of Student's t, not of a bell curve (Hesterberg 2015, expanded percentiles).
 */
export function fewRunsFactor(runs: number): number {
  return (Math.sqrt(runs / (runs - 1)) * studentEnd(runs - 1)) / Z;
}

/** The upper 2.5 % of Student's t, to a percent from 4 degrees of freedom up (Fisher's series in 1 ÷ freedom). */
function studentEnd(freedom: number): number {
  const [z3, z5, z7] = [Z ** 3, Z ** 5, Z ** 7];
  return (
    Z +
    (z3 + Z) / (4 * freedom) +
    (5 * z5 + 16 * z3 + 3 * Z) / (96 * freedom ** 2) +
    (3 * z7 + 19 * z5 + 17 * z3 - 15 * Z) / (384 * freedom ** 3)
  );
}
