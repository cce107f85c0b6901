// Covered keys: of the API keys that were billed, those whose calls were observed. The ledger does not know keys, so they
// are found by their counts: where the tokens of some keys are in every cell exactly those that were observed, the others
// were not observed. Without such evidence nothing is said of single keys.

import { groupBy } from '../group-by.ts';
import { cellKeyOf, NOT_BY_CALL, type BilledRow, type BillingCell } from './billed-row.ts';

/** What was observed of a cell. */
interface ObservedCount {
  readonly cell: BillingCell;
  readonly quantity: number;
}

interface KeyCounts {
  readonly key: string;
  /** Tokens by cell. */
  readonly counts: ReadonlyMap<string, number>;
}

/** More keys have too many combinations, and too many of them fit by chance. */
const KEYS_LIMIT = 12;

/**
 * Whether the counts show that the key of a row was not observed. What all days together leave open is asked of each day:
 * a call that is not billed yet, or counted on the day beside, says nothing of the other days.
 */
export function uncoveredTest(
  rows: readonly BilledRow[],
  observed: readonly ObservedCount[],
): (row: BilledRow) => boolean {
  const named = new Set(rows.map(({ apiKeyId }) => apiKeyId));
  const ofAll = coveredKeys(rows, observed);
  const observedByDay = groupBy(observed, ({ cell }) => cell.day);
  const ofDay = new Map(
    ofAll === undefined
      ? [...groupBy(rows, ({ day }) => day)].map(([day, group]) => [
          day,
          coveredKeys(group, observedByDay.get(day) ?? []),
        ])
      : [],
  );
  return ({ apiKeyId, day }) => named.has(apiKeyId) && (ofAll ?? ofDay.get(day))?.has(apiKeyId) === false;
}

/** The keys that were observed, by their counts; undefined where they do not say. */
function coveredKeys(
  rows: readonly BilledRow[],
  observed: readonly ObservedCount[],
): ReadonlySet<string> | undefined {
  const byKey = new Map<string, Map<string, number>>();
  for (const row of rows) {
    // A row that a correction took back fits whatever was observed.
    if (NOT_BY_CALL.has(row.kind) || row.quantity === 0) continue;
    if (row.quantity === undefined) return undefined;
    const counts = byKey.get(row.apiKeyId) ?? new Map<string, number>();
    counts.set(cellKeyOf(row), (counts.get(cellKeyOf(row)) ?? 0) + row.quantity);
    byKey.set(row.apiKeyId, counts);
  }
  return findCoveredKeys(
    [...byKey].map(([key, counts]) => ({ key, counts })),
    new Map(observed.map(({ cell, quantity }) => [cellKeyOf(cell), quantity])),
  );
}

/** The keys that were observed; all of them where nothing is missing, undefined where the counts do not say. */
function findCoveredKeys(
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
