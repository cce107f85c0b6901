// One round of one rule: its judgements move its alerts on. An alert whose group is not judged any
// more has no data.

import { advanceAlert, isForgettable, type AlertState, type Telling } from './alert-state.ts';
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
  before: readonly AlertState[],
  judgements: readonly Judgement[],
  policy: AlertPolicy,
  nowMs: number,
): RuleRound {
  const stateByKey = new Map(before.map((state) => [state.key, state]));
  const judged = new Set(judgements.map((judgement) => judgement.key));
  const gone = before.filter((state) => !judged.has(state.key)).map((state) => goneJudgement(state));
  const states: AlertState[] = [];
  const tellings = new Map<Telling, AlertState[]>();
  for (const judgement of [...judgements, ...gone]) {
    const { state, telling } = advanceAlert(stateByKey.get(judgement.key), judgement, rule, policy, nowMs);
    if (telling !== undefined) tellings.set(telling, [...(tellings.get(telling) ?? []), state]);
    // Without groups the one state is always kept: the page shows it.
    if (rule.by === undefined || !isForgettable(state, nowMs)) states.push(state);
  }
  states.sort((a, b) => URGENCY[a.phase] - URGENCY[b.phase]);
  return { states: states.slice(0, STATES_LIMIT), tellings };
}

function goneJudgement({ ruleId, key, threshold }: AlertState): Judgement {
  return { ruleId, key, status: 'no_data', value: null, threshold, shown: null };
}
