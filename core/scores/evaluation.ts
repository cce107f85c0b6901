// An evaluation runs an agent on each item of a dataset, some times over, judges each trial, and compares with a baseline
// that was kept. What decides is deterministic: the judgement of each item, what was sent to the model, cost and turns.

import type { EventRecord } from '../event.ts';
import { isJsonText } from './built-in.ts';
import { costWithNestedNanoUsd } from './limits.ts';
import type { RunFacts } from './run-facts.ts';

/** What a trial must give. Absent parts are not asked. */
export interface Expected {
  readonly equals?: string | undefined;
  readonly contains?: readonly string[] | undefined;
  /** A regular expression. */
  readonly matches?: string | undefined;
  readonly json?: boolean | undefined;
  /** Tools that are called, in this order. */
  readonly tools?: readonly string[] | undefined;
}

/** What was sent to the model, by hashes: no content. Each list sorted, each hash once. */
export interface SentHashes {
  readonly prompt: readonly string[];
  readonly tools: readonly string[];
  readonly model: readonly string[];
}

export interface DatasetItem {
  readonly id: string;
  readonly input?: string | undefined;
  readonly expected?: Expected | undefined;
  /** Of the run that was frozen: what an evaluation without a baseline is compared with. */
  readonly sent?: SentHashes | undefined;
}

/** One trial of one item. */
export interface Trial {
  readonly output: string;
  readonly exitCode: number | null;
  /** True when it was stopped for the time that it took. */
  readonly isTimeout?: boolean | undefined;
  /** True when more was printed than is looked at. */
  readonly isOutputCut?: boolean | undefined;
  readonly runs: readonly RunFacts[];
  readonly events: readonly EventRecord[];
  /** Of a replay: where a request was another than the recorded one, in words. */
  readonly divergence?: string | undefined;
}

/** What a trial failed, in words; nothing when it passed. */
export function judgeTrial(
  { output, exitCode, isTimeout, isOutputCut, runs, divergence }: Trial,
  expected: Expected = {},
): readonly string[] {
  const answer = output.trim();
  const tools = runs.flatMap((run) => run.tools);
  const faults: string[] = [];
  if (divergence !== undefined) faults.push(divergence);
  if (exitCode !== 0)
    faults.push(`the command ended ${exitCode === null ? 'by a signal' : `with ${exitCode}`}`);
  // Also where the command calls that a success.
  if (isTimeout === true) faults.push('it was stopped, as it took too long');
  if (runs.length === 0) faults.push('no run was observed');
  for (const { status } of runs) if (status !== 'ok') faults.push(`a run ended ${status}`);
  if (runs.some(({ refusals }) => refusals > 0)) faults.push('the model refused');
  if (runs.some(({ cutAnswers }) => cutAnswers > 0)) faults.push('an answer was cut at max_tokens');
  const { equals, contains = [], matches, json } = expected;
  const isAnswerAsked = equals !== undefined || contains.length > 0 || matches !== undefined || json === true;
  if (isOutputCut === true && isAnswerAsked)
    faults.push('more was printed than is looked at: print the answer alone');
  if (expected.equals !== undefined && answer !== expected.equals.trim())
    faults.push('the answer is another than expected');
  for (const part of expected.contains ?? [])
    if (!answer.includes(part)) faults.push(`the answer lacks ${JSON.stringify(part)}`);
  if (expected.matches !== undefined && !new RegExp(expected.matches, 'u').test(answer))
    faults.push(`the answer does not match ${expected.matches}`);
  if (expected.json === true && !isJsonText(answer)) faults.push('the answer is no JSON');
  if (expected.tools !== undefined && !isInOrder(expected.tools, tools))
    faults.push(`the tools were ${tools.join(', ') || 'none'}, not ${expected.tools.join(', ')}`);
  return faults;
}

/** Verdicts of a judge by the name of its rule: how many were good, of how many. */
export type JudgedShares = Readonly<Record<string, { readonly good: number; readonly of: number }>>;

/** What is kept of an item, as a baseline and to compare with one. */
export interface ItemResult extends SentHashes {
  readonly id: string;
  readonly trials: number;
  readonly passed: number;
  /** What failed trials failed, each once. */
  readonly faults: readonly string[];
  /** Mean of the trials; null where it is not known. */
  readonly costNanoUsd: number | null;
  /** The most that a trial took. */
  readonly turns: number;
  readonly durationMs: number | null;
  /** Where a judge was asked. */
  readonly judged?: JudgedShares | undefined;
}

export interface Evaluation {
  readonly dataset: string;
  readonly items: readonly ItemResult[];
}

export function resultOf(item: DatasetItem, trials: readonly Trial[]): ItemResult {
  const faults = trials.map((trial) => judgeTrial(trial, item.expected));
  const costs = trials.map(costOfTrial);
  const calls = trials
    .flatMap(({ events }) => events)
    .filter((event) => event['event.name'] === 'agent.model_call' && event['tallyspan.duplicate'] !== true);
  const durations = trials.flatMap(({ runs }) => runs.flatMap((run) => run.durationMs ?? []));
  return {
    id: item.id,
    trials: trials.length,
    passed: faults.filter((list) => list.length === 0).length,
    faults: [...new Set(faults.flat())],
    costNanoUsd: costs.includes(null)
      ? null
      : costs.reduce<number>((sum, cost) => sum + (cost ?? 0), 0) / Math.max(1, trials.length),
    turns: Math.max(0, ...trials.map(({ runs }) => runs.reduce((sum, run) => sum + run.turns, 0))),
    durationMs: durations.length === 0 ? null : Math.max(...durations),
    ...sentHashesOf(calls),
  };
}

/** Of model calls. */
export function sentHashesOf(calls: readonly Partial<EventRecord>[]): SentHashes {
  return {
    prompt: distinct(calls, (call) => call['tallyspan.prefix.system']),
    tools: distinct(calls, (call) => call['tallyspan.prefix.tools']),
    model: distinct(calls, (call) => call['gen_ai.request.model']),
  };
}

/** Of a trial, nano-USD; null where a call has no price, or no run was seen. */
export function costOfTrial({ runs }: Pick<Trial, 'runs'>): number | null {
  if (runs.length === 0 || runs.some((run) => run.unpricedCalls > 0 || run.costNanoUsd === undefined))
    return null;
  const ids = new Set(runs.map(({ runId }) => runId));
  return runs
    .filter(({ parentRunId }) => parentRunId === undefined || !ids.has(parentRunId))
    .reduce((sum, run) => sum + costWithNestedNanoUsd(run, runs), 0);
}

/** Share of passed trials, 0 to 1; undefined without one. */
export function passRate(items: readonly ItemResult[]): number | undefined {
  const trials = items.reduce((sum, item) => sum + item.trials, 0);
  return trials === 0 ? undefined : items.reduce((sum, item) => sum + item.passed, 0) / trials;
}

/**
 * Mean over the items of the chance that at least one of `k` trials, drawn of those that were made, passes: the unbiased
 * estimate 1 − C(n − c, k) ÷ C(n, k) with n trials of which c passed.
 */
export function passAtK(items: readonly ItemResult[], k: number): number | undefined {
  const known = items.filter(({ trials }) => trials >= k);
  if (known.length === 0) return undefined;
  const chances = known.map(({ trials, passed }) => {
    let allFail = 1;
    for (let drawn = 0; drawn < k; drawn++)
      allFail *= Math.max(0, trials - passed - drawn) / (trials - drawn);
    return 1 - allFail;
  });
  return chances.reduce((sum, chance) => sum + chance, 0) / known.length;
}

export type RegressionKind = 'pass' | 'missing' | 'prompt' | 'tools' | 'model' | 'loop' | 'cost' | 'judge';

export interface Regression {
  readonly item: string;
  readonly kind: RegressionKind;
  readonly text: string;
}

export interface Tolerance {
  /** Kinds of change that are meant. */
  readonly allowed: readonly RegressionKind[];
  /** Share by which the cost of an item may grow, such as 0.1. */
  readonly cost: number;
}

const SENT_KINDS = ['prompt', 'tools', 'model'] as const;
const SENT_NAMES = {
  prompt: 'the system prompt is',
  tools: 'the tool definitions are',
  model: 'the model is',
} as const;

/** What is worse than in the baseline, or was sent otherwise than there or in the frozen runs. Without either: what failed. */
export function findRegressions(
  now: Evaluation,
  baseline: Evaluation | undefined,
  tolerance: Tolerance,
  frozen: readonly DatasetItem[] = [],
): readonly Regression[] {
  const found: Regression[] = [];
  for (const item of now.items) {
    const before = baseline?.items.find(({ id }) => id === item.id);
    const add = (kind: RegressionKind, text: string): void => void found.push({ item: item.id, kind, text });
    const share = item.passed / Math.max(1, item.trials);
    const shareBefore = before === undefined ? 1 : before.passed / Math.max(1, before.trials);
    if (share < shareBefore)
      add('pass', `${item.passed} of ${item.trials} passed: ${item.faults.join('; ')}`);
    // What was frozen with an item stands in for a baseline that does not have it.
    const sentBefore = before ?? frozen.find(({ id }) => id === item.id)?.sent;
    for (const kind of SENT_KINDS)
      if (sentBefore !== undefined && item[kind].join() !== sentBefore[kind].join()) {
        if (item[kind].length === 0) add('missing', `${SENT_NAMES[kind]} not known any more`);
        else add(kind, changeText(kind, sentBefore[kind], item[kind]));
      }
    for (const [name, { good, of }] of Object.entries(item.judged ?? {})) {
      const judgedBefore = before?.judged?.[name];
      const least = judgedBefore === undefined ? 1 : judgedBefore.good / Math.max(1, judgedBefore.of);
      if (good / of < least) add('judge', `${name}: ${good} of ${of} were good`);
    }
    if (before === undefined) continue;
    if (item.turns > before.turns) add('loop', `took ${item.turns} turns, not ${before.turns}`);
    if (item.costNanoUsd === null && before.costNanoUsd !== null)
      add('missing', 'the cost is not known any more');
    if (item.durationMs === null && before.durationMs !== null)
      add('missing', 'how long it took is not known any more');
    if (
      item.costNanoUsd !== null &&
      before.costNanoUsd !== null &&
      item.costNanoUsd > before.costNanoUsd * (1 + tolerance.cost)
    )
      add('cost', `cost ${timesText(item.costNanoUsd / before.costNanoUsd)} of before`);
  }
  // One that was not run, as a limit was reached before, is not gone.
  const present = new Set([...now.items, ...frozen].map(({ id }) => id));
  for (const { id } of baseline?.items ?? [])
    if (!present.has(id))
      found.push({ item: id, kind: 'missing', text: 'the item is not in the dataset any more' });
  return found.filter(({ kind }) => !tolerance.allowed.includes(kind));
}

function changeText(
  kind: 'prompt' | 'tools' | 'model',
  before: readonly string[],
  now: readonly string[],
): string {
  if (kind === 'model') return `the model is ${now.join(', ') || 'none'}, not ${before.join(', ') || 'none'}`;
  return kind === 'prompt' ? 'another system prompt was sent' : 'other tool definitions were sent';
}

function timesText(times: number): string {
  return `${(times * 100).toFixed(0)} %`;
}

function distinct(
  events: readonly Partial<EventRecord>[],
  read: (event: Partial<EventRecord>) => string | undefined,
): string[] {
  return [...new Set(events.flatMap((event) => read(event) ?? []))].toSorted((a, b) => (a < b ? -1 : 1));
}

function isInOrder(wanted: readonly string[], called: readonly string[]): boolean {
  let next = 0;
  for (const name of called) if (name === wanted[next]) next += 1;
  return next === wanted.length;
}
