// Where a found text stands: the step of its run.

import type { FoundText } from '../../../queries/search/search-content.ts';

/** Undefined of a call outside of any run, which has no page. */
export function contentPath({ run, span, kind }: FoundText): string | undefined {
  if (run === null) return undefined;
  const path = `/runs/${encodeURIComponent(run)}`;
  // A note has the span of its run.
  return span === null || kind === 'note' ? path : `${path}?step=${encodeURIComponent(span)}`;
}
