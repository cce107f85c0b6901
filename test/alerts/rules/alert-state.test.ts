// An alert over time: how long, how often, and when it stays silent.

import { describe, expect, it } from '@jest/globals';
import { advanceAlert, type AlertState, type Telling } from '../../../alerts/rules/alert-state.ts';
import { advanceRule } from '../../../alerts/rules/advance-rule.ts';
import type { Judgement, JudgementStatus } from '../../../alerts/rules/judgement.ts';
import type { AlertPolicy } from '../../../alerts/rules/policy.ts';
import { RULES } from '../../../alerts/rules/all-rules.ts';
import type { Rule } from '../../../alerts/rules/rule.ts';
import { policyIn } from './told.ts';

const MINUTE = 60_000;
const [ANY] = RULES;
if (ANY === undefined) throw new Error('there are no rules');
const RULE: Rule = {
  ...ANY,
  forMs: 0,
  resolveAfterMs: 0,
  everyMs: MINUTE,
  noData: 'ok',
  severity: 'critical',
};

/** Steps of one alert, one a minute from `startMs`; gives what is told at which minute. */
function tellings(
  statuses: readonly JudgementStatus[],
  rule: Rule = RULE,
  policy: AlertPolicy = policyIn('UTC'),
  startMs = 0,
): readonly (readonly [number, Telling])[] {
  const told: (readonly [number, Telling])[] = [];
  let state: AlertState | undefined;
  for (const [minute, status] of statuses.entries()) {
    const judgement: Judgement = { ruleId: rule.id, key: '', status, value: 1, threshold: 2, shown: null };
    const step = advanceAlert(state, judgement, rule, policy, startMs + minute * MINUTE);
    // A restart between any two steps changes nothing: the state is plain JSON.
    state = JSON.parse(JSON.stringify(step.state)) as AlertState;
    if (step.telling !== undefined) told.push([minute, step.telling]);
  }
  return told;
}

function times<T>(count: number, value: T): T[] {
  return Array.from({ length: count }, () => value);
}

describe('an alert', () => {
  it('is told once, however long it fires, and once when it is over', () => {
    expect(tellings([...times(30, 'met' as const), ...times(30, 'unmet' as const)])).toEqual([
      [0, 'firing'],
      [30, 'resolved'],
    ]);
  });

  it('waits until the comparison has held for the whole time', () => {
    const rule = { ...RULE, forMs: 3 * MINUTE };
    expect(tellings(['met', 'met', 'unmet', 'met', 'met', 'met', 'met'], rule)).toEqual([[6, 'firing']]);
  });

  it('begins to wait anew after a gap in which nobody checked', () => {
    const rule = { ...RULE, forMs: 5 * MINUTE };
    const judgement: Judgement = {
      ruleId: rule.id,
      key: '',
      status: 'met',
      value: 3,
      threshold: 2,
      shown: null,
    };
    const before = advanceAlert(undefined, judgement, rule, policyIn('UTC'), 0);
    const afterGap = advanceAlert(before.state, judgement, rule, policyIn('UTC'), 60 * MINUTE);
    expect(afterGap.state).toMatchObject({ phase: 'pending', sinceMs: 60 * MINUTE });
    expect(afterGap.telling).toBeUndefined();
  });

  it('is not over before it has been unmet for the whole time', () => {
    const rule = { ...RULE, resolveAfterMs: 3 * MINUTE };
    const flapping = ['met', 'unmet', 'unmet', 'met', 'unmet', 'unmet', 'unmet', 'unmet'] as const;
    expect(tellings(flapping, rule)).toEqual([
      [0, 'firing'],
      [7, 'resolved'],
    ]);
  });

  it('is told again only after the re-notify interval', () => {
    const policy = policyIn('UTC', { renotifyMs: 10 * MINUTE });
    expect(tellings(times(25, 'met'), RULE, policy)).toEqual([
      [0, 'firing'],
      [10, 'repeat'],
      [20, 'repeat'],
    ]);
  });

  it('stays silent during the cool-down, and is told after it when it still fires', () => {
    const policy = policyIn('UTC', { cooldownMs: 10 * MINUTE });
    expect(tellings(['met', 'unmet', ...times(12, 'met' as const)], RULE, policy)).toEqual([
      [0, 'firing'],
      [1, 'resolved'],
      [11, 'firing'],
    ]);
  });

  it('that came and went within the cool-down was never told, so its end is not either', () => {
    expect(tellings(['met', 'unmet', 'met', 'unmet', 'unmet'])).toEqual([
      [0, 'firing'],
      [1, 'resolved'],
    ]);
  });

  it.each(['no_data', 'no_history', 'low_volume', 'below_floor'] as const)(
    'does not fire on %s',
    (status) => {
      expect(tellings(times(5, status))).toEqual([]);
    },
  );

  it('keeps its state without data where the rule says so', () => {
    expect(tellings(['met', 'no_data', 'no_data', 'unmet'], { ...RULE, noData: 'keep' })).toEqual([
      [0, 'firing'],
      [3, 'resolved'],
    ]);
  });

  it('fires without data where the absence is the fault', () => {
    expect(tellings(['unmet', 'no_data'], { ...RULE, noData: 'alert' })).toEqual([[1, 'firing']]);
  });
});

describe('quiet hours', () => {
  const policy = policyIn('Europe/Berlin', { quietHours: { fromMinute: 22 * 60, toMinute: 7 * 60 } });
  // 06:55 in Berlin, in winter.
  const startMs = Date.UTC(2026, 0, 15, 5, 55);
  const warning: Rule = { ...RULE, severity: 'warning' };

  it('hold a warning back until they end', () => {
    expect(tellings(times(8, 'met'), warning, policy, startMs)).toEqual([[5, 'firing']]);
  });

  it('do not hold back what is critical', () => {
    expect(tellings(times(8, 'met'), RULE, policy, startMs)).toEqual([[0, 'firing']]);
  });

  it('swallow a warning that is over before they end', () => {
    expect(tellings(['met', 'met', ...times(8, 'unmet' as const)], warning, policy, startMs)).toEqual([]);
  });

  it('hold "back to normal" of an earlier warning back until they end', () => {
    const evening = Date.UTC(2026, 0, 15, 20, 59); // 21:59 in Berlin
    const statuses = ['met', 'unmet', ...times(9 * 60 + 5, 'unmet' as const)] as const;
    expect(tellings(statuses, warning, policy, evening)).toEqual([
      [0, 'firing'],
      [9 * 60 + 1, 'resolved'],
    ]);
  });
});

describe('a rule with groups', () => {
  const rule: Rule = { ...RULE, by: 'user' };
  const judge = (key: string, status: JudgementStatus): Judgement => ({
    ruleId: rule.id,
    key,
    status,
    value: 1,
    threshold: 2,
    shown: null,
  });

  it('tells of all groups of one moment together, and of each once', () => {
    const first = advanceRule(
      rule,
      [],
      [judge('a', 'met'), judge('b', 'met'), judge('c', 'unmet')],
      policyIn('UTC'),
      0,
    );
    expect(first.tellings.get('firing')?.map((state) => state.key)).toEqual(['a', 'b']);
    const next = [judge('a', 'met'), judge('b', 'met'), judge('d', 'met')];
    const second = advanceRule(rule, first.states, next, policyIn('UTC'), 10 * MINUTE);
    expect(second.tellings.get('firing')?.map((state) => state.key)).toEqual(['d']);
  });

  it('gathers what begins and ends within the group interval into one notice each', () => {
    const policy = policyIn('UTC', { groupMs: 10 * MINUTE, cooldownMs: 0 });
    const told: string[] = [];
    let states: readonly AlertState[] = [];
    for (let minute = 0; minute <= 20; minute++) {
      // One more group fires with each of the first five minutes; the first is over after two.
      const judgements = Array.from({ length: Math.min(minute + 1, 5) }, (_, n) =>
        judge(`user-${n}`, n === 0 && minute >= 2 ? 'unmet' : 'met'),
      );
      const round = advanceRule(rule, states, judgements, policy, minute * MINUTE);
      states = round.states;
      for (const [kind, list] of round.tellings) {
        told.push(`${minute} ${kind} ${list.map((state) => state.key).join()}`);
      }
    }
    expect(told).toEqual(['0 firing user-0', '10 resolved user-0', '10 firing user-1,user-2,user-3,user-4']);
  });

  it('tells again of all groups that fire when the first is due', () => {
    const policy = policyIn('UTC', { groupMs: 0, renotifyMs: 60 * MINUTE });
    const first = advanceRule(rule, [], [judge('a', 'met')], policy, 0);
    const both = [judge('a', 'met'), judge('b', 'met')];
    const second = advanceRule(rule, first.states, both, policy, 30 * MINUTE);
    const third = advanceRule(rule, second.states, both, policy, 60 * MINUTE);
    expect(third.tellings.get('repeat')?.map((state) => state.key)).toEqual(['a', 'b']);
    expect(advanceRule(rule, third.states, both, policy, 90 * MINUTE).tellings.size).toBe(0);
  });

  it('resolves a group that has vanished, and forgets what is quiet', () => {
    const policy = policyIn('UTC', { cooldownMs: 0, groupMs: 0 });
    const first = advanceRule(rule, [], [judge('a', 'met')], policy, 0);
    const second = advanceRule(rule, first.states, [], policy, MINUTE);
    expect(second.tellings.get('resolved')?.map((state) => state.key)).toEqual(['a']);
    expect(second.states).toEqual([]);
  });

  it('keeps at most a thousand groups, those that fire first', () => {
    const many = Array.from({ length: 1500 }, (_, n) => judge(`user-${n}`, 'met'));
    expect(advanceRule(rule, [], many, policyIn('UTC'), 0).states).toHaveLength(1000);
  });
});
