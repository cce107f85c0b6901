// Contributors: whose increase it is, compared as the headline of the notice compares.

import { describe, expect, it } from '@jest/globals';
import { intervalOf } from '../../alerts/rules/reading.ts';
import type { Rule } from '../../alerts/rules/rule.ts';
import type { EventRecord } from '../../core/event.ts';
import { findContributors } from '../../server/alerting/contributors.ts';
import { signalOf } from '../../signals/catalogue/index.ts';
import { evaluate } from '../../signals/evaluate.ts';
import { eventsOfRun } from './rules/corpus.ts';
import { ruleOf } from './rules/rule-of.ts';

const DAY = 86_400_000;
const MIDNIGHT = Date.UTC(2026, 3, 15);
const NOON = MIDNIGHT + DAY / 2;
const PAGE = 'https://tallyspan.example.com';

/** $1 a day of `steady` for a week; today $1 of it, and $3 of `newcomer`. */
const events: readonly EventRecord[] = [
  ...[7, 6, 5, 4, 3, 2, 1, 0].map((ago) => ({
    user: 'steady',
    atMs: MIDNIGHT - ago * DAY + 3_600_000,
    usd: 1,
  })),
  { user: 'newcomer', atMs: MIDNIGHT + 7_200_000, usd: 3 },
].flatMap(runsOf);

function runsOf({ user, atMs, usd }: { user: string; atMs: number; usd: number }): EventRecord[] {
  return eventsOfRun({ atMs, id: `${user}-${atMs}`, user, calls: 1, callUsd: usd });
}

/** What is found by noon. */
async function find(
  rule: Rule,
  of: readonly EventRecord[],
  group?: { by: 'user'; key: string },
): Promise<(readonly [string, string, number, number | null])[]> {
  const found = await findContributors(
    (id, request) => Promise.resolve(evaluate(signalOf(id), of, request)),
    { rule, interval: intervalOf(rule.window, NOON, 'UTC'), group, timezone: 'UTC', pageUrl: PAGE },
  );
  return found.map(({ label, key, increase, share }) => [label, key, Math.round(increase), share]);
}

const carried = (usd: number): EventRecord => ({
  timestamp: MIDNIGHT + 7_200_000,
  'event.name': 'agent.tool_cost',
  'gen_ai.tool.name': 'lookup',
  cost_nano_usd: usd * 1e9,
});

const toolCalls = (id: string, atMs: number, calls: number): EventRecord[] =>
  eventsOfRun({ id, atMs, calls: calls + 1, gapMs: 1_000, tool: { name: 'search' } });

describe('contributors', () => {
  it('are ranked by their own increase, not by their size, and share the increase', async () => {
    const rule = ruleOf('cost-spike');
    expect(await find(rule, events)).toEqual([
      ['user', 'newcomer', 3e9, 1],
      ['model', 'claude-sonnet-4-6', 3e9, 1],
    ]);
    const interval = intervalOf(rule.window, NOON, 'UTC');
    const [first] = await findContributors(
      (id, request) => Promise.resolve(evaluate(signalOf(id), events, request)),
      { rule, interval, group: undefined, timezone: 'UTC', pageUrl: PAGE },
    );
    expect(first?.url).toBe(`${PAGE}/users/newcomer`);
  });

  it('of one group are those within it', async () => {
    const rule = { ...ruleOf('user-day-cost'), causes: ruleOf('cost-spike').causes };
    const group = { by: 'user', key: 'newcomer' } as const;
    expect((await find(rule, events, group)).map(([, key, increase]) => [key, increase])).toEqual([
      ['newcomer', 3e9],
      ['claude-sonnet-4-6', 3e9],
    ]);
    // By noon it has cost what it cost by every noon.
    expect(await find(rule, events, { by: 'user', key: 'steady' })).toEqual([]);
  });

  it('are compared as the headline compares: with the same part of the earlier days, or with whole ones', async () => {
    // The night work is done by one in the morning of each day, the evening work begins at eight.
    const days = [7, 6, 5, 4, 3, 2, 1].map((ago) => MIDNIGHT - ago * DAY);
    const work = [
      ...[...days, MIDNIGHT].map((dayMs) => ({ user: 'night', atMs: dayMs + 3_600_000, usd: 2 })),
      ...days.map((dayMs) => ({ user: 'evening', atMs: dayMs + 20 * 3_600_000, usd: 6 })),
      { user: 'loop', atMs: MIDNIGHT + 7_200_000, usd: 18 },
    ].flatMap(runsOf);
    // Today $20; usual by now $2; a usual day $8.
    expect(await find(ruleOf('cost-pace'), work)).toEqual([
      ['user', 'loop', 18e9, 1],
      ['model', 'claude-sonnet-4-6', 18e9, 1],
    ]);
    expect(await find(ruleOf('cost-spike'), work)).toEqual([
      ['user', 'loop', 18e9, 1.5],
      ['model', 'claude-sonnet-4-6', 12e9, 1],
    ]);
  });

  it('have their part of all money, also of that which has no user', async () => {
    const nobody = eventsOfRun({ atMs: MIDNIGHT + 7_200_000, id: 'nobody', calls: 1, callUsd: 9 });
    expect(await find(ruleOf('cost-spike'), [...events, ...nobody])).toEqual([
      ['user', 'newcomer', 3e9, 0.25],
      ['model', 'claude-sonnet-4-6', 12e9, 1],
    ]);
  });

  it('that explain nearly nothing are not told', async () => {
    const [told, untold] = await Promise.all(
      [0.15, 0.14].map((usd) => find(ruleOf('cost-spike'), [...events, carried(usd)])),
    );
    expect(told?.map(([label]) => label)).toEqual(['user', 'tool', 'model']);
    expect(untold?.map(([label]) => label)).toEqual(['user', 'model']);
  });

  it('of a count are told in whole numbers, and not at all where that is none', async () => {
    const rule = ruleOf('turns');
    const now = NOON - 1_800_000;
    expect(await find(rule, toolCalls('now', now, 5))).toEqual([['tool', 'search', 5, 1]]);
    // Nearly every hour of the seven days before had five calls as well.
    const usual = Array.from({ length: 167 }, (_, hour) =>
      toolCalls(`h${hour}`, NOON - (hour + 1.5) * 3_600_000, 5),
    ).flat();
    expect(await find(rule, [...usual, ...toolCalls('now', now, 5)])).toEqual([]);
  });
});
