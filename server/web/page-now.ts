// Now, as pages have it.

import type { EventStore } from '../store/write/event-store.ts';

/** Steps in which the time of pages goes on while nothing is stored. */
const PAGE_STEP_MS = 10_000;

/** Now, for pages: the same instant for all who ask within a few seconds, and never before the newest data. */
export function pageNow(store: EventStore): number {
  return Math.max(store.changedAtMs, Math.floor(Date.now() / PAGE_STEP_MS) * PAGE_STEP_MS);
}
