import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Page } from 'playwright-core';
import { RULES } from '../../alerts/rules/all-rules.ts';
import { judgeRule } from '../../alerts/rules/judgement.ts';
import { questionOf, readingOfResult } from '../../alerts/rules/reading.ts';
import { readAlertConfig } from '../../alerts/rules/policy.ts';
import { formatValue } from '../../alerts/rules/value-format.ts';
import { diagnose } from '../../core/diagnosis/diagnose.ts';
import type { EventRecord } from '../../core/event.ts';
import { PART_NAMES, partDetailText } from '../../core/diagnosis/part-names.ts';
import { formatCost, formatCostChange, formatCount, formatPercent } from '../../core/text/format.ts';
import { DAY_MS, dayOf } from '../../core/time/time.ts';
import { signalOf } from '../../signals/catalogue/index.ts';
import { evaluate, evaluateSeries } from '../../signals/evaluate.ts';
import { TESTED_PAGES, startFilledServer, type FilledServer } from './filled-server.ts';
import {
  costOf,
  endOf,
  ended,
  events,
  expectSame,
  isChecked,
  numberOf,
  requestOf,
  tableOf,
  type RunEvents,
} from './page-oracle.ts';

// Reports: why cost changed, and what the rules say; every number is that of the reference.

jest.setTimeout(120_000);

let filled: FilledServer;
let page: Page;
let show: FilledServer['show'];

beforeAll(async () => {
  filled = await startFilledServer();
  ({ page, show } = filled);
});

afterAll(async () => {
  await filled.remove();
});

describe('why did cost change', () => {
  it('has the split of the reference', async () => {
    const shown = await show('/diagnose?from=3d&against=6d');
    const now = Date.now();
    const names = new Set([
      'agent.run',
      'agent.model_call',
      'agent.tool_call',
      'agent.tool_cost',
      'agent.note',
    ]);
    const within = (from: number, to: number): EventRecord[] =>
      events.filter(
        (event) => names.has(event['event.name']) && event.timestamp > from && event.timestamp <= to,
      );
    const start = now - 3 * DAY_MS;
    const expected = diagnose(within(start, now), within(start - 6 * DAY_MS, start), { scale: 0.5 });
    expectSame(expected.costNanoUsd, numberOf('cost', requestOf(3 * DAY_MS)), 'cost');
    const [cost, against, difference, count] = shown.texts;
    expect(cost).toContain(formatCost(expected.costNanoUsd));
    expect(against).toContain(formatCost(expected.againstNanoUsd));
    expect(difference).toContain(formatCostChange(expected.differenceNanoUsd));
    const sentence = await page.textContent('.headline');
    expect(sentence).toContain(
      `${formatCost(Math.abs(expected.differenceNanoUsd))} ${expected.differenceNanoUsd > 0 ? 'more' : 'less'}`,
    );
    expect(count).toContain(`Runs${formatCount(expected.runs)}`);
    const parts = tableOf(shown, 'Every part of the difference');
    const [largest] = expected.parts;
    const named = largest && { part: largest.part, detail: largest.detail ?? null };
    expect(parts[0]?.cells.slice(0, 2)).toEqual(
      named && [PART_NAMES[named.part], partDetailText(named) ?? '–'],
    );
    expect(parts[0]?.cells[2]).toBe(formatCostChange(largest?.nanoUsd ?? 0));
    expect((shown.tables['Causes'] ?? []).slice(0, -1).map((row) => row.cells[2])).toEqual(
      expected.causes.map(({ title }) => expect.stringContaining(title)),
    );
  });
});

function meanOf(runs: RunEvents[], key: 'agent.turns' | 'agent.cost_nano_usd'): number {
  const values = runs.flatMap(({ end }) => end?.[key] ?? []);
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function shareOk(runs: RunEvents[]): number {
  return runs.filter(({ end }) => end?.['agent.status'] === 'ok').length / runs.length;
}

describe('two groups', () => {
  it('have the numbers of their runs, and an interval around the difference', async () => {
    const shown = await show('/compare/groups?a=agent:triage&b=agent:support&time=7d');
    const from = Date.now() - 7 * DAY_MS;
    const [a, b] = ['triage', 'support'].map((agent) =>
      ended.filter((run) => endOf(run) > from && run.end?.['gen_ai.agent.name'] === agent),
    ) as [RunEvents[], RunEvents[]];
    const lines = new Map(tableOf(shown, 'Comparison').map((row) => [row.about, row.cells]));
    expect(lines.get('runs')?.slice(1, 3)).toEqual([formatCount(a.length), formatCount(b.length)]);
    expect(lines.get('cost')?.slice(1, 3)).toEqual(
      [a, b].map((runs) => formatCost(runs.reduce((sum, run) => sum + Math.max(0, costOf(run)), 0))),
    );
    expect(lines.get('cost_per_run')?.slice(1, 3)).toEqual(
      [a, b].map((runs) => formatCost(Math.round(meanOf(runs, 'agent.cost_nano_usd')))),
    );
    expect(lines.get('success_rate')?.slice(1, 3)).toEqual(
      [a, b].map((runs) => formatPercent(shareOk(runs))),
    );
    expect(lines.get('turns_per_run')?.slice(1, 3)).toEqual(
      [a, b].map((runs) => meanOf(runs, 'agent.turns').toFixed(2)),
    );
    expect(lines.get('cost_per_run')?.[4]).toMatch(/\$.* … .*\$/);
  });

  it('are asked for by two boxes that are ticked', async () => {
    await show('/agents?time=7d');
    await page.check('input[value="agent:triage"]');
    await page.check('input[value="agent:support"]');
    await page.click('button:text("Compare the two")');
    expect(await page.textContent('h1')).toBe('Compare groups');
    expect(await page.locator('tr[data-row=cost_per_run]').count()).toBe(1);
  });
});

describe('alerts', () => {
  it('show what the rules say of the reference', async () => {
    const { settings } = readAlertConfig(
      {},
      RULES.map(({ id }) => id),
    );
    let shown = await show('/alerts');
    for (let tries = 0; tries < 60 && !isChecked(await page.content()); tries++) {
      await new Promise((next) => setTimeout(next, 500));
      shown = await show('/alerts');
    }
    const rows = tableOf(shown, 'Rules');
    const times = await page
      .locator('section[aria-labelledby=rules] tbody tr td:last-child time')
      .evaluateAll((nodes) => nodes.map((node) => node.getAttribute('datetime') ?? ''));
    expect(rows).toHaveLength(RULES.length);
    // What fires stands first: a row is found by its rule.
    for (const rule of RULES) {
      if (rule.by !== undefined) continue;
      const index = rows.findIndex(({ about }) => about === rule.id);
      const judgements = await judgeRule(
        rule,
        settings,
        (asked) =>
          Promise.resolve(
            readingOfResult(evaluate(signalOf(asked.signal), events, questionOf(asked, 'UTC'))),
          ),
        Date.parse(times[index] ?? ''),
      );
      expect([rule.id, rows[index]?.cells[2]]).toEqual([
        rule.id,
        formatValue(judgements[0]?.value ?? null, rule.unit),
      ]);
    }
  });
});

describe('one alert rule', () => {
  it('has the course of its signal', async () => {
    const shown = await show('/alerts/run-failures?time=7d');
    const rule = RULES.find(({ id }) => id === 'run-failures');
    const points = evaluateSeries(signalOf(rule?.signal ?? ''), events, {
      ...requestOf(7 * DAY_MS),
      from: dayOf(Date.now() - 7 * DAY_MS, 'UTC').to,
      step: 'day',
    });
    if ('reason' in points) throw new Error(points.reason);
    expect((shown.tables[`${rule?.subject} over time`] ?? []).map((row) => row.cells[1])).toEqual(
      points.map(({ value }) => formatValue(value, rule?.unit ?? 'count')),
    );
  });
});

it('shows every page that it is to show', () => {
  expect([...filled.visited].filter((path) => path !== '/agents').toSorted()).toEqual(
    TESTED_PAGES.reports.toSorted(),
  );
});
