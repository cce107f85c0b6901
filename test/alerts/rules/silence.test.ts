// A silence: nothing is sent while it lasts, and afterwards what people have to know.

import { describe, expect, it } from '@jest/globals';
import { advanceRule } from '../../../alerts/rules/advance-rule.ts';
import type { AlertState } from '../../../alerts/rules/alert-state.ts';
import { RULES } from '../../../alerts/rules/all-rules.ts';
import type { Judgement } from '../../../alerts/rules/judgement.ts';
import { isQuietTime, type AlertPolicy } from '../../../alerts/rules/policy.ts';
import type { Rule } from '../../../alerts/rules/rule.ts';
import { heardOf, isKnownToFire } from '../../../alerts/rules/silence.ts';
import { policyIn } from './told.ts';

const MINUTE = 60_000;
const [ANY] = RULES;
if (ANY === undefined) throw new Error('there are no rules');
const RULE: Rule = { ...ANY, forMs: 0, resolveAfterMs: 0, everyMs: MINUTE, noData: 'ok' };
const POLICY: AlertPolicy = { ...policyIn('UTC'), cooldownMs: 0, groupMs: 0, renotifyMs: 60 * MINUTE };

/** One letter a minute: `m` met, `.` not. Gives what is sent at which minute. */
function sent(course: string, silent: string, rule: Rule = RULE, policy = POLICY): string[] {
  const heard: string[] = [];
  let states: readonly AlertState[] = [];
  for (const [minute, letter] of course.split('').entries()) {
    const status = letter === 'm' ? 'met' : 'unmet';
    const judgement: Judgement = { ruleId: rule.id, key: 'k', status, value: 1, threshold: 2, shown: null };
    const atMs = minute * MINUTE;
    const round = advanceRule(rule, states, [judgement], policy, atMs);
    const isWaiting = rule.severity !== 'critical' && isQuietTime(atMs, policy);
    const { states: next, sendings } = heardOf(round, silent[minute] === 's', isWaiting);
    // A restart between any two rounds changes nothing.
    states = JSON.parse(JSON.stringify(next)) as AlertState[];
    for (const [telling, told] of sendings) heard.push(`${minute} ${telling} ${told.length}`);
    const last = heard.at(-1) ?? '';
    expect(states.some(isKnownToFire)).toBe(last.includes('firing'));
  }
  return heard;
}

describe('a silence', () => {
  it.each([
    ['what began in it and goes on is told when it is over', 'mmmmmm', 'sss...', ['3 firing 1']],
    ['what began and ended in it is not told at all', 'mm....', 'ssss..', []],
    [
      'what began in it and ended after it is told in full',
      'mmmm..',
      'ss....',
      ['2 firing 1', '4 resolved 1'],
    ],
    ['what ended in it is told to be over', 'mm....', '.sss..', ['0 firing 1', '4 resolved 1']],
    [
      'what ended in it and began again is as people know it',
      'mm.mm.',
      '.sss..',
      ['0 firing 1', '5 resolved 1'],
    ],
    ['what goes on all the time is not told twice', 'mmmm..', '.ss...', ['0 firing 1', '4 resolved 1']],
  ])('%s', (_, course, silent, expected) => {
    expect(sent(course, silent)).toEqual(expected);
    expect(sent(course, silent, { ...RULE, by: 'user' })).toEqual(expected);
  });

  it('that ends in quiet hours leaves a warning until the morning', () => {
    const policy = { ...POLICY, quietHours: { fromMinute: 3, toMinute: 5 } };
    const course = 'mmmmmmm';
    expect(sent(course, 'ssss...', { ...RULE, severity: 'warning' }, policy)).toEqual(['5 firing 1']);
    expect(sent(course, 'ssss...', { ...RULE, severity: 'critical' }, policy)).toEqual(['4 firing 1']);
  });

  it('says nothing of an alert that is about to be over when it ends', () => {
    const slow = { ...RULE, resolveAfterMs: 2 * MINUTE };
    expect(sent('mm....', 'sss...', slow)).toEqual([]);
    expect(sent('mm.mmm', 'sss...', slow)).toEqual(['3 firing 1']);
  });
});
