// Compactions: a summary takes the place of what was said before. It is a request that reads the context once more, the
// request after it writes its own anew, and each that follows carries less. What it cost and saved is an estimate: the
// request of the summary itself is in few reports.

import type { CallFact } from '../pricing/call-facts.ts';
import { priceCall } from '../pricing/cost.ts';
import { NO_USAGE, readingOf, type Usage } from '../pricing/usage.ts';

/** That it was, as a note tells. */
export interface CompactionNote {
  readonly atMs: number;
  readonly session: string;
  readonly runId: string;
  /** Empty where none is named. */
  readonly agent: string;
  /** `auto`, `manual`, or empty. */
  readonly trigger: string;
  /** Tokens of the context before; undefined where the note does not say. */
  readonly tokensBefore: number | undefined;
}

export interface Compaction extends CompactionNote {
  /** Of the request after it; undefined while there is none. */
  readonly tokensAfter: number | undefined;
  /** Requests that carried less for it, up to the next one. */
  readonly calls: number;
  readonly costNanoUsd: number;
  readonly savedNanoUsd: number;
}

/**
 * What the compactions of one session cost and saved, in their order. `calls` are those of the session, by start; those
 * of other agents in it do not count.
 */
export function assessCompactions(
  notes: readonly CompactionNote[],
  calls: readonly CallFact[],
): readonly Compaction[] {
  const ordered = notes.toSorted((a, b) => a.atMs - b.atMs);
  return ordered.map((note, index) => {
    const own = calls.filter((call) => (call.event['gen_ai.agent.name'] ?? '') === note.agent);
    const untilMs = ordered[index + 1]?.atMs ?? Number.POSITIVE_INFINITY;
    const last = own.findLast((call) => call.endMs <= note.atMs);
    const before = note.tokensBefore ?? (last === undefined ? 0 : last.inputTokens + last.usage.output);
    const after = own.filter((call) => call.startMs >= note.atMs && call.startMs < untilMs);
    const [first] = after;
    const model = first?.model ?? last?.model ?? '';
    const read = (tokens: number): number => priceOf(model, { cacheRead: tokens }, note.atMs);
    const less = first === undefined ? 0 : Math.max(0, before - first.inputTokens);
    const anew = first === undefined ? 0 : writeAnew(first, read);
    return {
      ...note,
      tokensBefore: before,
      tokensAfter: first?.inputTokens,
      calls: after.length,
      costNanoUsd: read(before) + anew,
      savedNanoUsd: after.length * read(less),
    };
  });
}

/** What the request paid for writing its context over reading it. */
function writeAnew({ usage, buckets }: CallFact, read: (tokens: number) => number): number {
  const tokens = usage.input + usage.cacheWrite5m + usage.cacheWrite1h;
  return Math.max(0, buckets.input + buckets.cacheWrite5m + buckets.cacheWrite1h - read(tokens));
}

/** Nano-USD; 0 where the model has no price. */
function priceOf(model: string, usage: Partial<Usage>, atMs: number): number {
  const cost = priceCall(readingOf({ ...NO_USAGE, ...usage }, { isCacheSplitKnown: true }), { model, atMs });
  return cost.status === 'unpriced' ? 0 : cost.costNanoUsd;
}
