import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { RULES } from '../../alerts/rules/all-rules.ts';
import { judgeRule } from '../../alerts/rules/judgement.ts';
import { questionOf, readingOfResult } from '../../alerts/rules/reading.ts';
import { readAlertConfig } from '../../alerts/rules/policy.ts';
import { formatValue } from '../../alerts/rules/value-format.ts';
import { diagnose } from '../../core/diagnosis/diagnose.ts';
import type { EventRecord } from '../../core/event.ts';
import {
  formatCost,
  formatCount,
  formatDuration,
  formatPercent,
  formatTimes,
  formatTokens,
} from '../../core/format.ts';
import { DAY_MS, HOUR_MS, dayOf, startOfHour } from '../../core/time.ts';
import { startBrowser } from '../../scripts/browser.ts';
import { BREAKDOWNS } from '../../server/web/pages/breakdown/breakdown-data.ts';
import { signalOf } from '../../signals/catalogue/index.ts';
import { evaluate, evaluateSeries } from '../../signals/evaluate.ts';
import { sendEvents, startTestServer, type TestServer } from '../server/harness.ts';
import {
  NOW,
  allCalls,
  costOf,
  endOf,
  ended,
  events,
  expectSame,
  expectSameTexts,
  expectTrends,
  groupsOf,
  isChecked,
  listed,
  costText,
  numberOf,
  open,
  patternOf,
  readListed,
  requestOf,
  runs,
  sumOf,
  tableOf,
  wentOnAfter,
  type RunEvents,
} from './page-oracle.ts';
import { showPage, type ShownPage } from './shown-page.ts';

// Every number of every page is that of the reference evaluator, or of the events themselves, over the same
// generated corpus. Pages are found by following the links: one that no test here knows is a failure.

jest.setTimeout(120_000);

const LIMIT_MS = 400 * DAY_MS;

let server: TestServer;
let browser: Browser;
let page: Page;
const visited = new Set<string>();

beforeAll(async () => {
  // Nothing is closed as lost meanwhile: the corpus has its own losses.
  const filled = await startTestServer({ lostAfterMs: LIMIT_MS });
  for (let start = 0; start < events.length; start += 4000)
    await sendEvents(filled, events.slice(start, start + 4000));
  // Started anew, so that no rule was checked on a part of the events.
  await filled.close();
  server = await startTestServer({ dataDir: filled.dataDir, lostAfterMs: LIMIT_MS });
  browser = await startBrowser();
  page = await (await browser.newContext({ javaScriptEnabled: false })).newPage();
});

afterAll(async () => {
  await browser.close();
  await server.remove();
});

function show(path: string): Promise<ShownPage> {
  visited.add(patternOf(path));
  return showPage(page, server.uiUrl + path);
}

describe('the overview', () => {
  it.each([
    ['24h', DAY_MS],
    ['7d', 7 * DAY_MS],
  ])('of %s has the numbers of the reference', async (window, lengthMs) => {
    const shown = await show(`/?window=${window}`);
    const request = requestOf(lengthMs);
    const ids = ['run_success_rate', 'run_latency_p50', 'run_latency_p95', 'cost_today', 'run_count'];
    expect(shown.numbers.map(({ signal }) => signal)).toEqual(ids);
    for (const { signal, value } of shown.numbers) expectSame(value, numberOf(signal, request), signal);
    const [success, latency, cost, count] = shown.texts;
    expect(success).toContain(formatPercent(numberOf('run_success_rate', request)));
    expect(success).toContain(`of ${formatCount(numberOf('run_ended_count', request))} that ended`);
    expect(latency).toContain(formatDuration(numberOf('run_latency_p95', request)));
    const spike = numberOf('cost_spike', request);
    expect(cost).toContain(spike === null ? 'no history' : `${formatTimes(spike)} the mean of 7 days`);
    expect(count).toContain(`${formatCount(numberOf('run_failures', request))} failed`);
    const lost = groupsOf('run_ended_count', { ...request, by: 'status' }).get('lost') ?? 0;
    expect(count).toContain(lost === 0 ? 'none lost' : `${formatCount(lost)} lost`);
  });

  it('has a bar for every hour, with its cost', async () => {
    const shown = await show('/');
    const from = startOfHour(Date.now(), 'UTC') - 23 * HOUR_MS;
    const points = evaluateSeries(signalOf('cost'), events, { ...requestOf(DAY_MS), from, step: 'hour' });
    if ('reason' in points) throw new Error(points.reason);
    expect(shown.pictures.map((label) => label.split(' ').at(-1))).toEqual(
      points.map(({ value }) => formatCost(value)),
    );
  });

  it('lists the most expensive runs of the day and the slowest of the hour', async () => {
    const shown = await show('/');
    const today = dayOf(Date.now(), 'UTC');
    const mostExpensive = wentOnAfter(today.from)
      .filter((run) => costOf(run) >= 0)
      .toSorted((a, b) => costOf(b) - costOf(a) || endOf(b) - endOf(a))
      .slice(0, 20);
    const rows = shown.tables['Most expensive runs today'] ?? [];
    expect(rows.slice(0, mostExpensive.length).map((row) => [row.about, row.cells[5]])).toEqual(
      mostExpensive.map((run) => [run.id, costText(run)]),
    );
    const slowest = ended
      .filter((run) => endOf(run) > Date.now() - HOUR_MS && run.end?.duration_ms !== undefined)
      .toSorted((a, b) => (b.end?.duration_ms ?? 0) - (a.end?.duration_ms ?? 0))
      .slice(0, 20);
    const goesOn = new Set(open.map(({ id }) => id));
    const slow = (shown.tables['Slowest runs of the last hour'] ?? []).filter(
      (row) => !goesOn.has(row.about),
    );
    expect(slow.slice(0, slowest.length).map((row) => row.cells[4])).toEqual(
      slowest.map((run) => formatDuration(run.end?.duration_ms)),
    );
  });
});

describe('the list of runs', () => {
  it('has the most expensive of a week, page after page, each with its numbers', async () => {
    const from = Date.now() - 7 * DAY_MS;
    const expected = wentOnAfter(from)
      .filter((run) => costOf(run) >= 0)
      .toSorted((a, b) => costOf(b) - costOf(a) || endOf(b) - endOf(a));
    for (const offset of [0, 50]) {
      const rows = tableOf(await show(`/runs?since=7d&sort=most-expensive&offset=${offset}`), 'Runs');
      expect(rows.map(readListed)).toEqual(expected.slice(offset, offset + 50).map(listed));
    }
  });

  it('has what runs that still go on have cost so far', async () => {
    const rows = tableOf(await show('/runs?status=running'), 'Runs');
    expect(rows.length).toBe(Math.min(50, open.length));
    for (const row of rows) {
      const run = open.find(({ id }) => id === row.about);
      expect([row.about, row.cells[8]]).toEqual([row.about, run && costText(run)]);
    }
  });

  it('finds with every filter what the events say, without JavaScript', async () => {
    await show('/runs');
    await page.fill('input[name=user]', 'user-2');
    await page.fill('input[name=task]', 'refund');
    await page.fill('input[name=agent]', 'triage');
    await page.selectOption('select[name=since]', '7d');
    await page.click('button[type=submit]');
    const rows = tableOf(await show(page.url().slice(server.uiUrl.length)), 'Runs');
    const from = Date.now() - 7 * DAY_MS;
    const expected = [...runs.values()].filter(({ end, start }) => {
      const own = end ?? start;
      return (
        own !== undefined &&
        own.timestamp > from &&
        own['user.id'] === 'user-2' &&
        own['agent.task_type'] === 'refund' &&
        own['gen_ai.agent.name'] === 'triage'
      );
    });
    expect(expected.length).toBeGreaterThan(0);
    expect(new Set(rows.map(({ about }) => about))).toEqual(new Set(expected.map(({ id }) => id)));
    expect(new Set(rows.map((row) => row.cells[3]))).toEqual(new Set(['user-2']));
  });

  it('finds by a stretch of time and by the error of any step', async () => {
    const day = new Date(NOW - 3 * DAY_MS).toISOString().slice(0, 10);
    const [from, to] = [Date.parse(`${day}T00:00Z`), Date.parse(`${day}T12:00Z`)];
    const shown = await show(`/runs?from=${day}T00:00&to=${day}T12:00&error=TypeERROR&status=failed`);
    const expected = ended.filter(
      (run) =>
        endOf(run) > from &&
        endOf(run) <= to &&
        run.end?.['agent.status'] !== 'ok' &&
        [run.end, ...run.calls, ...run.tools].some((event) => event?.['error.type'] === 'TypeError'),
    );
    expect(new Set((shown.tables['Runs'] ?? []).map(({ about }) => about))).toEqual(
      new Set(expected.map(({ id }) => id)),
    );
  });
});

describe('one run', () => {
  it('has the tokens and costs of its steps, and what each tool cost', async () => {
    const longest = ended.toSorted((a, b) => b.calls.length - a.calls.length).slice(0, 3);
    for (const run of longest) {
      const shown = await show(`/runs/${run.id}?expand=all`);
      expect(shown.facts['Cost']).toContain(formatCost(run.end?.['agent.cost_nano_usd']));
      expect(shown.facts['Time']).toBe(formatDuration(run.end?.duration_ms));
      const steps = tableOf(shown, 'Steps');
      const cells = (index: number): string[] =>
        steps.map((row) => row.cells[index] ?? '').filter((cell) => cell !== '');
      expect(steps).toHaveLength(
        events.filter(
          (event) =>
            event['agent.run_id'] === run.id &&
            ['agent.model_call', 'agent.tool_call', 'agent.note'].includes(event['event.name']),
        ).length,
      );
      const all = events.filter(
        (event) => event['agent.run_id'] === run.id && event['event.name'] === 'agent.model_call',
      );
      expectSameTexts(
        cells(3),
        all.map((call) => formatTokens(call.tokens_input)),
      );
      expectSameTexts(
        cells(6),
        all.map((call) => formatTokens(call.tokens_output)),
      );
      expect(cells(9).at(-1)).toBe(formatCost(sumOf(run.calls, 'cost_nano_usd')));
      const byTool = new Map<string, number>();
      for (const cost of run.toolCosts) {
        const name = cost['gen_ai.tool.name'] ?? '';
        byTool.set(name, (byTool.get(name) ?? 0) + (cost.cost_nano_usd ?? 0));
      }
      const carried = tableOf(shown, 'Where the cost went');
      expect(new Map(carried.map((row) => [row.about, row.cells[1]]))).toEqual(
        new Map([...byTool].map(([name, cost]) => [name, formatCost(cost)])),
      );
    }
  });

  it('stands beside another with the differences', async () => {
    const [a, b] = ended.toSorted((x, y) => costOf(y) - costOf(x));
    const shown = await show(`/compare?a=${a?.id}&b=${b?.id}`);
    const lines = new Map(tableOf(shown, 'Comparison').map((row) => [row.cells[0], row.cells.slice(1)]));
    const difference = costOf(b as RunEvents) - costOf(a as RunEvents);
    expect(lines.get('Cost')).toEqual([
      formatCost(costOf(a as RunEvents)),
      formatCost(costOf(b as RunEvents)),
      difference === 0 ? '=' : `−${formatCost(Math.abs(difference))}`,
    ]);
    expect(lines.get('Tool calls')?.slice(0, 2)).toEqual([
      formatCount(a?.tools.length),
      formatCount(b?.tools.length),
    ]);
    expect(lines.get('Tokens, output')?.slice(0, 2)).toEqual(
      [a, b].map((run) => formatTokens(sumOf(allCalls(run), 'tokens_output'))),
    );
  });
});

describe.each(BREAKDOWNS.map((kind) => [kind.path, kind] as const))('%s', (path, kind) => {
  it.each([
    ['24h', DAY_MS],
    ['7d', 7 * DAY_MS],
  ])('of %s has the numbers of the reference in every cell', async (window, lengthMs) => {
    const shown = await show(`${path}?window=${window}`);
    const request = requestOf(lengthMs);
    expectSame(shown.numbers[0]?.value, numberOf('cost', request), 'total');
    const grouped = { ...request, by: kind.dimension };
    const before = { ...grouped, from: request.from - lengthMs, to: request.from };
    const expected = new Map<string, Map<string, number>>([
      ['before', groupsOf(kind.cost, before)],
      ...[kind.cost, ...kind.columns.map(({ signal }) => signal)].map(
        (id) => [id, groupsOf(id, grouped)] as const,
      ),
    ]);
    const rows = tableOf(shown, kind.title);
    const names = [...expected].flatMap(([id, groups]) => (id === 'before' ? [] : [...groups.keys()]));
    expect(new Set(rows.map(({ about }) => about))).toEqual(new Set(names));
    for (const row of rows) {
      expect(row.numbers.map(({ signal }) => signal).toSorted()).toEqual([...expected.keys()].toSorted());
      for (const { signal, value } of row.numbers)
        expectSame(value, expected.get(signal)?.get(row.about) ?? null, `${row.about} ${signal}`);
    }
    expect(rows.map((row) => row.cells[1])).toEqual(
      rows.map((row) => formatCost(expected.get(kind.cost)?.get(row.about))),
    );
    if (window === '7d') expectTrends(kind, rows, request);
  });
});

describe('one session', () => {
  it('has its turns in order with their costs, and the totals of the reference', async () => {
    const sessions = groupsOf('cost', requestOf(9 * DAY_MS, { by: 'session' }));
    const session = [...sessions.keys()].find((name) => name !== '');
    const shown = await show(`/sessions/${session}`);
    const request = { ...requestOf(LIMIT_MS), where: { session: session ?? '' } };
    for (const { signal, value } of shown.numbers) expectSame(value, numberOf(signal, request), signal);
    expect(shown.numbers).toHaveLength(3);
    const own = [...runs.values()].filter(
      (run) => (run.end ?? run.start)?.['gen_ai.conversation.id'] === session,
    );
    const turns = tableOf(shown, 'Turns').filter((row) => /^\d+\./.test(row.cells[1] ?? ''));
    expect(new Map(turns.map((row) => [row.about, row.cells[9]]))).toEqual(
      new Map(
        own.map((run) => {
          const cost = run.end === undefined ? sumOf(run.calls, 'cost_nano_usd') : costOf(run);
          return [run.id, formatCost(cost < 0 ? null : cost)];
        }),
      ),
    );
    const calls = tableOf(shown, 'Turns').length - turns.length;
    expect(calls).toBe(own.reduce((sum, run) => sum + run.calls.length, 0));
  });
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
    expect(difference).toContain(formatCost(expected.differenceNanoUsd));
    expect(count).toContain(`Runs${formatCount(expected.runs)}`);
    const parts = tableOf(shown, 'Every part of the difference');
    const [largest] = expected.parts;
    expect(parts[0]?.cells.slice(0, 2)).toEqual([largest?.part.replaceAll('_', ' '), largest?.detail ?? '–']);
    expect(parts[0]?.cells[2]).toContain(formatCost(largest?.nanoUsd));
    expect((shown.tables['Causes'] ?? []).slice(0, -1).map((row) => row.cells[2])).toEqual(
      expected.causes.map(({ title }) => expect.stringContaining(title)),
    );
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
    for (const [index, rule] of RULES.entries()) {
      if (rule.by !== undefined) continue;
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

describe('the pages', () => {
  it('are all tested here: none that a link leads to is left out', async () => {
    const found = new Map<string, string>([['/', '/']]);
    for (const path of found.values()) {
      const { links } = await showPage(page, server.uiUrl + path);
      for (const link of links) {
        const isPage = !/^\/(api|assets|metrics|healthz)/.test(link);
        if (isPage && !found.has(patternOf(link))) found.set(patternOf(link), link);
      }
    }
    expect([...found.keys()].toSorted()).toEqual([...visited].toSorted());
    expect(found.size).toBe(13);
  });
});
