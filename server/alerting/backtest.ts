// A backtest: a rule checked over the days behind us, with the judgement and the states of the alerter itself, so that
// somebody sees when it would have fired before it is saved.

import { advanceRule } from '../../alerts/rules/advance-rule.ts';
import type { AlertState } from '../../alerts/rules/alert-state.ts';
import { judgeRule, type Judgement } from '../../alerts/rules/judgement.ts';
import type { AlertPolicy } from '../../alerts/rules/policy.ts';
import { questionOf, readingOfResult } from '../../alerts/rules/reading.ts';
import type { Rule } from '../../alerts/rules/rule.ts';
import type { SettingValues } from '../../alerts/rules/setting.ts';
import { DAY_MS, HOUR_MS } from '../../core/time/time.ts';
import type { ReadSignalOf } from './contributors.ts';

export interface BacktestQuestion {
  readonly rule: Rule;
  readonly settings: SettingValues;
  readonly policy: AlertPolicy;
  /** End of the days, Unix ms. */
  readonly now: number;
  /** When to stop reading more finely, by `performance.now()`. */
  readonly deadline: number;
}

/** One time for which it would have fired. */
export interface Firing {
  /** Group; empty without groups. */
  readonly key: string;
  /** Unix milliseconds. */
  readonly from: number;
  /** Undefined while it still would. */
  readonly to: number | undefined;
  /** The value that was furthest past the limit. */
  readonly worst: number | null;
}

export interface Backtest {
  /** The days, Unix milliseconds. */
  readonly from: number;
  readonly to: number;
  readonly stepMs: number;
  readonly checks: number;
  /** Checks at which there was a value. */
  readonly withData: number;
  /** Newest first. */
  readonly firings: readonly Firing[];
  /** At each check, oldest first: the value furthest towards the limit of all groups. */
  readonly values: readonly { readonly atMs: number; readonly value: number | null }[];
}

export const BACKTEST_DAYS = 30;
/** From the coarsest to the finest: as fine as the time allows, and always over all of the days. */
const STEPS_MS = [8, 4, 2, 1, 0.5].map((hours) => hours * HOUR_MS);

interface Check {
  readonly atMs: number;
  readonly judgements: readonly Judgement[];
}

export async function backtestRule(read: ReadSignalOf, question: BacktestQuestion): Promise<Backtest> {
  const { rule, settings, policy, now, deadline } = question;
  const byTime = new Map<number, Check>();
  let stepMs = STEPS_MS[0] ?? HOUR_MS;
  for (const step of STEPS_MS) {
    const times = timesOf(now, step).filter((atMs) => !byTime.has(atMs));
    for (const atMs of times) {
      // The coarsest is always there in full, or there is nothing to show.
      if (step !== STEPS_MS[0] && performance.now() > deadline) break;
      const judgements = await judgeRule(
        rule,
        settings,
        async (request) => readingOfResult(await read(request.signal, questionOf(request, policy.timezone))),
        atMs,
      );
      byTime.set(atMs, { atMs, judgements });
    }
    if (times.some((atMs) => !byTime.has(atMs))) break;
    stepMs = step;
  }
  // Of a step that was not read in full nothing counts: the checks are evenly apart.
  const checks = timesOf(now, stepMs).flatMap((atMs) => byTime.get(atMs) ?? []);
  return {
    from: now - BACKTEST_DAYS * DAY_MS,
    to: now,
    stepMs,
    checks: checks.length,
    withData: checks.filter(({ judgements }) => judgements.some(({ value }) => value !== null)).length,
    firings: firingsOf({ ...rule, everyMs: stepMs }, policy, checks).toReversed(),
    values: checks.map(({ atMs, judgements }) => ({ atMs, value: furthest(rule, judgements) })),
  };
}

/** Up to now, oldest first. */
function timesOf(now: number, stepMs: number): readonly number[] {
  const count = Math.floor((BACKTEST_DAYS * DAY_MS) / stepMs);
  return Array.from({ length: count }, (_, index) => now - (count - 1 - index) * stepMs);
}

/** The states over the checks, as if they had been the alerter's at the interval of the rule. */
function firingsOf(rule: Rule, policy: AlertPolicy, checks: readonly Check[]): readonly Firing[] {
  const firings: Firing[] = [];
  const open = new Map<string, { from: number; worst: number | null }>();
  let states: readonly AlertState[] = [];
  for (const { atMs, judgements } of checks) {
    ({ states } = advanceRule(rule, states, judgements, policy, atMs));
    const firing = new Map(
      states.filter(({ phase }) => phase === 'firing').map((state) => [state.key, state]),
    );
    for (const [key, { value, status }] of firing) {
      const before = open.get(key);
      const worst = status === 'met' ? worse(rule, before?.worst ?? null, value) : (before?.worst ?? null);
      open.set(key, { from: before?.from ?? atMs, worst });
    }
    for (const [key, { from, worst }] of open) {
      if (firing.has(key)) continue;
      open.delete(key);
      firings.push({ key, from, to: atMs, worst });
    }
  }
  const still = [...open].map(([key, { from, worst }]) => ({ key, from, to: undefined, worst }));
  return [...firings, ...still].toSorted((a, b) => a.from - b.from);
}

function furthest(rule: Rule, judgements: readonly Judgement[]): number | null {
  return judgements.reduce<number | null>((worst, { value }) => worse(rule, worst, value), null);
}

function worse({ comparison }: Rule, a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return comparison === 'above' ? Math.max(a, b) : Math.min(a, b);
}
