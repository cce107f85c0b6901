import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Page } from 'playwright-core';
import { isPseudoTool } from '../../core/attribution/owner-names.ts';
import { formatCost } from '../../core/text/format.ts';
import { DAY_MS, dayOf } from '../../core/time/time.ts';
import { thingsPath } from '../../server/thing-path.ts';
import { BREAKDOWNS } from '../../server/web/pages/breakdown/breakdown-data.ts';
import { THING_KINDS, type ThingKind } from '../../server/web/pages/thing/thing-data.ts';
import { signalOf } from '../../signals/catalogue/index.ts';
import { evaluateSeries } from '../../signals/evaluate.ts';
import { TESTED_PAGES, startFilledServer, type FilledServer } from './filled-server.ts';
import {
  events,
  expectSame,
  expectTrends,
  groupsOf,
  numberOf,
  requestOf,
  tableOf,
  isOf,
  wentOnAfter,
} from './page-oracle.ts';

// The lists of things and the page of each: every number is that of the reference evaluator.

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

describe.each(BREAKDOWNS.map((kind) => [kind.path, kind] as const))('%s', (path, kind) => {
  it.each([
    ['24h', DAY_MS],
    ['7d', 7 * DAY_MS],
  ])('of %s has the numbers of the reference in every cell', async (window, lengthMs) => {
    const shown = await show(`${path}?time=${window}`);
    const request = requestOf(lengthMs);
    expect(shown.numbers.map(({ signal }) => signal)).toEqual(['cost', kind.counted]);
    for (const { signal, value } of shown.numbers) expectSame(value, numberOf(signal, request), signal);
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

  it('is sorted by every heading, either way, and is the same as a file', async () => {
    for (const { signal } of kind.columns.slice(0, 2)) {
      const down = tableOf(await show(`${path}?time=7d&sort=${signal}`), kind.title);
      const values = down.map((row) => row.numbers.find((one) => one.signal === signal)?.value ?? null);
      const known = values.filter((value) => value !== null);
      expect(known).toEqual(known.toSorted((a, b) => b - a));
      expect(values.slice(known.length)).toEqual(values.slice(known.length).map(() => null));
      const up = tableOf(await show(`${path}?time=7d&sort=${signal}&order=ascending`), kind.title);
      const turned = up.map((row) => row.numbers.find((one) => one.signal === signal)?.value ?? null);
      const least = down.length < 50 ? known.toReversed() : turned.slice(0, known.length);
      expect(turned.slice(0, known.length)).toEqual(least);
    }
    const rows = tableOf(await show(`${path}?time=7d`), kind.title);
    const href = (await page.getAttribute('a:text("JSON")', 'href')) ?? '';
    const file = (await (await fetch(new URL(href, page.url()))).json()) as Record<string, unknown>[];
    expect(file.slice(0, rows.length).map((row) => row[kind.dimension] ?? '')).toEqual(
      rows.map(({ about }) => about),
    );
    const [first] = rows;
    const cost = first?.numbers.find(({ signal }) => signal === kind.cost)?.value ?? null;
    expect(file[0]?.['cost_usd']).toBe(cost === null ? null : cost / 1e9);
  });
});

/** The most expensive one of a week; undefined where the corpus has none. */
function greatestOf(kind: ThingKind): string | undefined {
  return [...groupsOf(kind.cost, requestOf(7 * DAY_MS, { by: kind.dimension }))]
    .filter(([name]) => name !== '' && !isPseudoTool(name))
    .toSorted((a, b) => b[1] - a[1])[0]?.[0];
}

const PRESENT_KINDS = THING_KINDS.filter((kind) => greatestOf(kind) !== undefined);

describe.each(PRESENT_KINDS.map((kind) => [thingsPath(kind.dimension), kind] as const))(
  '%s/:id',
  (path, kind) => {
    it('has the numbers of the reference, narrowed to one, and its runs', async () => {
      const request = requestOf(7 * DAY_MS);
      const name = greatestOf(kind) ?? '';
      const shown = await show(`${path}/${encodeURIComponent(name)}`);
      const where = { [kind.dimension]: name };
      expect(shown.numbers.map(({ signal }) => signal)).toEqual(kind.numbers.map(({ signal }) => signal));
      for (const { signal, value } of shown.numbers)
        expectSame(value, numberOf(signal, { ...request, where }), signal);
      for (const by of kind.splits) {
        const split = [...groupsOf(kind.cost, { ...request, where, by })].toSorted((a, b) => b[1] - a[1]);
        expect([by, (shown.tables[`By ${by}`] ?? []).map((row) => row.cells[1])]).toEqual([
          by,
          split.slice(0, 6).map(([, cost]) => formatCost(cost)),
        ]);
      }
      const [cost] = kind.numbers;
      const points = evaluateSeries(signalOf(kind.cost), events, {
        ...request,
        from: dayOf(request.from, 'UTC').to,
        where,
        step: 'day',
      });
      if ('reason' in points) throw new Error(points.reason);
      expect((shown.tables[`${cost?.title} by day`] ?? []).map((row) => row.cells[1])).toEqual(
        points.map(({ value }) => formatCost(value)),
      );
      const newest = shown.tables['Newest runs'] ?? [];
      const own = wentOnAfter(request.from).filter((run) => isOf(run, kind.dimension, name));
      expect(newest.length).toBe(Math.min(10, own.length));
      for (const row of newest) expect(own.map(({ id }) => id)).toContain(row.about);
      expect(await page.getAttribute('[data-sum=runs]', 'data-value')).toBe(String(own.length));
    });
  },
);

it('shows every page that it is to show', () => {
  const expected = TESTED_PAGES.things.filter((path) => path !== '/projects/:id');
  expect([...filled.visited].filter((path) => path !== '/projects/:id').toSorted()).toEqual(
    expected.toSorted(),
  );
});
