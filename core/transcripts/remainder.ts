// The remainder of a session: what Claude Code counted of it beyond the calls that its transcript holds (titles,
// recaps, compaction, side searches). One row for each model, an estimate, priced by the same table as the calls. A
// fork goes on with the count of its parent: what the parent had counted when the fork began is taken off.

import type { EventRecord } from '../event.ts';
import type { PriceOverrides } from '../pricing/price-overrides.ts';
import type { CostState, SessionFacts } from './facts.ts';
import { spanIdOf } from './ids.ts';
import {
  addToCounts,
  BUCKETS,
  countsByModel,
  pickPositive,
  settleLifetimes,
  subtract,
  type ByModel,
  type Counts,
} from './ledger.ts';
import { estimate, type PricedCall } from './price-facts.ts';
import { revisionOfRemainder } from './revisions.ts';
import { SERVICE_NAME } from './run-places.ts';

/** Source of the rows, beside those who report calls. */
export const REMAINDER_SOURCE = 'remainder';
const NOT_IN_TRANSCRIPT = 'not_in_transcript';

/** Of a model the calls of the transcript count more than Claude Code did. */
export interface Shortfall {
  readonly session: string;
  readonly model: string;
  /** How much more, by bucket. */
  readonly counts: Readonly<Partial<Counts>>;
}

export interface Remainder {
  readonly events: readonly EventRecord[];
  readonly shortfalls: readonly Shortfall[];
}

export interface RemainderContext {
  /** The last count of the session that this one was forked from, at the time of the fork. */
  readonly baseline: CostState | undefined;
  readonly overrides?: PriceOverrides | undefined;
}

/** The rows of a session whose own calls are `priced`. Without a count of Claude Code there are none. */
export function remainderOf(
  session: SessionFacts,
  priced: readonly PricedCall[],
  { baseline, overrides }: RemainderContext,
): Remainder {
  const state = session.costStates.at(-1);
  if (state === undefined || session.last === undefined) return { events: [], shortfalls: [] };
  const counted = priced.filter(({ call }) => isBefore(call.endMs, state.untilMs));
  const own = countCalls(counted);
  let sideSearches = session.tools.reduce(
    (sum, tool) => sum + (isBefore(tool.endMs, state.untilMs) ? tool.searches : 0),
    0,
  );
  const before = baseline === undefined ? undefined : countsByModel(baseline.models);
  const lines = counted.reduce((sum, { call }) => sum + Math.max(1, call.blocks.length), sideSearches);
  const revision = revisionOf(session, state, lines, baseline !== undefined);
  const events: EventRecord[] = [];
  const shortfalls: Shortfall[] = [];
  for (const [key, { model, counts: rest }] of countsByModel(state.models)) {
    subtract(rest, before?.get(key)?.counts);
    const called = own.get(key);
    subtract(rest, called?.counts);
    own.delete(key);
    settleLifetimes(rest);
    const known = Math.min(Math.max(0, rest.webSearches), sideSearches);
    sideSearches -= known;
    rest.webSearches -= known;
    const missing = BUCKETS.filter((bucket) => rest[bucket] < 0);
    if (missing.length > 0) {
      const counts = Object.fromEntries(missing.map((bucket) => [bucket, -rest[bucket]]));
      shortfalls.push({ session: session.session, model, counts });
    }
    for (const bucket of missing) rest[bucket] = 0;
    events.push(rowOf(session, state, { key, name: called?.model ?? model }, rest, revision, overrides));
  }
  for (const { model, counts: uncounted } of own.values()) {
    const counts = pickPositive(uncounted);
    if (Object.keys(counts).length > 0) shortfalls.push({ session: session.session, model, counts });
  }
  return { events, shortfalls };
}

/**
 * The count that the count of this session began with: of the session that it was forked from, the last one before its
 * first own call. Counts that go on share their begin. `states` are those of all sessions that are known.
 */
export function baselineOf(
  session: SessionFacts,
  priced: readonly PricedCall[],
  states: Iterable<CostState>,
): CostState | undefined {
  const state = session.costStates.at(-1);
  if (state?.startedMs === undefined) return undefined;
  const firstMs = priced.reduce((least, { call }) => Math.min(least, call.startMs), state.atMs);
  const copied = new Set(session.calls.map((call) => call.session));
  copied.delete(session.session);
  let best: CostState | undefined;
  for (const other of states) {
    if (other.session === session.session || other.startedMs !== state.startedMs || other.atMs > firstMs)
      continue;
    if (copied.size > 0 && !copied.has(other.session)) continue;
    if (best === undefined || other.atMs > best.atMs) best = other;
  }
  return best;
}

/** A row also where nothing is left: it takes the place of one that had something. */
function rowOf(
  session: SessionFacts,
  state: CostState,
  model: { readonly key: string; readonly name: string },
  rest: Counts,
  revision: number,
  overrides: PriceOverrides | undefined,
): EventRecord {
  const isNothing = BUCKETS.every((bucket) => rest[bucket] === 0);
  const names = [session.session, model.key] as const;
  const { version, project } = state.last ?? session.last ?? {};
  return {
    timestamp: state.atMs,
    'event.name': 'agent.model_call',
    trace_id: spanIdOf('session', session.session) + spanIdOf('remainder', ...names),
    span_id: spanIdOf('remainder', ...names),
    'service.name': SERVICE_NAME,
    'service.version': version,
    'tallyspan.source': REMAINDER_SOURCE,
    'tallyspan.key': `claude-code/remainder/${names.join('/')}`,
    'tallyspan.revision': revision,
    'tallyspan.duplicate': isNothing ? true : undefined,
    'gen_ai.conversation.id': session.session,
    'gen_ai.agent.name': SERVICE_NAME,
    'agent.version': version,
    'agent.project': project,
    ...estimate(NOT_IN_TRANSCRIPT, rest, model.name, state.atMs, NOT_IN_TRANSCRIPT, overrides),
  };
}

function revisionOf(
  { costStates }: SessionFacts,
  { atMs, untilMs }: CostState,
  lines: number,
  hasBaseline: boolean,
): number {
  const second = Math.floor(atMs / 1000);
  return revisionOfRemainder({
    atMs,
    ledgers: costStates.filter((state) => Math.floor(state.atMs / 1000) === second).length,
    isBounded: untilMs !== undefined,
    lines,
    hasBaseline,
  });
}

function countCalls(priced: readonly PricedCall[]): ByModel {
  const byModel: ByModel = new Map();
  for (const { counted } of priced)
    for (const { model, usage } of counted) addToCounts(byModel, model, usage);
  return byModel;
}

function isBefore(atMs: number, untilMs: number | undefined): boolean {
  return untilMs === undefined || atMs < untilMs;
}
