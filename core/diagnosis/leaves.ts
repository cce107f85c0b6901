// Leaves: the calls of a period grouped so that the cost of a leaf is a sum of products of factors.
// A leaf is one group of runs, one place in the run, one regime, one model.

import { INPUT_BUCKETS, type BucketCounts, type Period, type PeriodCall } from './period.ts';

/** What the calls of a leaf hold together, each as often as its run counts. */
export interface LeafSum {
  calls: number;
  owners: Map<string, [number, number, number, number]>;
  bucketTokens: [number, number, number, number];
  bucketCost: [number, number, number, number];
  outputTokens: number;
  outputCost: number;
  searches: number;
  searchCost: number;
  /** Cost that belongs to no counted token, such as steps that a usage leaves out of its totals. */
  otherCost: number;
}

export interface Leaf {
  readonly group: string;
  /** Place in the run: kind, position, last or not. */
  readonly cell: string;
  readonly kind: PeriodCall['kind'];
  readonly regime: string;
  readonly model: string;
}

export interface Leaves {
  readonly leaves: ReadonlyMap<string, { readonly leaf: Leaf; readonly sum: LeafSum }>;
  readonly runs: ReadonlyMap<string, number>;
  /** By group and cell; then with the regime. */
  readonly cellCalls: ReadonlyMap<string, number>;
  readonly regimeCalls: ReadonlyMap<string, number>;
  /** All calls of a cell but compacted ones, whatever their regime and model. */
  readonly cellSums: ReadonlyMap<string, LeafSum>;
  /** All calls of a cell and regime, whatever their model. */
  readonly regimeSums: ReadonlyMap<string, LeafSum>;
  readonly modelSums: ReadonlyMap<string, LeafSum>;
}

/** Positions after this one are taken together by tens. */
const MAX_SINGLE_POSITION = 40;

export function groupKey(user: string, workload: string, dominantUsers: ReadonlySet<string>): string {
  return JSON.stringify([dominantUsers.has(user) ? user : null, workload]);
}

/** The dominant user of a group, if it is the group of one. */
export function userOfGroup(group: string): string | undefined {
  const [user] = JSON.parse(group) as [string | null, string];
  return user ?? undefined;
}

export function cellKey(leaf: Leaf): string {
  return `${leaf.group} ${leaf.cell}`;
}

export function regimeKey(leaf: Leaf): string {
  return `${cellKey(leaf)} ${leaf.regime}`;
}

export function readLeaves(period: Period, dominantUsers: ReadonlySet<string>): Leaves {
  const leaves = new Map<string, { leaf: Leaf; sum: LeafSum }>();
  const runs = new Map<string, number>();
  const groupOfRun = new Map<string, string>();
  const cellCalls = new Map<string, number>();
  const regimeCalls = new Map<string, number>();
  const cellSums = new Map<string, LeafSum>();
  const regimeSums = new Map<string, LeafSum>();
  const modelSums = new Map<string, LeafSum>();
  for (const call of period.calls) {
    let group = groupOfRun.get(call.runId);
    if (group === undefined) {
      group = groupKey(call.user, call.workload, dominantUsers);
      groupOfRun.set(call.runId, group);
      runs.set(group, (runs.get(group) ?? 0) + period.weightOf(call.runId));
    }
    const weight = period.weightOf(call.runId);
    const position =
      call.position <= MAX_SINGLE_POSITION ? call.position : Math.ceil(call.position / 10) * 10;
    const leaf: Leaf = {
      group,
      cell: `${call.kind} ${position} ${call.isLast ? 'last' : 'inner'}`,
      kind: call.kind,
      regime: call.regime,
      model: call.model,
    };
    const key = `${regimeKey(leaf)} ${leaf.model}`;
    let entry = leaves.get(key);
    if (entry === undefined) leaves.set(key, (entry = { leaf, sum: emptySum() }));
    addCall(entry.sum, call, weight);
    if (call.regime !== 'compaction') addCall(sumOf(cellSums, cellKey(leaf)), call, weight);
    addCall(sumOf(regimeSums, regimeKey(leaf)), call, weight);
    addCall(sumOf(modelSums, leaf.model), call, weight);
    cellCalls.set(cellKey(leaf), (cellCalls.get(cellKey(leaf)) ?? 0) + weight);
    regimeCalls.set(regimeKey(leaf), (regimeCalls.get(regimeKey(leaf)) ?? 0) + weight);
  }
  return { leaves, runs, cellCalls, regimeCalls, cellSums, regimeSums, modelSums };
}

function sumOf(sums: Map<string, LeafSum>, key: string): LeafSum {
  let sum = sums.get(key);
  if (sum === undefined) sums.set(key, (sum = emptySum()));
  return sum;
}

function emptySum(): LeafSum {
  return {
    calls: 0,
    owners: new Map(),
    bucketTokens: [0, 0, 0, 0],
    bucketCost: [0, 0, 0, 0],
    outputTokens: 0,
    outputCost: 0,
    searches: 0,
    searchCost: 0,
    otherCost: 0,
  };
}

/** Adds a call as often as its run counts. */
function addCall(sum: LeafSum, call: PeriodCall, weight: number): void {
  const { usage, buckets } = call;
  sum.calls += weight;
  for (const [owner, counts] of call.owners) {
    const held = sum.owners.get(owner) ?? [0, 0, 0, 0];
    sum.owners.set(owner, addCounts(held, counts, weight));
  }
  const tokens: BucketCounts = [usage.input, usage.cacheRead, usage.cacheWrite5m, usage.cacheWrite1h];
  const cost: BucketCounts = [buckets.input, buckets.cacheRead, buckets.cacheWrite5m, buckets.cacheWrite1h];
  let explained = 0;
  for (let bucket = 0; bucket < INPUT_BUCKETS.length; bucket++) {
    const count = tokens[bucket] ?? 0;
    if (count === 0) continue;
    sum.bucketTokens[bucket] = (sum.bucketTokens[bucket] ?? 0) + count * weight;
    sum.bucketCost[bucket] = (sum.bucketCost[bucket] ?? 0) + (cost[bucket] ?? 0) * weight;
    explained += cost[bucket] ?? 0;
  }
  if (usage.output > 0) {
    sum.outputTokens += usage.output * weight;
    sum.outputCost += buckets.output * weight;
    explained += buckets.output;
  }
  if (usage.webSearches > 0) {
    sum.searches += usage.webSearches * weight;
    sum.searchCost += buckets.webSearch * weight;
    explained += buckets.webSearch;
  }
  sum.otherCost += (call.costNanoUsd - explained) * weight;
}

function addCounts(a: BucketCounts, b: BucketCounts, times: number): [number, number, number, number] {
  return [a[0] + b[0] * times, a[1] + b[1] * times, a[2] + b[2] * times, a[3] + b[3] * times];
}
