// The state of a finding, read off the days of its week: it closes by itself when a day with calls passes without it, and
// is open again when it comes back. Nothing is kept, so that every reader sees the same.

export type FindingState = 'open' | 'reopened' | 'closed';

const DAY_MS = 86_400_000;

/** `spots` and `calls` are instants, Unix milliseconds; days are counted back from `toMs`. */
export function stateOf(spots: readonly number[], calls: readonly number[], toMs: number): FindingState {
  const dayOf = (atMs: number): number => Math.floor((toMs - atMs) / DAY_MS);
  const seen = new Set(spots.map(dayOf));
  // Newest first; a day without calls says nothing.
  const days = [...new Set([...calls.map(dayOf), ...seen])].toSorted((a, b) => a - b);
  const isThere = days.map((day) => seen.has(day));
  if (isThere[0] !== true) return 'closed';
  const gap = isThere.indexOf(false);
  return gap !== -1 && isThere.includes(true, gap) ? 'reopened' : 'open';
}
