// Same call: several spans of a trace may tell of one call of the API: an emitter's around the SDK's own, or two emitters'.
// They are known by the names of the response, or by standing directly above one another with the same model and counts, or
// by the SDK's own span lying within the time of another with just its counts.
// Of these the best informed counts.

import { groupByResponse, responseIdsOf } from '../duplicates.ts';
import type { EventRecord } from '../event.ts';
import { addToGroup, groupBy } from '../group-by.ts';
import {
  hasSameCounts,
  pairBeside,
  plainModel,
  readCall,
  type CallCounts,
  type KnownCall,
} from './calls-beside.ts';
import type { TraceNode } from './trace-tree.ts';

/** A call of a model as a span tells of it. */
export interface CallReport {
  readonly node: TraceNode;
  /** Its event; of a span of our own just what tells calls from one another: the event is stored already. */
  readonly event: EventRecord;
  readonly isOwn: boolean;
}

/**
 * Of each report that another one counts for: that other one, or `undefined` where several calls together are it, or
 * where it repeats what one of those in it said.
 */
export type Duplicates = ReadonlyMap<CallReport, CallReport | undefined>;

/** @param apart reports of one call in traces of their own */
export function findDuplicates(
  reports: readonly CallReport[],
  apart: readonly (readonly [CallReport, CallReport])[] = [],
): Duplicates {
  const { groups, repeats } = callsOf(reports, apart);
  const duplicates = new Map<CallReport, CallReport | undefined>(
    [...repeats].map((report) => [report, undefined]),
  );
  for (const group of groups) {
    const candidates = group.filter((report) => !repeats.has(report));
    const best = candidates.reduce<CallReport | undefined>(
      (found, report) => (found === undefined || compare(report, found) > 0 ? report : found),
      undefined,
    );
    for (const report of group) if (report !== best) duplicates.set(report, best);
  }
  return duplicates;
}

export interface Calls {
  /** The reports by the call that they are of. */
  readonly groups: readonly (readonly CallReport[])[];
  /** Reports that repeat those of several calls. */
  readonly repeats: ReadonlySet<CallReport>;
}

export function callsOf(
  reports: readonly CallReport[],
  apart: readonly (readonly [CallReport, CallReport])[] = [],
): Calls {
  const byNode = new Map(reports.map((report) => [report.node, report]));
  const below = new Map<CallReport, CallReport[]>();
  for (const report of reports) {
    const above = report.node.parent && byNode.get(report.node.parent);
    if (above === undefined || !looksTheSame(report.event, above.event)) continue;
    addToGroup(below, above, report);
  }
  const repeats = new Set<CallReport>();
  const pairs: (readonly [CallReport, CallReport])[] = [];
  for (const [above, calls] of below) {
    const [only, second] = calls;
    if (only !== undefined && second === undefined) pairs.push([above, only]);
    // One span around several calls repeats them all.
    else repeats.add(above);
  }
  for (const [above, calls] of nearestBelow(reports, byNode)) {
    if (below.has(above) || !isSumOf(above, calls)) continue;
    const [only, second] = calls;
    if (only !== undefined && second === undefined) pairs.push([above, only]);
    else repeats.add(above);
  }
  const known = groupReports(reports, pairs);
  for (const ofTrace of byTrace(known))
    pairs.push(...pairBeside(ofTrace.flatMap((group) => readingsOf(group, repeats))));
  return { groups: groupReports(reports, [...pairs, ...apart]), repeats };
}

function byTrace(groups: readonly (readonly CallReport[])[]): Iterable<(readonly CallReport[])[]> {
  return groupBy(groups, ([first]) => first?.node.span.traceId).values();
}

/** What the reports say of their call; none where nothing of it could be known elsewhere. */
export function readingsOf(
  group: readonly CallReport[],
  repeats: ReadonlySet<CallReport>,
): KnownCall<CallReport>[] {
  const readings = group.flatMap((report) => {
    const reading = repeats.has(report) ? undefined : readCall(report.node.span);
    return reading === undefined ? [] : [[reading, report] as const];
  });
  return readings.length === 0 ? [] : [readings];
}

/** The calls below each call, with none between, at any depth. */
function nearestBelow(
  reports: readonly CallReport[],
  byNode: ReadonlyMap<TraceNode, CallReport>,
): ReadonlyMap<CallReport, readonly CallReport[]> {
  const below = new Map<CallReport, CallReport[]>();
  for (const report of reports) {
    let at = report.node.parent;
    while (at !== undefined && !byNode.has(at)) at = at.parent;
    const above = at && byNode.get(at);
    if (above === undefined) continue;
    addToGroup(below, above, report);
  }
  return below;
}

/**
 * Whether the counts of a span are those of the calls below it taken together, of the same model. A span that says nothing
 * of the cache may have left it out.
 */
function isSumOf({ event }: CallReport, calls: readonly CallReport[]): boolean {
  if (tokensOf(event) === 0) return false;
  const model = plainModel(event['gen_ai.response.model']);
  if (!calls.every((call) => isOneModel(model, plainModel(call.event['gen_ai.response.model']))))
    return false;
  const sumOf = (count: (call: EventRecord) => number): number =>
    calls.reduce((sum, call) => sum + count(call.event), 0);
  if ((event['gen_ai.usage.output_tokens'] ?? 0) !== sumOf((call) => call['gen_ai.usage.output_tokens'] ?? 0))
    return false;
  const input = event['gen_ai.usage.input_tokens'] ?? 0;
  const inputBelow = sumOf((call) => call['gen_ai.usage.input_tokens'] ?? 0);
  return (
    input === inputBelow || (cachedTokensOf(event) === 0 && input === inputBelow - sumOf(cachedTokensOf))
  );
}

function isOneModel(one: string | undefined, other: string | undefined): boolean {
  return one === undefined || other === undefined || one === other;
}

function groupReports(
  reports: readonly CallReport[],
  pairs: readonly (readonly [CallReport, CallReport])[],
): CallReport[][] {
  const leaders = new Map<CallReport, CallReport>();
  const leaderOf = (report: CallReport): CallReport => {
    let leader = report;
    for (let up = leaders.get(leader); up !== undefined; up = leaders.get(leader)) leader = up;
    return leader;
  };
  const join = (a: CallReport, b: CallReport): void => {
    const [first, second] = [leaderOf(a), leaderOf(b)];
    if (first !== second) leaders.set(second, first);
  };
  for (const [a, b] of pairs) join(a, b);
  const named = reports.filter(({ event }) => responseIdsOf(event).length > 0);
  for (const [first, ...others] of groupByResponse(named, ({ event }) => responseIdsOf(event)))
    for (const other of others) join(first as CallReport, other);
  return [...groupBy(reports, leaderOf).values()];
}

/** Counts of the smaller report that are at least in the larger one, as a share, for both to be of one call. */
const LEAST_OVERLAP = 0.5;

function looksTheSame(a: EventRecord, b: EventRecord): boolean {
  if (!isOneModel(plainModel(a['gen_ai.response.model']), plainModel(b['gen_ai.response.model'])))
    return false;
  const [low = 0, high = 0] = [a, b].map(tokensOf).toSorted((one, other) => one - other);
  return low === 0 || low / high >= LEAST_OVERLAP || hasSameCounts(countsOf(a), countsOf(b));
}

function countsOf(event: EventRecord): CallCounts {
  return {
    input: event['gen_ai.usage.input_tokens'] ?? 0,
    output: event['gen_ai.usage.output_tokens'] ?? 0,
    cacheRead: event['gen_ai.usage.cache_read.input_tokens'] ?? 0,
    cacheWrite: event['gen_ai.usage.cache_creation.input_tokens'] ?? 0,
    names: responseIdsOf(event),
  };
}

function tokensOf(event: EventRecord): number {
  return (event['gen_ai.usage.input_tokens'] ?? 0) + (event['gen_ai.usage.output_tokens'] ?? 0);
}

function cachedTokensOf(event: EventRecord): number {
  return (
    (event['gen_ai.usage.cache_read.input_tokens'] ?? 0) +
    (event['gen_ai.usage.cache_creation.input_tokens'] ?? 0)
  );
}

/** Larger for the better informed; of equals the one that began first. */
function compare(a: CallReport, b: CallReport): number {
  const [left, right] = [knowledgeOf(a), knowledgeOf(b)];
  for (const [index, known] of left.entries()) if (known !== right[index]) return known - (right[index] ?? 0);
  return 0;
}

function knowledgeOf({ event, isOwn }: CallReport): readonly number[] {
  return [
    Number(isOwn),
    Number(event.cost_nano_usd !== undefined),
    Number(event['tallyspan.cost.status'] === 'priced'),
    // Whoever says what was cached knows it better than whoever says nothing of it.
    Number(cachedTokensOf(event) > 0),
    Number(event['tallyspan.cost.reason'] !== 'cache_lifetime_unknown'),
    responseIdsOf(event).length,
    tokensOf(event),
  ];
}
