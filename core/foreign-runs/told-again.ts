// Told again: some senders export a span while it goes on, and once more when it has ended; others send a correction. Of
// what was told of one span the fullest counts, in whatever order it came.

import type { FactSpan } from '../dialects.ts';

/**
 * Whether the first says more of the span than the second: it ended later, or says more of it. What says as much is
 * ordered by its text, so that any order of arrival leaves the same one; what says the same does not say more.
 */
export function saysMore(now: FactSpan, before: FactSpan): boolean {
  if (now.endMs !== before.endMs) return now.endMs > before.endMs;
  const more = knowledgeOf(now) - knowledgeOf(before);
  return more === 0 ? textOf(now) > textOf(before) : more > 0;
}

function knowledgeOf({ facts }: FactSpan): number {
  return Object.keys(facts.standard).length + Number(facts.errorType !== undefined);
}

function textOf({
  name,
  parentSpanId,
  startMs,
  isError,
  facts: { retold: _count, ...facts },
}: FactSpan): string {
  return JSON.stringify([name, parentSpanId ?? '', startMs, isError, facts]);
}
