// Duplicates: records that tell of a response which another record tells of better, or as well and earlier.
// A standing says how well informed a record is: how sure its cost is, then who reported it, then how many tokens it has
// seen, whether it says what of them was cached, and whom the call was for. Revisions are reports of one fact by one reporter who learns more: the newest takes the place of the others.

import type { EventRecord } from './event.ts';
import { groupBy } from './group-by.ts';

/**
 * Who may report a call, by `tallyspan.source`, from the worst informed to the best: the messages of the Agent SDK count
 * the output as it began, a span of others has sums, a transcript and a log of Claude Code have less than the
 * instrumentation, which has the API's own usage object. A transcript has that, too, where it has all of the answer, and
 * a log the end of every answer: of the two the one that saw more tokens counts, the log where they saw the same.
 */
export const SOURCE_RANKS = { messages: 1, span: 2, transcript: 3, log: 3, preload: 4 } as const;
export type EventSource = keyof typeof SOURCE_RANKS;

/** How sure a cost is, each weighing more than every rank. */
export const COST_WEIGHTS = { none: 0, estimated: 8, sure: 16, knownToBeNone: 24 } as const;
/** Why a call has no price by what only its usage and its request say: who reports a price has not seen them. */
export const KNOWN_TO_HAVE_NO_PRICE = [
  'priority_tier',
  'unknown_service_tier',
  'user_profile_billed',
] as const;
/** What was seen, below the next rank. */
export const TOKENS_IN_STANDING = 2 ** 40;

/** What a record knows of its response: of two, the one with the larger number counts. A safe integer. */
export function standingOf(event: StandingFields): number {
  const source = event['tallyspan.source'];
  const isForeign = source === undefined && event['tallyspan.dialect'] !== undefined;
  const rank = isForeign ? SOURCE_RANKS.span : rankOf(source ?? 'preload');
  const tokens = sumOf(event, TOKEN_FIELDS);
  const seen =
    8 * Math.max(0, tokens) +
    (sumOf(event, CACHE_FIELDS) > 0 ? 4 : 0) +
    (isPlaced(event) ? 2 : 0) +
    (source === 'log' ? 1 : 0);
  return (rank + costWeightOf(event)) * TOKENS_IN_STANDING + Math.min(seen, TOKENS_IN_STANDING - 1);
}

function costWeightOf(event: StandingFields): number {
  const reason = event['tallyspan.cost.unpriced_reason'];
  if (event.cost_nano_usd === undefined)
    return KNOWN_TO_HAVE_NO_PRICE.some((known) => known === reason)
      ? COST_WEIGHTS.knownToBeNone
      : COST_WEIGHTS.none;
  return event['tallyspan.cost.status'] === 'estimated' ? COST_WEIGHTS.estimated : COST_WEIGHTS.sure;
}

function sumOf(
  event: StandingFields,
  keys: readonly (typeof TOKEN_FIELDS | typeof CACHE_FIELDS)[number][],
): number {
  return keys.reduce((sum, key) => sum + (event[key] ?? 0), 0);
}

/** A span that hangs on nothing says less of a call than that of the agent which made it. */
function isPlaced(event: StandingFields): boolean {
  return PLACE_FIELDS.some((key) => (event[key] ?? '') !== '');
}

export const TOKEN_FIELDS = ['gen_ai.usage.input_tokens', 'gen_ai.usage.output_tokens'] as const;
export const CACHE_FIELDS = [
  'gen_ai.usage.cache_read.input_tokens',
  'gen_ai.usage.cache_creation.input_tokens',
] as const;
export const PLACE_FIELDS = ['user.id', 'gen_ai.conversation.id', 'gen_ai.agent.name'] as const;

/** What a standing is made of. */
export type StandingFields = Pick<
  EventRecord,
  | 'tallyspan.source'
  | 'tallyspan.dialect'
  | 'cost_nano_usd'
  | 'tallyspan.cost.status'
  | 'tallyspan.cost.unpriced_reason'
  | (typeof TOKEN_FIELDS)[number]
  | (typeof CACHE_FIELDS)[number]
  | (typeof PLACE_FIELDS)[number]
>;

/** A source that this version does not know is trusted no more than a span. */
function rankOf(source: string): number {
  return Object.hasOwn(SOURCE_RANKS, source) ? SOURCE_RANKS[source as EventSource] : SOURCE_RANKS.span;
}

/**
 * What names the response that a call tells of: the message, the request, or both. Reports of one call may share either
 * (a log of Claude Code knows the request alone), and a report that has both makes those with one of them the same call.
 */
export type ResponseFields = Pick<EventRecord, 'gen_ai.response.id' | 'anthropic.request.id'>;

/** The names that the call has of its response: none, one or two. */
export function responseIdsOf(event: ResponseFields): readonly string[] {
  const message = event['gen_ai.response.id'] ?? '';
  const request = event['anthropic.request.id'] ?? '';
  if (message === '') return request === '' ? [] : [request];
  return request === '' || request === message ? [message] : [message, request];
}

/**
 * Marks the duplicates among the events: of the model calls of one response, the best informed stays unmarked, the first
 * of several. Events without any id of their response are never duplicates.
 */
export function markDuplicates(events: readonly EventRecord[]): EventRecord[] {
  const calls = events.filter((event) => idsOfCall(event).length > 0);
  const kept = new Set(
    groupByResponse(calls, idsOfCall).map((group) =>
      group.reduce((best, event) => (standingOf(event) > standingOf(best) ? event : best)),
    ),
  );
  const others = new Set(calls.filter((event) => !kept.has(event)));
  return events.map((event) => (others.has(event) ? { ...event, 'tallyspan.duplicate': true } : event));
}

function idsOfCall(event: EventRecord): readonly string[] {
  if (event['event.name'] !== 'agent.model_call' || event['tallyspan.duplicate'] === true) return [];
  return responseIdsOf(event);
}

/** The reports by their response, in their order; those that share an id, be it through others, are of one response. */
export function groupByResponse<T>(reports: readonly T[], idsOf: (report: T) => readonly string[]): T[][] {
  const parents = new Map<string, string>();
  const rootOf = (id: string): string => {
    let root = id;
    for (let up = parents.get(root); up !== undefined && up !== root; up = parents.get(root)) root = up;
    if (root !== id) parents.set(id, root);
    return root;
  };
  for (const report of reports) {
    const [first = '', second] = idsOf(report);
    if (second !== undefined) parents.set(rootOf(second), rootOf(first));
  }
  return [...groupBy(reports, (report) => rootOf(idsOf(report)[0] ?? '')).values()];
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
