// Product shares: a product of factors changes from one period to another; each factor's share of the change.
// Shares are Shapley values: the effect of changing one factor, averaged over every order in which the
// factors could have changed. They sum to the change exactly, whatever the factors do, zeros included.

/** Effect of a change of 1 in each factor: multiply by the factor's change to get its share. */
export function unitShares(before: readonly number[], after: readonly number[]): number[] {
  const count = before.length;
  const weights = orderWeights(count);
  return before.map((_, factor) => {
    let unit = 0;
    // Each subset of the other factors is a set that has changed already.
    for (let subset = 0; subset < 1 << count; subset++) {
      if ((subset & (1 << factor)) !== 0) continue;
      let product = 1;
      let changed = 0;
      for (let other = 0; other < count && product !== 0; other++) {
        const isChanged = (subset & (1 << other)) !== 0;
        if (isChanged) changed++;
        if (other !== factor) product *= (isChanged ? after[other] : before[other]) ?? 0;
      }
      if (product !== 0) unit += (weights[changed] ?? 0) * product;
    }
    return unit;
  });
}

const weightsByCount = new Map<number, number[]>();

/** Share of the orders in which exactly a given set of `n` others comes before: n! (count − n − 1)! / count! */
function orderWeights(count: number): number[] {
  const known = weightsByCount.get(count);
  if (known !== undefined) return known;
  const weights = Array.from(
    { length: count },
    (_, n) => (factorial(n) * factorial(count - n - 1)) / factorial(count),
  );
  weightsByCount.set(count, weights);
  return weights;
}

function factorial(n: number): number {
  return n <= 1 ? 1 : n * factorial(n - 1);
}
