// A period: the calls of one side of a comparison, each with everything a difference may depend on:
// its run's group, its position in the run, its regime (ordinary, or what happened to its cache), its model,
// and its input tokens by owner and bucket.

import { findMissesOfCalls, pairCalls, type CacheMiss } from '../attribution/cache-forensics.ts';
import { groupBy } from '../group-by.ts';
import { readCalls, type CallFact } from '../pricing/call-facts.ts';
import type { PriceOverrides } from '../pricing/cost.ts';
import type { EventRecord } from '../event.ts';
import { messageCountOf } from '../attribution/prefix-match.ts';

/** Input buckets, in the order of the arrays below. */
export const INPUT_BUCKETS = ['input', 'cache_read', 'cache_write_5m', 'cache_write_1h'] as const;
export type Bucket = (typeof INPUT_BUCKETS)[number];
export type BucketCounts = readonly [input: number, read: number, write5m: number, write1h: number];

/** Why a call is in the run: the ordinary course of things, to read a failed tool's error, or it failed itself. */
export type CallKind = 'ordinary' | 'after_failure' | 'failed';

export interface PeriodCall extends CallFact {
  readonly user: string;
  /** Agent and task. */
  readonly workload: string;
  readonly kind: CallKind;
  /** Position among the ordinary calls of the run, from 1: a repeat after a failure does not move it. */
  readonly position: number;
  readonly isLast: boolean;
  /** `plain`, `compaction`, `cache:<cause>` or `cache:unknown`. */
  readonly regime: string;
  /** Input tokens by owner; one owner `(all)` where there are no attribution rows. */
  readonly owners: ReadonlyMap<string, BucketCounts>;
}

export interface Period {
  readonly calls: readonly PeriodCall[];
  readonly misses: readonly CacheMiss[];
  readonly costNanoUsd: number;
  readonly runIds: ReadonlySet<string>;
  readonly events: readonly EventRecord[];
  /** How many runs a run stands for: itself, and in a sample others that were not looked at. */
  readonly weightOf: (runId: string) => number;
}

/** A history this much smaller than the one before, in fewer messages, has been compacted. */
const COMPACTED_SHARE = 0.8;
export const ALL_OWNERS = '(all)';

/** Reads a period from all events of it, of whatever kind. */
export function readPeriod(events: readonly EventRecord[], overrides?: PriceOverrides): Period {
  const facts = readCalls(events);
  const misses = findMissesOfCalls(facts, overrides);
  const missByCall = new Map(misses.map((miss) => [miss.call.event, miss]));
  const owners = readOwners(events);
  const failedSteps = readFailedSteps(events);
  const compacted = findCompactedCalls(facts, events);
  const runIds = new Set<string>();
  const lastOfRun = new Map<string, CallFact>();
  for (const fact of facts) {
    runIds.add(fact.runId);
    lastOfRun.set(fact.runId, fact);
  }
  const positions = new Map<string, number>();
  let costNanoUsd = 0;
  const calls = facts.map((fact): PeriodCall => {
    const { event, runId } = fact;
    costNanoUsd += fact.costNanoUsd;
    const isAfterFailure = failedSteps.has(`${runId} ${fact.step - 1}`);
    const kind =
      event['error.type'] === undefined ? (isAfterFailure ? 'after_failure' : 'ordinary') : 'failed';
    const position = Math.max(1, (positions.get(runId) ?? 0) + (kind === 'ordinary' ? 1 : 0));
    positions.set(runId, position);
    const miss = missByCall.get(event);
    const regime = compacted.has(event)
      ? 'compaction'
      : miss === undefined
        ? 'plain'
        : `cache:${miss.cause ?? 'unknown'}`;
    return {
      ...fact,
      user: event['user.id'] ?? '',
      workload: `${event['gen_ai.agent.name'] ?? ''} ${event['agent.task_type'] ?? ''}`.trim(),
      kind,
      position,
      isLast: lastOfRun.get(runId) === fact,
      regime,
      owners: spreadOwners(fact, owners.get(callKey(event))),
    };
  });
  return { calls, misses, costNanoUsd, runIds, events, weightOf: () => 1 };
}

function callKey(event: EventRecord): string {
  return `${event['agent.run_id'] ?? event.trace_id ?? ''} ${event['agent.step_number'] ?? event.span_id ?? ''}`;
}

function readOwners(events: readonly EventRecord[]): Map<string, EventRecord[]> {
  return groupBy(
    events.filter((event) => event['event.name'] === 'agent.tool_cost'),
    callKey,
  );
}

/** The counted tokens of each bucket, divided as the attribution rows divide its cost. */
function spreadOwners(
  { usage }: CallFact,
  rows: readonly EventRecord[] | undefined,
): Map<string, BucketCounts> {
  const counted: BucketCounts = [usage.input, usage.cacheRead, usage.cacheWrite5m, usage.cacheWrite1h];
  const carrying = (rows ?? []).flatMap((row) => {
    const uncached = (row.cost_first_read_nano_usd ?? 0) + (row.cost_carry_nano_usd ?? 0);
    const read = row.cost_cache_read_nano_usd ?? 0;
    const written = row.cost_cache_write_nano_usd ?? 0;
    return uncached + read + written > 0
      ? [{ owner: row['gen_ai.tool.name'] ?? ALL_OWNERS, shares: [uncached, read, written, written] }]
      : [];
  });
  const spread = new Map<string, BucketCounts>();
  const totals = [0, 1, 2, 3].map((bucket) =>
    carrying.reduce((sum, row) => sum + (row.shares[bucket] ?? 0), 0),
  );
  const add = (owner: string, counts: BucketCounts): void => {
    const [a, b, c, d] = spread.get(owner) ?? [0, 0, 0, 0];
    spread.set(owner, [a + counts[0], b + counts[1], c + counts[2], d + counts[3]]);
  };
  for (const { owner, shares } of carrying) {
    const part = (bucket: 0 | 1 | 2 | 3): number => {
      const total = totals[bucket] ?? 0;
      return total === 0 ? 0 : (counted[bucket] * (shares[bucket] ?? 0)) / total;
    };
    add(owner, [part(0), part(1), part(2), part(3)]);
  }
  // Buckets that no row speaks of belong to nobody in particular.
  const rest = counted.map((count, bucket) => ((totals[bucket] ?? 0) === 0 ? count : 0));
  if (rest.some((count) => count > 0))
    add(ALL_OWNERS, [rest[0] ?? 0, rest[1] ?? 0, rest[2] ?? 0, rest[3] ?? 0]);
  return spread;
}

/** `run step` of each model call one of whose tool calls failed. */
function readFailedSteps(events: readonly EventRecord[]): Set<string> {
  const steps = new Set<string>();
  for (const event of events) {
    if (event['event.name'] !== 'agent.tool_call' || event['tool.ok'] !== false) continue;
    steps.add(`${event['agent.run_id'] ?? event.trace_id ?? ''} ${event['agent.step_number'] ?? 0}`);
  }
  return steps;
}

/** Calls from the first compaction of their run on: told by a note, or by a history that shrank. */
function findCompactedCalls(facts: readonly CallFact[], events: readonly EventRecord[]): Set<EventRecord> {
  const since = new Map<string, number>();
  for (const event of events) {
    const kind = event['agent.note.kind'];
    if (kind !== 'compaction' && kind !== 'context_truncation') continue;
    const runId = event['agent.run_id'] ?? '';
    since.set(runId, Math.min(since.get(runId) ?? Infinity, event.timestamp));
  }
  const shrunk = new Map<string, number>();
  for (const { call, previous, isOpening } of pairCalls(facts)) {
    if (previous === undefined || isOpening || previous.runId !== call.runId) continue;
    const before = previous.event['tallyspan.prefix.messages'];
    const after = call.event['tallyspan.prefix.messages'];
    if (before === undefined || after === undefined || messageCountOf(after) >= messageCountOf(before))
      continue;
    if (call.inputTokens < previous.inputTokens * COMPACTED_SHARE)
      shrunk.set(call.runId, Math.min(shrunk.get(call.runId) ?? Infinity, call.startMs));
  }
  const compacted = new Set<EventRecord>();
  for (const fact of facts) {
    const noted = since.get(fact.runId);
    const seen = shrunk.get(fact.runId);
    // A note is written while its call runs, so the call that ends after it is the compacting one.
    if ((noted !== undefined && fact.endMs >= noted) || (seen !== undefined && fact.startMs >= seen))
      compacted.add(fact.event);
  }
  return compacted;
}
