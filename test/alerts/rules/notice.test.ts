// Notices: what they say, and that they fit a phone screen.

import { describe, expect, it } from '@jest/globals';
import type { AlertState } from '../../../alerts/rules/alert-state.ts';
import { composeNotice, type NoticeInput } from '../../../alerts/rules/notice.ts';
import { PLAIN, renderNotice } from '../../../server/alerting/channels/notice-text.ts';
import { eventsOf } from '../../../server/alerting/channels/pagerduty.ts';
import { ruleOf } from './rule-of.ts';

const DAY = 86_400_000;
const MIDNIGHT = Date.UTC(2026, 3, 15);
const NOON = MIDNIGHT + DAY / 2;
const PAGE = 'https://tallyspan.example.com';

function stateOf(key: string, value: number): AlertState {
  const times = { sinceMs: NOON, judgedMs: NOON, toldMs: NOON };
  return { ruleId: 'r', key, phase: 'firing', status: 'met', value, threshold: 5e9, shown: 14.2e9, ...times };
}

const BASE = { kind: 'firing', atMs: NOON, contributors: [], pageUrl: PAGE } as const;

function textOf(input: Partial<NoticeInput> & Pick<NoticeInput, 'rule' | 'states'>): string {
  return renderNotice(composeNotice({ ...BASE, ...input }), PLAIN, 4096);
}

describe('a notice', () => {
  it('names the groups furthest past the limit and counts the rest', () => {
    const states = Array.from({ length: 9 }, (_, n) => stateOf(`user-${n}`, (6 + n) * 1e9));
    expect(
      textOf({ rule: ruleOf('user-day-cost'), states })
        .split('\n')
        .slice(0, 2),
    ).toEqual([
      '🟠 Cost today: 9 users past $5.00',
      'user-8 $14.00, user-7 $13.00, user-6 $12.00, user-5 $11.00 and 5 more',
    ]);
  });

  it.each([
    ['firing', ''],
    ['repeat', 'Still: '],
  ] as const)('is an incident of PagerDuty for each alert, that names it (%s)', (kind, still) => {
    const states = [stateOf('ana', 6e9), stateOf('ben', 7e9)];
    const events = eventsOf(composeNotice({ ...BASE, kind, rule: ruleOf('user-day-cost'), states }));
    expect(events.map(({ payload }) => payload)).toMatchObject([
      { summary: `${still}Cost today of ana $6.00 (limit $5.00)` },
      { summary: `${still}Cost today of ben $7.00 (limit $5.00)` },
    ]);
  });

  it('with everything that it can hold fits a phone screen', () => {
    const long = 'x'.repeat(500);
    const contributor = { key: long, unit: 'usd' as const, increase: 5e9, share: 0.5, url: PAGE };
    const text = textOf({
      rule: ruleOf('cost-spike'),
      states: [stateOf('', 2.3)],
      contributors: ['user', 'tool', 'model'].map((label) => ({ ...contributor, label })),
      run: {
        runId: 'ab'.repeat(16),
        user: long,
        detail: '$3.92, 25 turns (max_turns)',
        url: `${PAGE}/runs/abab`,
      },
      reasons: Array.from({ length: 9 }, () => ({ title: long, costNanoUsd: 1e9, fix: 'Mend it.' })),
      listValueNanoUsd: 9e9,
    });
    expect(text.split('\n').length).toBeLessThanOrEqual(8);
    expect(text.length).toBeLessThanOrEqual(1200);
  });

  it('names what of a cost is list value, and says nothing where nothing is', () => {
    const input = { rule: ruleOf('user-day-cost'), states: [stateOf('ana', 6e9)] };
    expect(textOf({ ...input, listValueNanoUsd: 2e9 }).split('\n')[0]).toBe(
      '🟠 Cost today of ana $6.00 (limit $5.00), $2.00 of it list value (a plan of Claude)',
    );
    expect(textOf({ ...input, listValueNanoUsd: 0 })).not.toContain('list value');
  });

  it('keeps a line break of a user id out of its lines', () => {
    const text = textOf({ rule: ruleOf('user-day-cost'), states: [stateOf('a\n🔴 Cost today $9', 6e9)] });
    expect(text.split('\n')[0]).toBe('🟠 Cost today of a 🔴 Cost today $9 $6.00 (limit $5.00)');
  });

  it('holds no half of a character and none that reorders or colours, whatever a name holds and wherever it is cut', () => {
    const hostile = `x\u202E\u001B[31m\u0000${'😀'.repeat(99)}`;
    const contributor = { label: 'user', key: hostile, unit: 'usd' as const, increase: 5e9, share: 0.5 };
    const text = textOf({
      rule: { ...ruleOf('user-day-cost'), subject: hostile },
      states: [stateOf(hostile, 6e9)],
      contributors: [contributor],
      run: { runId: `x${'😀'.repeat(9)}`, user: hostile, detail: `error: a\nb ${hostile.repeat(50)}` },
      reasons: [{ title: hostile, costNanoUsd: 1e9, fix: hostile.repeat(50) }],
    });
    expect(() => encodeURIComponent(text)).not.toThrow();
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
    expect(text.split('\n')).toHaveLength(6);
    expect(text).toContain(String.raw`x\u202e\x1b[31m\x00😀`);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThan(400);
  });

  it('leads to the page of alerts where the address of the run is longer than a message can hold', () => {
    const run = { runId: 'r'.repeat(5000), detail: '', url: `${PAGE}/runs/${'r'.repeat(5000)}` };
    const text = textOf({ rule: ruleOf('run-cost'), states: [stateOf('', 6e9)], run });
    expect(text).toContain(`Look: ${PAGE}/alerts`);
    expect(text.length).toBeLessThan(1000);
  });

  it('says that it goes on, and what is over', () => {
    const rule = ruleOf('user-day-cost');
    expect(textOf({ rule, kind: 'repeat', states: [stateOf('u', 6e9)] })).toMatch(
      /^🟠 Still: Cost today of u \$6\.00/,
    );
    expect(textOf({ rule, kind: 'resolved', states: [stateOf('u', 1e9)] })).toBe(
      `✅ Back to normal: Cost today of u $1.00\nLook: ${PAGE}/alerts`,
    );
  });
});
