// The nearest neighbour of a word that is not known: what was probably meant.

/** The candidate with the smallest edit distance, when that is small enough for a slip; first one that only goes on. */
export function nearestOf(name: string, candidates: readonly string[], maxDistance = 4): string | undefined {
  const ranked = candidates
    .map((candidate) => ({ candidate, distance: editDistance(name, candidate) }))
    .filter(({ distance }) => distance <= maxDistance)
    .sort((a, b) => a.distance - b.distance);
  // Who left the end out meant that, though another word may be nearer.
  return (ranked.find(({ candidate }) => candidate.startsWith(name)) ?? ranked[0])?.candidate;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const replace = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(replace, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
