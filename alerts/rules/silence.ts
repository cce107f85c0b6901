// What a silence keeps back. While a rule is silenced its alerts go on and are told on the page; what people last heard by a
// channel may then be another thing than what is. Once the silence is over they are told what is so, if it is not
// what they heard.

import { addToGroup } from '../../core/group-by.ts';
import type { AlertState, Telling } from './alert-state.ts';
import type { RuleRound } from './advance-rule.ts';

export interface SilencedRound {
  readonly states: readonly AlertState[];
  /** Alerts to send a notice of. */
  readonly sendings: ReadonlyMap<Telling, readonly AlertState[]>;
}

/** What of a round is sent, and the states with what is kept back. Nothing is sent while `isSilent`; what is late waits while `isWaiting`. */
export function heardOf(
  { states, tellings }: RuleRound,
  isSilent: boolean,
  isWaiting: boolean,
): SilencedRound {
  const tellingByKey = new Map(
    [...tellings].flatMap(([telling, told]) => told.map((state) => [state.key, telling] as const)),
  );
  const sendings = new Map<Telling, AlertState[]>();
  const send = (telling: Telling, state: AlertState): void => {
    addToGroup(sendings, telling, state);
  };
  const heard = states.map((state) => {
    const telling = tellingByKey.get(state.key);
    tellingByKey.delete(state.key);
    return hear(state, telling, isSilent, isWaiting, send);
  });
  // A group that is over and need not be kept is told of as well.
  for (const state of [...tellings.values()].flat()) {
    const telling = tellingByKey.get(state.key);
    if (telling === undefined) continue;
    const left = hear(state, telling, isSilent, isWaiting, send);
    if (left.isUnheard) heard.push(left);
  }
  return { states: heard, sendings };
}

function hear(
  state: AlertState,
  telling: Telling | undefined,
  isSilent: boolean,
  isWaiting: boolean,
  send: (telling: Telling, state: AlertState) => void,
): AlertState {
  const { isUnheard, ...known } = state;
  // That it still fires is nothing else than what people heard.
  const isOther = (isUnheard === true) !== (telling === 'firing' || telling === 'resolved');
  if (isSilent || (isOther && telling === undefined && (isWaiting || isUnsettled(state))))
    return isOther ? { ...known, isUnheard: true } : known;
  if (isOther) send(state.phase === 'firing' ? 'firing' : 'resolved', known);
  else if (telling === 'repeat') send('repeat', known);
  return known;
}

/** It fires, but is about to be over, or within its cool-down: what comes next says whether people must hear of it. */
function isUnsettled({ phase, toldMs, unmetSinceMs }: AlertState): boolean {
  return phase === 'firing' && (toldMs === undefined || unmetSinceMs !== undefined);
}

/** Whether what people heard last by a channel is that it fires. */
export function isKnownToFire({ phase, toldMs, owesResolve, isUnheard }: AlertState): boolean {
  const isTold = owesResolve === true || (phase === 'firing' && toldMs !== undefined);
  return isTold !== (isUnheard === true);
}
