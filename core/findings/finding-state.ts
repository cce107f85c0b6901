// The state of a finding, read off the days of its week: it closes by itself when a day with calls passes without it, and
// is open again when it comes back. Nothing is kept, so that every reader sees the same.

export type FindingState = 'open' | 'reopened' | 'closed';

const DAY_MS = 86_400_000;

/** The day of an instant, counted back from `toMs`. */
export function dayBefore(atMs: number, toMs: number): number {
  return Math.floor((toMs - atMs) / DAY_MS);
}

/** @param seen the days on which it was there; @param withCalls those with calls. Both are counted back. */
export function stateOf(seen: ReadonlySet<number>, withCalls: ReadonlySet<number>): FindingState {
  // Newest first; a day without calls says nothing.
  const days = [...new Set([...withCalls, ...seen])].toSorted((a, b) => a - b);
  const isThere = days.map((day) => seen.has(day));
  if (isThere[0] !== true) return 'closed';
  const gap = isThere.indexOf(false);
  return gap !== -1 && isThere.includes(true, gap) ? 'reopened' : 'open';
}
