// Matching: which of two kinds of things belong together, each with one of the other kind at most.

/** A largest matching: a way to give each left one a right one of its own, by paths that free the one that is wanted. */
export function matchMost<L, R>(
  left: readonly L[],
  right: readonly R[],
  fits: (left: L, right: R) => boolean,
): ReadonlyMap<L, R> {
  const holders = new Map<R, L>();
  const seek = (one: L, asked: Set<R>): boolean => {
    for (const other of right) {
      if (asked.has(other) || !fits(one, other)) continue;
      asked.add(other);
      const holder = holders.get(other);
      if (holder !== undefined && !seek(holder, asked)) continue;
      holders.set(other, one);
      return true;
    }
    return false;
  };
  for (const one of left) seek(one, new Set());
  return new Map([...holders].map(([other, one]) => [one, other]));
}
