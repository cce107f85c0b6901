// A diagnosis: why one period cost more (or less) than another. The parts sum to the difference to the
// nano-dollar; the causes are those parts that evidence gives a name, and never more than that.

import type { PriceOverrides } from '../cost.ts';
import type { EventRecord } from '../event.ts';
import { findCauses, type CauseKind, type Comparison, type FoundCause } from './causes.ts';
import { findChangeStamps, type ChangeStamp } from './change-stamps.ts';
import { chanceOfRunCosts, measurePeriod } from './measures.ts';
import { readPeriod } from './period.ts';
import { AtomPool } from './pool.ts';
import { findTellingRuns } from './show-runs.ts';
import { splitDifference, type Atom, type AtomLabel } from './split.ts';
import { wordCause } from './wording.ts';

export interface DiagnosisOptions {
  /** Share of the earlier period that the later one is compared with: 1/7 to compare a day with a week. Default 1. */
  readonly scale?: number | undefined;
  readonly overrides?: PriceOverrides | undefined;
}

export interface DiagnosisPart {
  readonly part: AtomLabel['part'];
  /** Token bucket, tool, user, model or reason, where the part has one. */
  readonly detail: string | undefined;
  readonly nanoUsd: number;
}

export interface Cause {
  readonly kind: CauseKind;
  /** Tool, user or model that it is about. */
  readonly subject: string | undefined;
  readonly nanoUsd: number;
  readonly title: string;
  readonly evidence: readonly string[];
  readonly fix: string;
  /** Runs of the later period that show it best. */
  readonly runIds: readonly string[];
  /** True where the dollars rest on a comparison of means or on the estimated division of calls among their blocks. */
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
  const { scale = 1, overrides } = options;
  const earlier = readPeriod(before, overrides);
  yield;
  const later = readPeriod(now, overrides);
  yield;
  const comparison: Comparison = {
    before: measurePeriod(earlier),
    after: measurePeriod(later),
    beforeCostNanoUsd: earlier.costNanoUsd * scale,
    afterCostNanoUsd: later.costNanoUsd,
    scale,
  };
  yield;
  const dominantUsers = findDominantUsers(comparison);
  const { differenceNanoUsd, atoms } = splitDifference(earlier, later, scale, dominantUsers);
  yield;
  // Without an earlier period, or a later one, there is a difference but nothing to compare.
  const found =
    earlier.calls.length === 0 || later.calls.length === 0
      ? []
      : findCauses(new AtomPool(atoms), comparison, dominantUsers);
  const direction = differenceNanoUsd < 0 ? -1 : 1;
  const chance = chanceOfRunCosts(comparison.before, comparison.after, scale);
  const causes = closeGap(found, differenceNanoUsd, chance)
    .toSorted((a, b) => direction * (b.nanoUsd - a.nanoUsd))
    .map((cause): Cause => ({
      kind: cause.kind,
      subject: cause.subject,
      nanoUsd: cause.nanoUsd,
      ...wordCause(cause, comparison, later),
      runIds: findTellingRuns(cause, later),
      isEstimated: ESTIMATED.has(cause.kind),
    }));
  const explained = causes.reduce((sum, cause) => sum + cause.nanoUsd, 0);
  yield;
  return {
    costNanoUsd: later.costNanoUsd,
    againstNanoUsd: Math.round(earlier.costNanoUsd * scale),
    differenceNanoUsd,
    runs: later.runIds.size,
    againstRuns: earlier.runIds.size * scale,
    parts: sumParts(atoms),
    causes,
    unexplainedNanoUsd: differenceNanoUsd - explained,
    changes: findChangeStamps(before, now),
  };
}

/**
 * What is left when one cause accounts for nearly everything, and what is left is within chance, is the
 * error of that cause's own measurement: it is counted with it.
 */
function closeGap(found: readonly FoundCause[], difference: number, chance: number): FoundCause[] {
  const [main] = found.toSorted((a, b) => Math.abs(b.nanoUsd) - Math.abs(a.nanoUsd));
  if (main === undefined || !isMeasuredByMeans(main.kind)) return [...found];
  const gap = difference - found.reduce((sum, cause) => sum + cause.nanoUsd, 0);
  const isSmall = Math.abs(gap) <= Math.min(chance, Math.abs(main.nanoUsd) * CLOSED_SHARE);
  const isNearlyAll = Math.abs(main.nanoUsd) >= Math.abs(difference) * (1 - CLOSED_SHARE);
  if (!isSmall || !isNearlyAll) return [...found];
  return found.map((cause) => (cause === main ? { ...cause, nanoUsd: cause.nanoUsd + gap } : cause));
}

/** Prices, models and fees are exact; these are not. */
function isMeasuredByMeans(kind: CauseKind): boolean {
  return ESTIMATED.has(kind) || kind === 'more_runs' || kind.startsWith('cache_');
}

function findDominantUsers({ before, after, ...costs }: Comparison): Set<string> {
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
    default:
      return undefined;
  }
}
