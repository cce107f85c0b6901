import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Page } from 'playwright-core';
import {
  formatCost,
  formatCount,
  formatDuration,
  formatPercent,
  formatTimes,
  formatTokens,
} from '../../core/text/format.ts';
import { DAY_MS, dayOf } from '../../core/time/time.ts';
import { compareText } from '../../core/text/text-order.ts';
import { signalOf } from '../../signals/catalogue/index.ts';
import { evaluateSeries } from '../../signals/evaluate.ts';
import { LIMIT_MS, TESTED_PAGES, startFilledServer, type FilledServer } from './filled-server.ts';
import {
  NOW,
  allCalls,
  costOf,
  endOf,
  ended,
  events,
  expectSame,
  expectSameTexts,
  groupsOf,
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
import { showPage } from './shown-page.ts';

// Every number of every page is that of the reference evaluator, or of the events themselves, over the same
// generated corpus. Pages are found by following the links: one that no test knows is a failure.

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

/** An address on this server, without the server. */
function pathOf(url: string | null): string {
  const { pathname, search } = new URL(url ?? '', page.url());
  return pathname + search;
}

describe('the overview', () => {
  it.each([
    ['24h', DAY_MS],
    ['7d', 7 * DAY_MS],
  ])('of %s has the numbers of the reference', async (time, lengthMs) => {
    const shown = await show(`/?time=${time}`);
    const request = requestOf(lengthMs);
    const ids = ['run_success_rate', 'run_latency_p50', 'run_latency_p95', 'cost', 'run_count'];
    expect(shown.numbers.map(({ signal }) => signal)).toEqual(ids);
    for (const { signal, value } of shown.numbers) expectSame(value, numberOf(signal, request), signal);
    const [success, latency, cost, count] = shown.texts;
    expect(success).toContain(formatPercent(numberOf('run_success_rate', request)));
    expect(success).toContain(`of ${formatCount(numberOf('run_ended_count', request))} that ended`);
    expect(latency).toContain(formatDuration(numberOf('run_latency_p95', request)));
    const spike = numberOf('cost_spike', request);
    expect(cost).toContain(spike === null ? '' : `today ${formatTimes(spike)} the 7-day average`);
    expect(count).toContain(`${formatCount(numberOf('run_failures', request))} failed`);
    const lost = groupsOf('run_ended_count', { ...request, by: 'status' }).get('lost') ?? 0;
    expect(count).toContain(lost === 0 ? 'none abandoned' : `${formatCount(lost)} abandoned`);
  });

  it('has yesterday as the whole day, and no more', async () => {
    const shown = await show('/?time=yesterday');
    const day = dayOf(Date.now(), 'UTC', -1);
    const request = { ...requestOf(DAY_MS), ...day };
    expect(shown.numbers).toHaveLength(5);
    for (const { signal, value } of shown.numbers) expectSame(value, numberOf(signal, request), signal);
  });

  it.each([
    ['24h', 'hour'],
    ['7d', 'day'],
  ] as const)('of %s has a bar for every %s, with its cost', async (time, step) => {
    const shown = await show(`/?time=${time}`);
    const lengthMs = time === '24h' ? DAY_MS : 7 * DAY_MS;
    const whole = step === 'day' ? { from: dayOf(Date.now() - lengthMs, 'UTC').to } : {};
    const points = evaluateSeries(signalOf('cost'), events, { ...requestOf(lengthMs), ...whole, step });
    if ('reason' in points) throw new Error(points.reason);
    expect(shown.pictures.map((label) => label.split(' ').at(-1))).toEqual(
      points.map(({ value }) => formatCost(value)),
    );
    expect((shown.tables[`Cost by ${step}`] ?? []).map((row) => row.cells[1])).toEqual(
      points.map(({ value }) => formatCost(value)),
    );
  });

  it('splits its bars by a dimension into what sums to them', async () => {
    const shown = await show('/?time=7d&stack=model');
    const from = dayOf(Date.now() - 7 * DAY_MS, 'UTC').to;
    const groups = groupsOf('cost', { ...requestOf(7 * DAY_MS), from, by: 'model' });
    const rows = shown.tables['Cost by day'] ?? [];
    const [greatest] = [...groups].toSorted((a, b) => b[1] - a[1]);
    const points = evaluateSeries(signalOf('cost'), events, {
      ...requestOf(7 * DAY_MS),
      from,
      step: 'day',
      where: { model: greatest?.[0] ?? '' },
    });
    if ('reason' in points) throw new Error(points.reason);
    expect(rows.map((row) => row.cells[2])).toEqual(points.map(({ value }) => formatCost(value)));
  });

  it('lists the most expensive and the slowest runs of the time', async () => {
    const shown = await show('/');
    const from = Date.now() - DAY_MS;
    const mostExpensive = wentOnAfter(from)
      .filter((run) => costOf(run) >= 0)
      .toSorted((a, b) => costOf(b) - costOf(a) || endOf(b) - endOf(a))
      .slice(0, 20);
    const rows = shown.tables['Most expensive runs'] ?? [];
    expect(rows.slice(0, mostExpensive.length).map((row) => [row.about, row.cells[5]])).toEqual(
      mostExpensive.map((run) => [run.id, costText(run)]),
    );
    const slowest = ended
      .filter((run) => endOf(run) > from && run.end?.duration_ms !== undefined)
      .toSorted((a, b) => (b.end?.duration_ms ?? 0) - (a.end?.duration_ms ?? 0));
    const goesOn = new Set(open.map(({ id }) => id));
    const slow = (shown.tables['Slowest runs'] ?? []).filter((row) => !goesOn.has(row.about));
    expect(slow.map((row) => row.cells[4])).toEqual(
      slowest.slice(0, slow.length).map((run) => formatDuration(run.end?.duration_ms)),
    );
    expect(shown.tables['Slowest runs']).toHaveLength(20);
  });
});

describe('the list of runs', () => {
  it('has the most expensive of a week, page after page, each with its numbers', async () => {
    const from = Date.now() - 7 * DAY_MS;
    const expected = wentOnAfter(from)
      .filter((run) => costOf(run) >= 0)
      .toSorted((a, b) => costOf(b) - costOf(a) || endOf(b) - endOf(a));
    // By the address of an earlier version, and from page to page: each has its own place.
    let shown = await show('/runs?since=7d&sort=most-expensive');
    for (const offset of [0, 50, 100]) {
      const rows = tableOf(await show(`/runs?since=7d&sort=most-expensive&offset=${offset}`), 'Runs');
      expect(rows.map(readListed)).toEqual(expected.slice(offset, offset + 50).map(listed));
      expect(tableOf(shown, 'Runs').map(readListed)).toEqual(expected.slice(offset, offset + 50).map(listed));
      await show(pathOf(await page.getAttribute('a[rel=next]', 'href')));
      shown = await showPage(page, page.url());
    }
    await page.click('a[rel=prev]');
    shown = await showPage(page, page.url());
    expect(tableOf(shown, 'Runs').map(readListed)).toEqual(expected.slice(100, 150).map(listed));
  });

  it('has above it what all of them sum to, and the same rows as a file', async () => {
    const from = Date.now() - 7 * DAY_MS;
    await show('/runs?time=7d&agent=triage&status=failed');
    const expected = ended.filter(
      (run) =>
        endOf(run) > from &&
        run.end?.['agent.status'] !== 'ok' &&
        run.end?.['gen_ai.agent.name'] === 'triage',
    );
    expect(expected.length).toBeGreaterThan(3);
    const sum = (name: string): Promise<string | null> =>
      page.getAttribute(`[data-sum=${name}]`, 'data-value');
    const cost = expected.reduce((total, run) => total + Math.max(0, costOf(run)), 0);
    expect([await sum('runs'), await sum('cost'), await sum('failed')]).toEqual(
      [expected.length, cost, expected.length].map(String),
    );
    const csv = await (
      await fetch(new URL((await page.getAttribute('a:text("CSV")', 'href')) ?? '', page.url()))
    ).text();
    const lines = csv.trimEnd().split('\r\n');
    const columns = lines[0]?.split(',') ?? [];
    const rows = lines.slice(1).map((line) => line.split(','));
    expect(rows.map((row) => row[columns.indexOf('run')] ?? '').toSorted(compareText)).toEqual(
      expected.map(({ id }) => id).toSorted(compareText),
    );
    const json = (await (
      await fetch(new URL((await page.getAttribute('a:text("JSON")', 'href')) ?? '', page.url()))
    ).json()) as { run: string; cost_usd: number | null }[];
    expect(json.map(({ run }) => run)).toEqual(rows.map((row) => row[columns.indexOf('run')]));
    expect(json.map(({ cost_usd: usd }) => usd)).toEqual(
      json.map(({ run }) => {
        const nanoUsd = costOf(runs.get(run) as RunEvents);
        return nanoUsd < 0 ? null : nanoUsd / 1e9;
      }),
    );
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
    await show('/runs?time=7d');
    await page.fill('main input[name=q]', 'user:user-2 task:refund agent:triage');
    await page.click('button:text("Filter")');
    const rows = tableOf(await show(pathOf(page.url())), 'Runs');
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

  it('finds any of several and none of what is excluded, page after page and as a file, without JavaScript', async () => {
    await show('/runs?time=7d');
    await page.fill('main input[name=q]', 'task:refund task:"sum up" -user:user-2 -status:failed');
    await page.click('button:text("Filter")');
    expect(await page.locator('ul.chips li').allTextContents()).toEqual([
      expect.stringContaining('task: refund'),
      expect.stringContaining('task: sum up'),
      expect.stringContaining('not user: user-2'),
      expect.stringContaining('not status: failed'),
      'clear all',
    ]);
    const from = Date.now() - 7 * DAY_MS;
    const expected = [...runs.values()]
      .filter(({ end, start }) => {
        const own = end ?? start;
        return (
          own !== undefined &&
          own.timestamp > from &&
          ['refund', 'sum up'].includes(own['agent.task_type'] ?? '') &&
          own['user.id'] !== 'user-2' &&
          (end === undefined || end['agent.status'] === 'ok')
        );
      })
      .map(({ id }) => id)
      .toSorted();
    expect(expected.length).toBeGreaterThan(0);
    const file = await page.locator('.pager a:text("JSON")').getAttribute('href');
    const found: string[] = [];
    for (let next: string | null = pathOf(page.url()); next !== null;) {
      found.push(...tableOf(await show(next), 'Runs').map(({ about }) => about));
      const link = page.locator('.pager a:text("Next")');
      next = (await link.count()) === 0 ? null : await link.getAttribute('href');
    }
    expect(found.toSorted()).toEqual(expected);
    const rows = (await (await fetch(new URL(file ?? '', page.url()))).json()) as readonly {
      readonly run: string;
    }[];
    expect(rows.map(({ run }) => run).toSorted()).toEqual(expected);
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
            ['agent.model_call', 'agent.tool_call', 'agent.note', 'agent.limit'].includes(
              event['event.name'],
            ),
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

describe('one session', () => {
  it('has its turns in order with their costs, and the totals of the reference', async () => {
    const sessions = groupsOf('cost', requestOf(9 * DAY_MS, { by: 'session' }));
    const session = [...sessions.keys()].find((name) => name !== '');
    const shown = await show(`/sessions/${session}`);
    const request = { ...requestOf(LIMIT_MS), where: { session: session ?? '' } };
    for (const { signal, value } of shown.numbers) expectSame(value, numberOf(signal, request), signal);
    const beyond = numberOf('not_in_transcript_cost', request) ?? 0;
    expect(shown.numbers).toHaveLength(beyond > 0 ? 4 : 3);
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

describe('the pages', () => {
  it('are all tested: none that a link leads to is left out', async () => {
    const found = new Map<string, string>([['/', '/']]);
    for (const path of found.values()) {
      const { links } = await showPage(page, filled.server.uiUrl + path);
      for (const link of links) {
        const isPage = !/^\/(api|assets|metrics|healthz|search)/.test(link) && !/[?&]format=/.test(link);
        if (isPage && !found.has(patternOf(link))) found.set(patternOf(link), link);
      }
    }
    const tested = Object.values(TESTED_PAGES).flat();
    // A corpus without projects has no page of one.
    expect(tested.filter((path) => path !== '/projects/:id').toSorted()).toEqual(
      [...found.keys()].filter((path) => path !== '/projects/:id').toSorted(),
    );
    expect([...filled.visited].toSorted()).toEqual(TESTED_PAGES.runs.toSorted());
  });
});
