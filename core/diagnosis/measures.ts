// Measures of a period that evidence is made of: shares, rates and means, and how much they vary by chance.
// In a sample a run counts for as many as it stands for, and chance is that of the runs that were looked at.

import { runIdOf } from '../pricing/call-facts.ts';
import type { Period, PeriodCall } from './period.ts';

/** How many standard errors a difference must exceed to be more than chance. */
export const SIGNIFICANT_ERRORS = 3.5;

export interface ToolMeasures {
  readonly calls: number;
  readonly failed: number;
  /** Mean length of the results that were no errors, characters. */
  readonly meanResultLen: number | undefined;
}

export interface Measures {
  readonly runs: number;
  readonly calls: number;
  readonly meanRunCost: number;
  /** Standard deviation of the cost of a run, without the users who stand out: it is what they are measured by. */
  readonly runCostDeviation: number;
  /** Sum of the squared weights of the runs: their number where each stands for itself. */
  readonly squaredWeights: number;
  /** How many calls a call that was looked at stands for, in the mean over those it stands for. */
  readonly callWeight: number;
  readonly callsByModel: ReadonlyMap<string, number>;
  readonly callsByCacheCause: ReadonlyMap<string, number>;
  readonly compactedCalls: number;
  readonly callsAfterFailure: number;
  readonly costByUser: ReadonlyMap<string, number>;
  readonly runsByUser: ReadonlyMap<string, number>;
  /** Users who stand out, whose runs are counted apart. */
  readonly dominantUsers: ReadonlySet<string>;
  readonly tools: ReadonlyMap<string, ToolMeasures>;
  readonly tokensRead: number;
  readonly tokensWritten5m: number;
  readonly tokensWritten1h: number;
  readonly tokensUncached: number;
  readonly outputTokens: number;
  readonly webSearches: number;
  /** Calls that asked for no caching, and calls that tell. */
  readonly callsWithoutBreakpoint: number;
  readonly callsWithKnownBreakpoints: number;
  readonly priceRows: ReadonlySet<string>;
  readonly tiers: ReadonlyMap<string, number>;
  /** Hashes of the system prompts and tool lists that were sent. */
  readonly systemPrompts: ReadonlySet<string>;
  readonly toolDefinitions: ReadonlySet<string>;
  readonly meanUserInputLen: number | undefined;
}

export function measurePeriod(period: Period, dominantUsers: ReadonlySet<string> = new Set()): Measures {
  const { calls, runIds, weightOf } = period;
  const groupSum = (
    of: readonly PeriodCall[],
    key: (call: PeriodCall) => string,
    amount: (call: PeriodCall) => number,
  ): Map<string, number> => {
    const sums = new Map<string, number>();
    for (const call of of)
      sums.set(key(call), (sums.get(key(call)) ?? 0) + amount(call) * weightOf(call.runId));
    return sums;
  };
  const total = (read: (call: PeriodCall) => number): number =>
    calls.reduce((sum, call) => sum + read(call) * weightOf(call.runId), 0);
  const count = (isCounted: (call: PeriodCall) => boolean): number =>
    total((call) => (isCounted(call) ? 1 : 0));
  const runs = sumOver(runIds, weightOf);
  const callCount = total(one);
  return {
    runs,
    calls: callCount,
    meanRunCost: runs === 0 ? 0 : period.costNanoUsd / runs,
    runCostDeviation: deviationOfRuns(period, dominantUsers),
    squaredWeights: sumOver(runIds, (runId) => weightOf(runId) ** 2),
    callWeight: callCount === 0 ? 1 : total(({ runId }) => weightOf(runId)) / callCount,
    callsByModel: groupSum(calls, (call) => call.model, one),
    callsByCacheCause: groupSum(
      calls.filter((call) => call.regime.startsWith('cache:')),
      (call) => call.regime.slice('cache:'.length),
      one,
    ),
    compactedCalls: count((call) => call.regime === 'compaction'),
    callsAfterFailure: count((call) => call.kind !== 'ordinary'),
    costByUser: groupSum(calls, (call) => call.user, costOf),
    runsByUser: countRunsByUser(period),
    dominantUsers,
    tools: measureTools(period),
    tokensRead: total((call) => call.usage.cacheRead),
    tokensWritten5m: total((call) => call.usage.cacheWrite5m),
    tokensWritten1h: total((call) => call.usage.cacheWrite1h),
    tokensUncached: total((call) => call.usage.input),
    outputTokens: total((call) => call.usage.output),
    webSearches: total((call) => call.usage.webSearches),
    callsWithoutBreakpoint: count(({ event }) => event.cache_breakpoints === 0),
    callsWithKnownBreakpoints: count(({ event }) => event.cache_breakpoints !== undefined),
    priceRows: new Set(calls.map(({ event }) => event['tallyspan.price.row'] ?? '')),
    tiers: groupSum(calls, tierOf, one),
    systemPrompts: valuesOf(calls, 'tallyspan.prefix.system'),
    toolDefinitions: valuesOf(calls, 'tallyspan.prefix.tools'),
    meanUserInputLen: meanInputLen(period),
  };
}

/** Tier, speed and residency as served, in words. */
export function tierOf({ event }: PeriodCall): string {
  const parts = [
    event.service_tier ?? 'standard',
    event.speed ?? 'standard',
    event.inference_geo ?? 'global',
  ];
  return parts.map((part) => (part === 'not_available' ? 'global' : part)).join(' ');
}

/** Share of input tokens that were read from the cache. */
export function hitRatio(measures: Measures): number | undefined {
  const total = inputTokens(measures);
  return total === 0 ? undefined : measures.tokensRead / total;
}

/** From whatever bucket. */
export function inputTokens(measures: Measures): number {
  const { tokensRead, tokensUncached, tokensWritten5m, tokensWritten1h } = measures;
  return tokensRead + tokensUncached + tokensWritten5m + tokensWritten1h;
}

/** Share of the cache writes that live an hour. */
export function hourShareOf(measures: Measures): number {
  return measures.tokensWritten1h / Math.max(1, measures.tokensWritten1h + measures.tokensWritten5m);
}

/** Share of the calls that asked for no caching. */
export function uncachedShareOf(measures: Measures): number {
  return measures.callsWithoutBreakpoint / Math.max(1, measures.callsWithKnownBreakpoints);
}

export function searchesPerCall(measures: Measures): number {
  return measures.webSearches / Math.max(1, measures.calls);
}

/** What the cost of as many runs varies by, by chance alone: nano-USD. */
export function chanceOfRunCosts(before: Measures, after: Measures, scale: number): number {
  const deviation = before.runs >= 10 ? before.runCostDeviation : after.runCostDeviation;
  return SIGNIFICANT_ERRORS * deviation * Math.sqrt(squaredWeightsOf(before, after, scale));
}

/** What the number of runs varies by, by chance alone, at their mean cost: nano-USD. */
export function chanceOfRunCount(before: Measures, after: Measures, scale: number): number {
  return SIGNIFICANT_ERRORS * before.meanRunCost * Math.sqrt(after.runs + scale * scale * before.runs);
}

/**
 * What the kinds of the runs vary by, by chance alone, at their mean cost: nano-USD. In a sample the number of the
 * runs is known, their kinds are not.
 */
export function chanceOfRunMix(before: Measures, after: Measures, scale: number): number {
  return SIGNIFICANT_ERRORS * before.meanRunCost * Math.sqrt(squaredWeightsOf(before, after, scale));
}

function squaredWeightsOf(before: Measures, after: Measures, scale: number): number {
  return after.squaredWeights + scale * scale * before.squaredWeights;
}

/** A count and the whole that it is part of, as many as were looked at: what {@link isOtherShare} judges. */
export function shareOf(measures: Measures, part: number, whole = measures.calls): [number, number] {
  return [part / measures.callWeight, whole / measures.callWeight];
}

/** Whether two shares (`part` of `whole`) differ by more than chance. */
export function isOtherShare(
  before: readonly [part: number, whole: number],
  after: readonly [part: number, whole: number],
): boolean {
  if (before[1] === 0 || after[1] === 0) return false;
  const pooled = (before[0] + after[0]) / (before[1] + after[1]);
  const error = Math.sqrt(pooled * (1 - pooled) * (1 / before[1] + 1 / after[1]));
  return error > 0 && Math.abs(after[0] / after[1] - before[0] / before[1]) > SIGNIFICANT_ERRORS * error;
}

function valuesOf(
  calls: readonly PeriodCall[],
  key: 'tallyspan.prefix.system' | 'tallyspan.prefix.tools',
): Set<string> {
  const values = new Set<string>();
  for (const { event } of calls) if (event[key] !== undefined) values.add(event[key]);
  return values;
}

function meanInputLen(period: Period): number | undefined {
  let sum = 0;
  let runs = 0;
  for (const event of period.events) {
    const length = event['agent.user_input_len'];
    if (event['event.name'] !== 'agent.run' || length === undefined) continue;
    const weight = period.weightOf(runIdOf(event));
    sum += length * weight;
    runs += weight;
  }
  return runs === 0 ? undefined : sum / runs;
}

function measureTools(period: Period): Map<string, ToolMeasures> {
  const tools = new Map<string, { calls: number; failed: number; lengths: number; measured: number }>();
  for (const event of period.events) {
    if (event['event.name'] !== 'agent.tool_call') continue;
    const name = event['gen_ai.tool.name'] ?? '';
    const tool = tools.get(name) ?? { calls: 0, failed: 0, lengths: 0, measured: 0 };
    tools.set(name, tool);
    const weight = period.weightOf(runIdOf(event));
    tool.calls += weight;
    if (event['tool.ok'] === false) tool.failed += weight;
    else if (event['tool.result_len'] !== undefined) {
      tool.lengths += event['tool.result_len'] * weight;
      tool.measured += weight;
    }
  }
  return new Map(
    [...tools].map(([name, { calls, failed, lengths, measured }]) => [
      name,
      { calls, failed, meanResultLen: measured === 0 ? undefined : lengths / measured },
    ]),
  );
}

/** Of the runs of users who do not stand out. */
function deviationOfRuns({ calls, weightOf }: Period, dominantUsers: ReadonlySet<string>): number {
  const costs = new Map<string, number>();
  for (const { runId, user, costNanoUsd } of calls)
    if (!dominantUsers.has(user)) costs.set(runId, (costs.get(runId) ?? 0) + costNanoUsd);
  if (costs.size < 2) return 0;
  const runs = sumOver(costs.keys(), weightOf);
  const mean = sumOver(costs.keys(), (runId) => (costs.get(runId) ?? 0) * weightOf(runId)) / runs;
  const squares = sumOver(costs.keys(), (runId) => ((costs.get(runId) ?? 0) - mean) ** 2 * weightOf(runId));
  return Math.sqrt(squares / (runs - 1));
}

function countRunsByUser({ calls, weightOf }: Period): Map<string, number> {
  const userOfRun = new Map(calls.map((call) => [call.runId, call.user]));
  const runs = new Map<string, number>();
  for (const [runId, user] of userOfRun) runs.set(user, (runs.get(user) ?? 0) + weightOf(runId));
  return runs;
}

function sumOver(runIds: Iterable<string>, amount: (runId: string) => number): number {
  let sum = 0;
  for (const runId of runIds) sum += amount(runId);
  return sum;
}

function costOf(call: PeriodCall): number {
  return call.costNanoUsd;
}

function one(): number {
  return 1;
}
