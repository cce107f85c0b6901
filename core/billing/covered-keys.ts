// Covered keys: of the API keys that were billed, those whose calls were observed. The ledger does not know keys, so they
// are found by their counts: where the tokens of some keys are in every cell exactly those that were observed, the others
// were not observed. Without such evidence nothing is said of single keys.

export interface KeyCounts {
  readonly key: string;
  /** Tokens by cell. */
  readonly counts: ReadonlyMap<string, number>;
}

/** More keys have too many combinations, and too many of them fit by chance. */
const KEYS_LIMIT = 12;

/** The keys that were observed; all of them where nothing is missing, undefined where the counts do not say. */
export function findCoveredKeys(
  keys: readonly KeyCounts[],
  observed: ReadonlyMap<string, number>,
): ReadonlySet<string> | undefined {
  const cells = new Set([...observed.keys(), ...keys.flatMap(({ counts }) => [...counts.keys()])]);
  const fits = (chosen: readonly KeyCounts[]): boolean => {
    for (const cell of cells) {
      const sum = chosen.reduce((total, { counts }) => total + (counts.get(cell) ?? 0), 0);
      if (sum !== (observed.get(cell) ?? 0)) return false;
    }
    return true;
  };
  if (fits(keys)) return new Set(keys.map(({ key }) => key));
  if (keys.length > KEYS_LIMIT) return undefined;
  let found: ReadonlySet<string> | undefined;
  for (let mask = 0; mask < 2 ** keys.length - 1; mask++) {
    const chosen = keys.filter((_, index) => (mask & (1 << index)) !== 0);
    if (!fits(chosen)) continue;
    // Two explanations are none.
    if (found !== undefined) return undefined;
    found = new Set(chosen.map(({ key }) => key));
  }
  return found;
}
