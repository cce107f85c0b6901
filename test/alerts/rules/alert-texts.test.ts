// What the page says of an alert agrees with what the alert then does; links of notices lead nowhere unexpected.

import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { advanceRule } from '../../../alerts/rules/advance-rule.ts';
import { RULES, RULE_IDS } from '../../../alerts/rules/all-rules.ts';
import type { AlertState } from '../../../alerts/rules/alert-state.ts';
import type { JudgementStatus } from '../../../alerts/rules/judgement.ts';
import { readAlertConfig } from '../../../alerts/rules/policy.ts';
import type { Rule } from '../../../alerts/rules/rule.ts';
import { overviewOf, type AlertLine } from '../../../server/alerting/alert-overview.ts';
import { lookText, minuteText, noticeHref, waitText } from '../../../server/web/pages/alerts/alert-texts.ts';
import { policyIn } from './told.ts';
import { ruleOf } from './rule-of.ts';

const MINUTE = 60_000;
const START = Date.UTC(2026, 3, 15, 14, 5);
const CLOCK = { timezone: 'UTC', now: START };

interface Minute {
  readonly atMs: number;
  readonly line: AlertLine | undefined;
  readonly isResolved: boolean;
}

/** One alert of a rule, judged at each time that the rule is checked. */
function follow(rule: Rule, statuses: readonly JudgementStatus[]): Minute[] {
  let states: readonly AlertState[] = [];
  return statuses.map((status, index) => {
    const atMs = START + index * rule.everyMs;
    const judgement = { ruleId: rule.id, key: '', status, value: 1, threshold: 2, shown: null };
    const round = advanceRule(rule, states, [judgement], policyIn('UTC'), atMs);
    states = round.states;
    const overview = overviewOf({
      config: readAlertConfig({}, RULE_IDS),
      states,
      notices: [],
      health: [],
    });
    const [line] = overview.rules.find(({ id }) => id === rule.id)?.alerts ?? [];
    return { atMs, line, isResolved: round.tellings.has('resolved') };
  });
}

describe('why an alert still fires', () => {
  it('is that it waits, as long as the page says and not a check longer', () => {
    const unmet = ['unmet', 'no_data', 'no_history', 'low_volume', 'below_floor'] as const;
    // That there are no runs is what the rule of silence is about.
    const judged = RULES.filter((rule) => rule.by === undefined && rule.noData === 'ok');
    fc.assert(
      fc.property(
        fc.constantFrom(...judged),
        fc.array(fc.constantFrom(...unmet), { minLength: 40, maxLength: 40 }),
        (rule, statuses) => {
          const met = Array.from({ length: 1 + rule.forMs / rule.everyMs }, () => 'met' as const);
          const minutes = follow(rule, [...met, ...statuses]).slice(met.length);
          const waiting = minutes.filter(({ line }) => line?.phase === 'firing');
          const end = minutes.find(({ isResolved }) => isResolved)?.atMs ?? Number.NaN;
          for (const { line, atMs } of waiting) {
            const resolvesMs = Date.parse(line?.resolves_at ?? '');
            expect(resolvesMs).toBeLessThanOrEqual(end);
            expect(end - resolvesMs).toBeLessThan(rule.everyMs);
            expect(line?.unmet_since).toBe(new Date(minutes[0]?.atMs ?? 0).toISOString());
            expect(line && waitText(line, { ...CLOCK, now: atMs })).toMatch(
              /^not met since .*back to normal/,
            );
          }
        },
      ),
    );
  });

  it('is not asked of one that is met, nor of one that is over', () => {
    const minutes = follow(ruleOf('cost-spike'), ['met', 'met', 'unmet', 'met', 'unmet']);
    const texts = minutes.map(({ line }) => line && waitText(line, CLOCK));
    expect(texts).toEqual([
      undefined,
      undefined,
      'not met since 14:07 (now within its limit); back to normal at 14:17 if it stays so',
      undefined,
      'not met since 14:09 (now within its limit); back to normal at 14:19 if it stays so',
    ]);
    const over = follow(ruleOf('run-cost'), ['met', 'unmet']).at(-1);
    expect([over?.line?.phase, over?.line && waitText(over.line, CLOCK)]).toEqual(['quiet', undefined]);
  });

  it.each([
    ['no_data', 'no data'],
    ['low_volume', 'too few to judge'],
    ['below_floor', 'too small to matter'],
  ] as const)('is told in words when it is %s', (status, words) => {
    const [, line] = follow(ruleOf('cost-spike'), ['met', status]).map((minute) => minute.line);
    expect(line && waitText(line, CLOCK)).toContain(`(now ${words})`);
    expect(line && waitText(line, { ...CLOCK, now: START + 11 * MINUTE })).toMatch(
      /back to normal with the next check if it stays so$/,
    );
  });

  it('is nothing for silence: no data is what it is about', () => {
    const [, line] = follow(ruleOf('silence'), ['met', 'no_data']).map((minute) => minute.line);
    expect([line?.phase, line && waitText(line, CLOCK)]).toEqual(['firing', undefined]);
  });
});

describe('a moment of an alert', () => {
  it('is the time of the day, with the date before today', () => {
    expect(minuteText(START, CLOCK)).toBe('14:05');
    expect(minuteText(START, { timezone: 'Asia/Tokyo', now: START })).toBe('23:05');
    expect(minuteText(START - 86_400_000, CLOCK)).toBe('14 Apr 14:05');
  });
});

describe('a link of a notice', () => {
  const PAGE = 'https://tally.example.com/agents';

  it.each([
    [`${PAGE}/runs/e1e1`, '/runs/e1e1'],
    [`${PAGE}/tools#search_docs`, '/tools#search_docs'],
    ['/runs/e1e1', '/runs/e1e1'],
    ['http://127.0.0.1:4319/runs/e1e1', 'http://127.0.0.1:4319/runs/e1e1'],
    // Another server whose name begins alike.
    ['https://tally.example.com/agents.other/x', 'https://tally.example.com/agents.other/x'],
    [`${PAGE}//other.example`, `${PAGE}//other.example`],
    ['javascript:alert(1)', undefined],
    ['data:text/html,x', undefined],
    ['//other.example', undefined],
    ['http://', undefined],
    [undefined, undefined],
  ])('%s leads to %s', (url, href) => {
    expect(noticeHref(url, PAGE)).toBe(href);
  });

  it('that names a run reads so', () => {
    expect(lookText(`/runs/${'e1'.repeat(16)}`)).toBe('run e1e1e1e1');
    expect(lookText('/runs?status=failed')).toBe('/runs?status=failed');
    expect(lookText('https://other.example/runs/e1')).toBe('https://other.example/runs/e1');
  });
});
