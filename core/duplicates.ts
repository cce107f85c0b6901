// Duplicates: records that tell of a response which another record tells of better, or as well and earlier.
// A standing says how well informed a record is: whether it has a cost, then who reported it, then how many tokens
// it has seen. Revisions are reports of one fact by one reporter who learns more: the newest takes the place of the others.

import type { EventRecord } from './event.ts';

/**
 * Who may report a call, by `tallyspan.source`, from the worst informed to the best: a span of others has sums, a
 * transcript and a log of Claude Code have less of the usage object than the instrumentation, which has the API's own.
 */
export const SOURCE_RANKS = { span: 1, transcript: 2, log: 3, preload: 4 } as const;
export type EventSource = keyof typeof SOURCE_RANKS;

/** A cost weighs more than every rank. */
export const COST_WEIGHT = 8;
/** Tokens below the next rank. */
export const TOKENS_IN_STANDING = 2 ** 40;

/** What a record knows of its response: of two, the one with the larger number counts. A safe integer. */
export function standingOf(event: StandingFields): number {
  const source = event['tallyspan.source'];
  const isForeign = source === undefined && event['tallyspan.dialect'] !== undefined;
  const rank = isForeign ? SOURCE_RANKS.span : rankOf(source ?? 'preload');
  const weight = rank + (event.cost_nano_usd === undefined ? 0 : COST_WEIGHT);
  const tokens = (event['gen_ai.usage.input_tokens'] ?? 0) + (event['gen_ai.usage.output_tokens'] ?? 0);
  return weight * TOKENS_IN_STANDING + Math.min(Math.max(0, tokens), TOKENS_IN_STANDING - 1);
}

/** What a standing is made of. */
export type StandingFields = Pick<
  EventRecord,
  | 'tallyspan.source'
  | 'tallyspan.dialect'
  | 'cost_nano_usd'
  | 'gen_ai.usage.input_tokens'
  | 'gen_ai.usage.output_tokens'
>;

/** A source that this version does not know is trusted no more than a span. */
function rankOf(source: string): number {
  return Object.hasOwn(SOURCE_RANKS, source) ? SOURCE_RANKS[source as EventSource] : SOURCE_RANKS.span;
}

/**
 * Marks the duplicates among the events: of the model calls with one `gen_ai.response.id`, the best informed stays
 * unmarked, the first of several. Events without a response id are never duplicates.
 */
export function markDuplicates(events: readonly EventRecord[]): EventRecord[] {
  const keptById = new Map<string, { readonly event: EventRecord; readonly standing: number }>();
  for (const event of events) {
    const id = responseIdOf(event);
    if (id === undefined) continue;
    const kept = keptById.get(id);
    const standing = standingOf(event);
    if (!kept || standing > kept.standing) keptById.set(id, { event, standing });
  }
  return events.map((event) => {
    const id = responseIdOf(event);
    return id === undefined || keptById.get(id)?.event === event
      ? event
      : { ...event, 'tallyspan.duplicate': true };
  });
}

function responseIdOf(event: EventRecord): string | undefined {
  if (event['event.name'] !== 'agent.model_call' || event['tallyspan.duplicate'] === true) return undefined;
  return event['gen_ai.response.id'] || undefined;
}

/**
 * The event that takes back a keyed one which should never have been: it keeps the place, counts in no signal, and
 * holds against older revisions that come late. `revision` is higher than that of the event.
 */
export function withdrawnEvent(event: EventRecord, revision: number): EventRecord {
  return {
    timestamp: event.timestamp,
    'event.name': event['event.name'],
    'service.name': event['service.name'],
    'tallyspan.source': event['tallyspan.source'],
    'tallyspan.dialect': event['tallyspan.dialect'],
    'tallyspan.duplicate': true,
    'tallyspan.key': event['tallyspan.key'],
    'tallyspan.revision': revision,
  };
}
