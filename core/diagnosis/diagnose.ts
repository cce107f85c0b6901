// A diagnosis: why one period cost more (or less) than another. The parts sum to the difference to the
// nano-dollar; the causes are those parts that evidence gives a name, and never more than that.

import type { PriceOverrides } from '../pricing/cost.ts';
import type { EventRecord } from '../event.ts';
import { findCauses, type CauseKind, type PeriodComparison, type FoundCause } from './causes.ts';
import { findChangeStamps, type ChangeStamp } from './change-stamps.ts';
import { textOfEvidence, type EvidenceLine } from './evidence.ts';
import { chanceOfRunCosts, measurePeriod } from './measures.ts';
import { changeOfOpenings } from './openings.ts';
import { findOutliers, type OutlierRun } from './outliers.ts';
import { readPeriod, type Period } from './period.ts';
import { AtomPool } from './pool.ts';
import { costsOfRuns, type RunCosts } from './run-costs.ts';
import { restOf, type Sample } from './sample.ts';
import { findTellingRuns } from './show-runs.ts';
import { splitDifference, type Atom, type AtomLabel } from './split.ts';
import { wordCause } from './wording.ts';

export interface DiagnosisOptions {
  /** Share of the earlier period that the later one is compared with: 1/7 to compare a day with a week. Default 1. */
  readonly scale?: number | undefined;
  readonly overrides?: PriceOverrides | undefined;
  /** Where the events are those of some runs only: what is known of all of them. */
  readonly samples?: { readonly now: Sample; readonly before: Sample } | undefined;
}

export interface DiagnosisPart {
  readonly part: AtomLabel['part'];
  /** Token bucket, tool, user, model, run or reason, where the part has one. */
  readonly detail: string | undefined;
  readonly nanoUsd: number;
}

export interface Cause {
  readonly kind: CauseKind;
  /** Tool, user, model or run that it is about. */
  readonly subject: string | undefined;
  readonly nanoUsd: number;
  readonly title: string;
  readonly evidence: readonly string[];
  /** The evidence again, with the runs and moments in it apart. */
  readonly evidenceLines: readonly EvidenceLine[];
  readonly fix: string;
  /** The one agent that it is about, and when it was seen first, where the events show it. */
  readonly agent: string | undefined;
  readonly sinceMs: number | undefined;
  /** Runs that show it best: of the later period, unless it is about one of the earlier. */
  readonly runIds: readonly string[];
  /** True where the dollars rest on a comparison of means, on the estimated division of calls, or on a sample. */
  readonly isEstimated: boolean;
}

export interface Diagnosis {
  readonly costNanoUsd: number;
  /** Cost of the earlier period, scaled. */
  readonly againstNanoUsd: number;
  readonly differenceNanoUsd: number;
  readonly runs: number;
  /** Runs of the earlier period, scaled: may be a fraction. */
  readonly againstRuns: number;
  /** Runs of each period whose calls were compared, not scaled: all of them but in a sample. */
  readonly runsLookedAt: number;
  readonly againstRunsLookedAt: number;
  /** Sum to the difference. */
  readonly parts: readonly DiagnosisPart[];
  /** In the direction of the difference, largest first. */
  readonly causes: readonly Cause[];
  /** The difference less the causes. */
  readonly unexplainedNanoUsd: number;
  readonly changes: readonly ChangeStamp[];
}

/** A user with at least this share of the cost, and this much more of it than before, stands out. */
const DOMINANT_SHARE = 0.2;
const DOMINANT_GROWTH = 1.5;
const DOMINANT_PART_OF_DIFFERENCE = 0.25;
/** A gap up to this share of the main cause may be its own error. */
const CLOSED_SHARE = 0.1;
const LEAST_USERS = 3;
const ESTIMATED: ReadonlySet<CauseKind> = new Set([
  'tool_results_grew',
  'system_prompt_grew',
  'tool_definitions_grew',
  'user_input_grew',
  'history_grew',
  'input_grew',
  'tool_failing',
  'web_search',
  'output_grew',
  'more_turns',
]);

/** Compares all events of `now` with all events of `before`. Pure; unpriced calls and duplicates count nowhere. */
export function diagnose(
  now: readonly EventRecord[],
  before: readonly EventRecord[],
  options: DiagnosisOptions = {},
): Diagnosis {
  const steps = diagnoseInSteps(now, before, options);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** The same as {@link diagnose}, with pauses in which a program that has others to serve may do so. */
export function* diagnoseInSteps(
  now: readonly EventRecord[],
  before: readonly EventRecord[],
  options: DiagnosisOptions = {},
): Generator<undefined, Diagnosis, undefined> {
  const { scale = 1, overrides, samples } = options;
  const earlierAll = readPeriod(before, overrides);
  yield;
  const laterAll = readPeriod(now, overrides);
  yield;
  const earlierCosts = samples?.before.runCosts ?? costsOfRuns(earlierAll.calls);
  const laterCosts = samples?.now.runCosts ?? costsOfRuns(laterAll.calls);
  const totals = totalsOf(laterCosts, earlierCosts, scale);
  // Without an earlier period, or a later one, there is a difference but nothing to compare.
  const isComparable = earlierCosts.runs > 0 && laterCosts.runs > 0;
  const outliers = isComparable ? findOutliers(earlierCosts, laterCosts, scale) : [];
  const earlier = restOf(earlierAll, idsOf(outliers, 'beforeNanoUsd'), samples?.before);
  const later = restOf(laterAll, idsOf(outliers, 'nowNanoUsd'), samples?.now);
  yield;
  const { comparison, dominantUsers } = compare(later, earlier, [laterCosts, earlierCosts], scale);
  yield;
  const restNanoUsd = totals.differenceNanoUsd - sumOf(outliers);
  // A sample of the rest stands for the rest with an error, which is told and not hidden in its parts.
  const seenNanoUsd =
    samples === undefined ? restNanoUsd : Math.round(later.costNanoUsd - earlier.costNanoUsd * scale);
  const atoms = splitDifference(earlier, later, scale, dominantUsers, seenNanoUsd);
  yield;
  const found =
    isComparable && earlier.calls.length > 0 && later.calls.length > 0
      ? findCauses(new AtomPool(atoms), comparison, dominantUsers)
      : [];
  const direction = totals.differenceNanoUsd < 0 ? -1 : 1;
  const chance = chanceOfRunCosts(comparison.before, comparison.after, scale);
  const causes = [...outliers.map(causeOfOutlier), ...closeGap(found, restNanoUsd, chance)]
    .toSorted((a, b) => direction * (b.nanoUsd - a.nanoUsd))
    .map((cause): Cause => {
      const { title, evidence, fix } = wordCause(cause, comparison, later);
      return {
        kind: cause.kind,
        subject: cause.subject,
        nanoUsd: cause.nanoUsd,
        title,
        evidence: evidence.map(textOfEvidence),
        evidenceLines: evidence,
        fix,
        ...placeOf(cause, later),
        runIds: findTellingRuns(cause, later),
        isEstimated: ESTIMATED.has(cause.kind) || (samples !== undefined && cause.kind !== 'outlier_run'),
      };
    });
  yield;
  return {
    ...totals,
    runs: laterCosts.runs,
    againstRuns: earlierCosts.runs * scale,
    runsLookedAt: laterAll.runIds.size,
    againstRunsLookedAt: earlierAll.runIds.size,
    parts: [
      ...sumParts([...outliers.map(atomOfOutlier), ...atoms]),
      ...(restNanoUsd === seenNanoUsd
        ? []
        : [{ part: 'other' as const, detail: 'not in the sample', nanoUsd: restNanoUsd - seenNanoUsd }]),
    ],
    causes,
    unexplainedNanoUsd: totals.differenceNanoUsd - sumOf(causes),
    changes: findChangeStamps(before, now),
  };
}

type Totals = Pick<Diagnosis, 'costNanoUsd' | 'againstNanoUsd' | 'differenceNanoUsd'>;

function totalsOf(later: RunCosts, earlier: RunCosts, scale: number): Totals {
  const costNanoUsd = later.costNanoUsd;
  const againstNanoUsd = Math.round(earlier.costNanoUsd * scale);
  return { costNanoUsd, againstNanoUsd, differenceNanoUsd: costNanoUsd - againstNanoUsd };
}

/** What the periods measure without their outliers, and the users who stand out by it. */
function compare(
  later: Period,
  earlier: Period,
  [laterCosts, earlierCosts]: readonly [RunCosts, RunCosts],
  scale: number,
): { readonly comparison: PeriodComparison; readonly dominantUsers: ReadonlySet<string> } {
  const costs = {
    beforeCostNanoUsd: earlierCosts.costNanoUsd * scale,
    afterCostNanoUsd: laterCosts.costNanoUsd,
    beforeRuns: earlierCosts.runs,
    afterRuns: laterCosts.runs,
    scale,
    openings: changeOfOpenings(earlier, later),
  };
  const all = { ...costs, before: measurePeriod(earlier), after: measurePeriod(later) };
  const dominantUsers = findDominantUsers(all);
  if (dominantUsers.size === 0) return { comparison: all, dominantUsers };
  // Their runs are not what they are measured by: one of them would make everything look like chance.
  const [before, after] = [measurePeriod(earlier, dominantUsers), measurePeriod(later, dominantUsers)];
  return { comparison: { ...costs, before, after }, dominantUsers };
}

/** The outliers that a time has. */
function idsOf(outliers: readonly OutlierRun[], cost: 'nowNanoUsd' | 'beforeNanoUsd'): Set<string> {
  return new Set(outliers.filter((outlier) => outlier[cost] > 0).map(({ runId }) => runId));
}

function causeOfOutlier(outlier: OutlierRun): FoundCause {
  return { kind: 'outlier_run', nanoUsd: outlier.nanoUsd, subject: outlier.runId, outlier };
}

function atomOfOutlier({ runId, nanoUsd }: OutlierRun): Atom {
  return { label: { part: 'outlier_run', run: runId }, nanoUsd };
}

function sumOf(rows: readonly { readonly nanoUsd: number }[]): number {
  return rows.reduce((sum, { nanoUsd }) => sum + nanoUsd, 0);
}

/**
 * What is left when one cause accounts for nearly everything, and what is left is within chance, is the
 * error of that cause's own measurement: it is counted with it.
 */
function closeGap(found: readonly FoundCause[], difference: number, chance: number): FoundCause[] {
  const [main] = found.toSorted((a, b) => Math.abs(b.nanoUsd) - Math.abs(a.nanoUsd));
  if (main === undefined || !isMeasuredByMeans(main.kind)) return [...found];
  const gap = difference - sumOf(found);
  const isSmall = Math.abs(gap) <= Math.min(chance, Math.abs(main.nanoUsd) * CLOSED_SHARE);
  const isNearlyAll = Math.abs(main.nanoUsd) >= Math.abs(difference) * (1 - CLOSED_SHARE);
  if (!isSmall || !isNearlyAll) return [...found];
  return found.map((cause) => (cause === main ? { ...cause, nanoUsd: cause.nanoUsd + gap } : cause));
}

/** Prices, models and fees are exact; these are not. */
function isMeasuredByMeans(kind: CauseKind): boolean {
  return ESTIMATED.has(kind) || kind === 'more_runs' || kind.startsWith('cache_');
}

function findDominantUsers({ before, after, ...costs }: PeriodComparison): Set<string> {
  const dominant = new Set<string>();
  const users = new Set([...before.costByUser.keys(), ...after.costByUser.keys()]);
  if (users.size < LEAST_USERS) return dominant;
  const difference = costs.afterCostNanoUsd - costs.beforeCostNanoUsd;
  for (const user of users) {
    const earlier = (before.costByUser.get(user) ?? 0) * costs.scale;
    const later = after.costByUser.get(user) ?? 0;
    const share = later / Math.max(1, costs.afterCostNanoUsd);
    const earlierShare = earlier / Math.max(1, costs.beforeCostNanoUsd);
    if (
      share >= DOMINANT_SHARE &&
      share >= earlierShare * DOMINANT_GROWTH &&
      later - earlier >= difference * DOMINANT_PART_OF_DIFFERENCE
    )
      dominant.add(user);
  }
  return dominant;
}

/** Where and when caches were lost by this cause. */
function placeOf({ kind }: FoundCause, { misses }: Period): Pick<Cause, 'agent' | 'sinceMs'> {
  const own = kind.startsWith('cache_')
    ? misses.filter(({ cause }) => cause === kind.slice('cache_'.length))
    : [];
  const agents = new Set(own.map(({ call }) => call.event['gen_ai.agent.name']));
  const [agent] = agents;
  return {
    agent: agents.size === 1 && typeof agent === 'string' ? agent : undefined,
    sinceMs: own.length === 0 ? undefined : Math.min(...own.map(({ call }) => call.startMs)),
  };
}

/** The atoms as parts: each token bucket, each tool, each reason is a part of its own. */
function sumParts(atoms: readonly Atom[]): DiagnosisPart[] {
  const parts = new Map<string, { part: AtomLabel['part']; detail: string | undefined; nanoUsd: number }>();
  for (const { label, nanoUsd } of atoms) {
    const detail = detailOf(label);
    const key = `${label.part} ${detail ?? ''}`;
    const sum = parts.get(key);
    if (sum === undefined) parts.set(key, { part: label.part, detail, nanoUsd });
    else sum.nanoUsd += nanoUsd;
  }
  return [...parts.values()]
    .filter(({ nanoUsd }) => nanoUsd !== 0)
    .toSorted((a, b) => Math.abs(b.nanoUsd) - Math.abs(a.nanoUsd));
}

function detailOf(label: AtomLabel): string | undefined {
  switch (label.part) {
    case 'tokens':
      return label.bucket;
    case 'tool_carry':
      return label.owner;
    case 'cache_breaks':
      return label.cause;
    case 'model_mix':
    case 'price':
      return label.model;
    case 'user_mix':
      return label.user;
    case 'outlier_run':
      return label.run;
    default:
      return undefined;
  }
}
