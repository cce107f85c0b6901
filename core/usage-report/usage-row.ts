// A usage row: what model calls of one time, session, project and model took together. Reports are sums of these rows.

import { groupBy } from '../group-by.ts';

export interface UsageRow {
  /** Begin of the minutes that it stands for, Unix milliseconds. */
  readonly atMs: number;
  /** When the first and the last of its calls ended, Unix milliseconds. */
  readonly firstMs: number;
  readonly lastMs: number;
  readonly session: string | null;
  readonly project: string | null;
  readonly model: string | null;
  readonly sums: UsageSums;
}

/** Sums of model calls. Money is nano-USD. */
export interface UsageSums {
  calls: number;
  tokensInput: number;
  tokensCacheRead: number;
  tokensCacheWrite: number;
  tokensOutput: number;
  costNanoUsd: number;
  /** Of the cost, what is an estimate; what Claude Code counted beyond its transcript is part of it. */
  estimatedNanoUsd: number;
  notInTranscriptNanoUsd: number;
  /** Of the cost, that of sessions under a plan, which nobody pays. */
  listValueNanoUsd: number;
  /** Calls without a known price, which are in no sum of money. */
  unpricedCalls: number;
}

export function newSums(): UsageSums {
  return {
    calls: 0,
    tokensInput: 0,
    tokensCacheRead: 0,
    tokensCacheWrite: 0,
    tokensOutput: 0,
    costNanoUsd: 0,
    estimatedNanoUsd: 0,
    notInTranscriptNanoUsd: 0,
    listValueNanoUsd: 0,
    unpricedCalls: 0,
  };
}

export function addSums(to: UsageSums, more: UsageSums): void {
  for (const key of Object.keys(to) as (keyof UsageSums)[]) to[key] += more[key];
}

/** All tokens, each in one bucket. */
export function totalTokens(sums: UsageSums): number {
  return sums.tokensInput + sums.tokensCacheRead + sums.tokensCacheWrite + sums.tokensOutput;
}

/** A group of rows: its sums, and those of each model in it, the most expensive first. */
export interface UsageGroup {
  readonly sums: UsageSums;
  readonly models: readonly { readonly model: string | null; readonly sums: UsageSums }[];
  readonly firstMs: number;
  readonly lastMs: number;
  /** Where it is one; null for several. */
  readonly project: string | null;
}

/** The rows in groups by `keyOf`, in the order in which they come. */
export function groupUsage<K>(rows: readonly UsageRow[], keyOf: (row: UsageRow) => K): Map<K, UsageGroup> {
  return new Map([...groupBy(rows, keyOf)].map(([key, list]) => [key, sumUsage(list)]));
}

export function sumUsage(rows: readonly UsageRow[]): UsageGroup {
  const sums = newSums();
  const byModel = new Map<string | null, UsageSums>();
  let firstMs = Number.POSITIVE_INFINITY;
  let lastMs = Number.NEGATIVE_INFINITY;
  for (const row of rows) {
    addSums(sums, row.sums);
    const own = byModel.get(row.model) ?? newSums();
    byModel.set(row.model, own);
    addSums(own, row.sums);
    firstMs = Math.min(firstMs, row.firstMs);
    lastMs = Math.max(lastMs, row.lastMs);
  }
  const [project = null, ...others] = new Set(rows.map((row) => row.project));
  return {
    sums,
    models: [...byModel]
      .map(([model, own]) => ({ model, sums: own }))
      .toSorted((a, b) => b.sums.costNanoUsd - a.sums.costNanoUsd),
    firstMs,
    lastMs,
    project: others.length === 0 ? project : null,
  };
}
