// An alert: one rule for one group, over time. Quiet → pending (the comparison holds, not yet long
// enough) → firing → quiet again. Pure: the state before, a judgement and the time give the state
// after and at most one thing to tell.

import type { Judgement, JudgementStatus } from './judgement.ts';
import { isQuietTime, type AlertPolicy } from './policy.ts';
import type { Rule } from './rule.ts';

export type AlertPhase = 'quiet' | 'pending' | 'firing';

export interface AlertState {
  readonly ruleId: string;
  readonly key: string;
  readonly phase: AlertPhase;
  /** When the phase began, Unix ms. */
  readonly sinceMs: number;
  /** What the last judgement said. */
  readonly status: JudgementStatus;
  readonly value: number | null;
  readonly threshold: number;
  readonly shown: number | null;
  readonly judgedMs: number;
  /** When people were last told of this firing; absent while they have not been. */
  readonly toldMs?: number;
  /** When anything was last told of this alert, its end included. */
  readonly spokeMs?: number;
  /** Since when a firing alert is no longer met. */
  readonly unmetSinceMs?: number;
  /** No new firing is told before this. */
  readonly silentUntilMs?: number;
  /** "Back to normal" waits: for the end of quiet hours, or for other groups of the rule. */
  readonly owesResolve?: true;
  /** A silence kept the last that was told of it: people have heard the opposite, or nothing. */
  readonly isUnheard?: true;
}

/** What is to be told: it fires, it still fires, it is back to normal. */
export type Telling = 'firing' | 'repeat' | 'resolved';

export interface AlertStep {
  readonly state: AlertState;
  readonly telling?: Telling;
}

/** A pending alert outlasts one round that was missed, not more. */
const MISSED_ROUNDS = 2;

/**
 * One step of one alert. `before` is absent the first time. What there is to tell waits while `isHeld`.
 */
export function advanceAlert(
  before: AlertState | undefined,
  judgement: Judgement,
  rule: Rule,
  policy: AlertPolicy,
  nowMs: number,
  isHeld = false,
): AlertStep {
  const step = moveAlert(before, judgement, rule, policy, nowMs, isHeld);
  return step.telling === undefined ? step : { ...step, state: { ...step.state, spokeMs: nowMs } };
}

function moveAlert(
  before: AlertState | undefined,
  judgement: Judgement,
  rule: Rule,
  policy: AlertPolicy,
  nowMs: number,
  isHeld: boolean,
): AlertStep {
  const current: AlertState = {
    ...(before ?? { ruleId: rule.id, key: judgement.key, phase: 'quiet' as const, sinceMs: nowMs }),
    status: judgement.status,
    value: judgement.value,
    threshold: judgement.threshold,
    shown: judgement.shown,
    judgedMs: nowMs,
  };
  const isWaiting = isHeld || (rule.severity !== 'critical' && isQuietTime(nowMs, policy));
  if (judgement.status === 'no_data' && rule.noData === 'keep') return tellOwed(current, isWaiting);
  const isMet = judgement.status === 'met' || (judgement.status === 'no_data' && rule.noData === 'alert');
  const step = isMet ? meet(current, before?.judgedMs, rule, nowMs) : unmeet(current, rule, policy, nowMs);
  if (step.telling === 'resolved' || step.state.phase !== 'firing') return holdBack(step, isWaiting);
  const telling = tellingOfFiring(step.state, policy, isWaiting, nowMs);
  if (telling === undefined) return step;
  const { owesResolve: _, ...state } = step.state;
  return { state: { ...state, toldMs: nowMs }, telling };
}

/**
 * The state by a clock that stands at `nowMs`. A clock that was set back leaves times that are still to come, and nothing
 * would be told until then: what was is taken to have been now.
 */
export function setToClock(state: AlertState, policy: AlertPolicy, nowMs: number): AlertState {
  const { sinceMs, judgedMs, toldMs, spokeMs, unmetSinceMs, silentUntilMs } = state;
  const latest = Math.max(sinceMs, judgedMs, toldMs ?? 0, spokeMs ?? 0, unmetSinceMs ?? 0);
  const silentTo = nowMs + policy.cooldownMs;
  if (latest <= nowMs && (silentUntilMs ?? 0) <= silentTo) return state;
  return {
    ...state,
    sinceMs: Math.min(sinceMs, nowMs),
    judgedMs: Math.min(judgedMs, nowMs),
    ...(toldMs !== undefined && { toldMs: Math.min(toldMs, nowMs) }),
    ...(spokeMs !== undefined && { spokeMs: Math.min(spokeMs, nowMs) }),
    ...(unmetSinceMs !== undefined && { unmetSinceMs: Math.min(unmetSinceMs, nowMs) }),
    ...(silentUntilMs !== undefined && { silentUntilMs: Math.min(silentUntilMs, silentTo) }),
  };
}

/** Whether the state says nothing that a fresh one would not, so that it need not be kept. */
export function isForgettable(state: AlertState, nowMs: number): boolean {
  return (
    state.phase === 'quiet' && !state.owesResolve && !state.isUnheard && (state.silentUntilMs ?? 0) <= nowMs
  );
}

/** `beforeMs` is the last judgement: over a gap in the checks nobody knows that the comparison held. */
function meet(state: AlertState, beforeMs: number | undefined, rule: Rule, nowMs: number): AlertStep {
  const { unmetSinceMs: _, ...met } = state;
  if (met.phase === 'firing') return { state: met };
  const isSeenSince =
    met.phase === 'pending' && beforeMs !== undefined && nowMs - beforeMs <= MISSED_ROUNDS * rule.everyMs;
  const pending: AlertState = isSeenSince ? met : { ...met, phase: 'pending', sinceMs: nowMs };
  if (nowMs - pending.sinceMs < rule.forMs) return { state: pending };
  return { state: { ...pending, phase: 'firing', sinceMs: nowMs } };
}

function unmeet(state: AlertState, rule: Rule, policy: AlertPolicy, nowMs: number): AlertStep {
  if (state.phase === 'quiet') return { state };
  if (state.phase === 'pending') return { state: { ...state, phase: 'quiet', sinceMs: nowMs } };
  const unmetSinceMs = state.unmetSinceMs ?? nowMs;
  if (nowMs - unmetSinceMs < rule.resolveAfterMs) return { state: { ...state, unmetSinceMs } };
  const { toldMs, unmetSinceMs: _, ...rest } = state;
  const quiet: AlertState = { ...rest, phase: 'quiet', sinceMs: nowMs };
  // Nobody was told that it fired, so nobody is told that it stopped.
  if (toldMs === undefined) return { state: quiet };
  return { state: { ...quiet, silentUntilMs: nowMs + policy.cooldownMs }, telling: 'resolved' };
}

function tellingOfFiring(
  state: AlertState,
  policy: AlertPolicy,
  isWaiting: boolean,
  nowMs: number,
): Telling | undefined {
  // What is about to resolve is not told again.
  if (isWaiting || state.unmetSinceMs !== undefined) return undefined;
  if (state.toldMs === undefined) return nowMs >= (state.silentUntilMs ?? 0) ? 'firing' : undefined;
  return nowMs - state.toldMs >= policy.renotifyMs ? 'repeat' : undefined;
}

function holdBack(step: AlertStep, isWaiting: boolean): AlertStep {
  if (step.telling !== 'resolved') return tellOwed(step.state, isWaiting);
  return isWaiting ? { state: { ...step.state, owesResolve: true } } : step;
}

/** Tells a resolve that quiet hours held back, unless it fires again meanwhile. */
function tellOwed(state: AlertState, isWaiting: boolean): AlertStep {
  if (!state.owesResolve || isWaiting) return { state };
  const { owesResolve: _, ...paid } = state;
  return { state: paid, telling: 'resolved' };
}
