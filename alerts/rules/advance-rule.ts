// One round of one rule: its judgements move its alerts on. An alert whose group is not judged any
// more has no data.

import { addToGroup } from '../../core/group-by.ts';
import { advanceAlert, isForgettable, setToClock, type AlertState, type Telling } from './alert-state.ts';
import type { Judgement } from './judgement.ts';
import type { AlertPolicy } from './policy.ts';
import type { Rule } from './rule.ts';

export interface RuleRound {
  readonly states: readonly AlertState[];
  /** Alerts to tell of, by what is to be said of them. */
  readonly tellings: ReadonlyMap<Telling, readonly AlertState[]>;
}

/** Groups that one rule keeps apart at most; those furthest from quiet are kept. */
const STATES_LIMIT = 1000;
const URGENCY = { firing: 0, pending: 1, quiet: 2 } as const;

export function advanceRule(
  rule: Rule,
  left: readonly AlertState[],
  judgements: readonly Judgement[],
  policy: AlertPolicy,
  nowMs: number,
): RuleRound {
  const before = left.map((state) => setToClock(state, policy, nowMs));
  const stateByKey = new Map(before.map((state) => [state.key, state]));
  const judged = new Set(judgements.map((judgement) => judgement.key));
  const gone = before.filter((state) => !judged.has(state.key)).map((state) => goneJudgement(state));
  const isHeld = rule.by !== undefined && nowMs - lastSpokeMs(before) < policy.groupMs;
  const states: AlertState[] = [];
  const tellings = new Map<Telling, AlertState[]>();
  for (const judgement of [...judgements, ...gone]) {
    const { state, telling } = advanceAlert(
      stateByKey.get(judgement.key),
      judgement,
      rule,
      policy,
      nowMs,
      isHeld,
    );
    if (telling !== undefined) addToGroup(tellings, telling, state);
    // Without groups the one state is always kept: the page shows it.
    if (rule.by === undefined || !isForgettable(state, nowMs)) states.push(state);
  }
  const { repeated, rest } = gatherRepeats(states, tellings, nowMs);
  states.splice(0, states.length, ...repeated, ...rest);
  if (repeated.length > 0) tellings.set('repeat', [...repeated]);
  states.sort((a, b) => URGENCY[a.phase] - URGENCY[b.phase]);
  return { states: states.slice(0, STATES_LIMIT), tellings };
}

/** When a notice of the rule was last told, as far as the states know. */
function lastSpokeMs(states: readonly AlertState[]): number {
  return states.reduce(
    (latest, { spokeMs }) => Math.max(latest, spokeMs ?? latest),
    Number.NEGATIVE_INFINITY,
  );
}

/** When one group is told again, all that still fire are, so that they are not told one by one. */
function gatherRepeats(
  states: readonly AlertState[],
  tellings: ReadonlyMap<Telling, readonly AlertState[]>,
  nowMs: number,
): { readonly repeated: readonly AlertState[]; readonly rest: readonly AlertState[] } {
  if (!tellings.has('repeat')) return { repeated: [], rest: states };
  const fresh = new Set((tellings.get('firing') ?? []).map((state) => state.key));
  const isRepeated = (state: AlertState): boolean =>
    state.phase === 'firing' &&
    state.toldMs !== undefined &&
    state.unmetSinceMs === undefined &&
    !fresh.has(state.key);
  return {
    repeated: states.filter(isRepeated).map((state) => ({ ...state, toldMs: nowMs })),
    rest: states.filter((state) => !isRepeated(state)),
  };
}

function goneJudgement({ ruleId, key, threshold }: AlertState): Judgement {
  return { ruleId, key, status: 'no_data', value: null, threshold, shown: null };
}
