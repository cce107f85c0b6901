// Ledger counts: what Claude Code counts of each model, in its terminal, its transcript and the Agent SDK, and what is
// left of it beside the calls that are known. A write of the cache may be counted without its lifetime.

import { resolveModelId } from '../pricing/model-id.ts';
import type { Usage } from '../pricing/usage.ts';
import type { Json } from '../model-call/json.ts';
import { countOf, isObject } from './json-value.ts';

/** Counts of one model. A write is in the lifetime it had, or in neither. */
export const BUCKETS = [
  'input',
  'output',
  'cacheRead',
  'cacheWrite5m',
  'cacheWrite1h',
  'cacheWriteUnknown',
  'webSearches',
] as const;
type Bucket = (typeof BUCKETS)[number];
export type Counts = Record<Bucket, number>;

/** Counts by the model's id in the price table, as one side may name it with a date, a profile or the size of its context. */
export type ByModel = Map<string, { readonly model: string; readonly counts: Counts }>;

export function countsFor(byModel: ByModel, model: string): Counts {
  const resolved = resolveModelId(model);
  const key = 'id' in resolved ? resolved.id : model;
  let entry = byModel.get(key);
  if (entry === undefined) byModel.set(key, (entry = { model, counts: zeroCounts() }));
  return entry.counts;
}

function countsOf(usage: Json): Counts {
  const written = countOf(usage['cacheCreationInputTokens']);
  const cacheWrite1h = countOf(usage['cacheCreationEphemeral1hInputTokens']);
  const isSplitKnown = typeof usage['cacheCreationEphemeral1hInputTokens'] === 'number';
  const cacheWrite5m =
    typeof usage['cacheCreationEphemeral5mInputTokens'] === 'number' || !isSplitKnown
      ? countOf(usage['cacheCreationEphemeral5mInputTokens'])
      : Math.max(0, written - cacheWrite1h);
  return {
    input: countOf(usage['inputTokens']),
    output: countOf(usage['outputTokens']),
    cacheRead: countOf(usage['cacheReadInputTokens']),
    cacheWrite5m,
    cacheWrite1h,
    cacheWriteUnknown: Math.max(0, written - cacheWrite5m - cacheWrite1h),
    webSearches: countOf(usage['webSearchRequests']),
  };
}

/** Where one side does not tell lifetimes, its writes of unknown lifetime settle the differences of the known ones. */
export function settleLifetimes(rest: Counts): void {
  for (const bucket of ['cacheWrite5m', 'cacheWrite1h'] as const) {
    if (rest[bucket] >= 0 || rest.cacheWriteUnknown <= 0) continue;
    const settled = Math.min(-rest[bucket], rest.cacheWriteUnknown);
    rest[bucket] += settled;
    rest.cacheWriteUnknown -= settled;
  }
}

export function subtract(from: Counts, what: Counts | undefined): void {
  if (what !== undefined) for (const bucket of BUCKETS) from[bucket] -= what[bucket];
}

export function pickPositive(counts: Counts): Partial<Counts> {
  return Object.fromEntries(
    BUCKETS.filter((bucket) => counts[bucket] > 0).map((bucket) => [bucket, counts[bucket]]),
  );
}

function zeroCounts(): Counts {
  return {
    input: 0,
    output: 0,
    cacheRead: 0,
    cacheWrite5m: 0,
    cacheWrite1h: 0,
    cacheWriteUnknown: 0,
    webSearches: 0,
  };
}

/** What a ledger says of each model: the model's name and its sums. */
export function countsByModel(models: Readonly<Record<string, unknown>>): ByModel {
  const byModel: ByModel = new Map();
  for (const [model, usage] of Object.entries(models)) {
    const counts = countsFor(byModel, model);
    const more = countsOf(isObject(usage) ? usage : {});
    for (const bucket of BUCKETS) counts[bucket] += more[bucket];
  }
  return byModel;
}

/** Adds what a call counted. */
export function addToCounts(byModel: ByModel, model: string, usage: Usage): void {
  const counts = countsFor(byModel, model);
  counts.input += usage.input;
  counts.output += usage.output;
  counts.cacheRead += usage.cacheRead;
  counts.cacheWrite5m += usage.cacheWrite5m;
  counts.cacheWrite1h += usage.cacheWrite1h;
  counts.webSearches += usage.webSearches;
}
