// The search tool that quietly costs $40 a day is the first row of every table of tools and the longest bar,
// on a real Loki.

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { EventRecord } from '../../core/event.ts';
import { DAY_MS, localDateAt, startOfDate } from '../../core/time/time.ts';
import { dashboardOf } from '../../dashboards/board.ts';
import {
  carriedCostOf,
  SEARCH_TOOL,
  SEARCH_TOOL_TOLERANCE,
  SEARCH_TOOL_USD,
  searchToolCorpus,
} from '../fixtures/search-tool.ts';
import { pushEvents } from '../signals/backends.ts';
import { openLoki, type LokiServer } from '../stack/loki.ts';
import { BUILD_TIMEOUT_MS, describeWith } from '../stack/tier.ts';
import { askLoki } from './grafana.ts';
import { zoneNearNoon } from './places/noon.ts';
import { BOARDS } from '../../dashboards/build.ts';
import { queriesOfKind, type Query } from './places/queries.ts';
import { writeOut } from '../stack/written-out.ts';

/** Every panel that shows what tools cost, one by one. */
const PANELS = BOARDS.filter(({ name }) => name !== 'run').flatMap((board) =>
  queriesOfKind(board, 'signal')
    .map(([, query]) => query)
    .filter(
      ({ source }) => source.signal === 'tool_cost' && source.by[0] === 'tool' && source.over === 'range',
    ),
);

(await describeWith('loki'))('the dearest tool on the boards', () => {
  let loki: LokiServer;
  let events: EventRecord[];
  let now: number;
  let timezone: string;
  let dayStartMs: number;

  beforeAll(async () => {
    loki = await openLoki();
    now = Date.now();
    timezone = zoneNearNoon(now);
    dayStartMs = startOfDate(localDateAt(now, timezone), timezone);
    events = searchToolCorpus({ dayStartMs, nowMs: now, usualDays: 3 });
    await pushEvents(loki.otlpUrl, events);
    await writeOut(loki, events);
  }, BUILD_TIMEOUT_MS);

  afterAll(async () => {
    await loki.stop();
  });

  it('is there: the day costs what it says', () => {
    const usd = carriedCostOf(events, SEARCH_TOOL, dayStartMs) / 1e9;
    expect(Math.abs(usd / SEARCH_TOOL_USD - 1)).toBeLessThan(SEARCH_TOOL_TOLERANCE);
  });

  it.each(PANELS.map((query) => [query.place, query] as const))(
    'is named first in %s, with its cost',
    async (_, query) => {
      const days = query.board.name === 'overview' ? 1 : 4;
      const range = { from: now - days * DAY_MS, to: now };
      const dashboard = dashboardOf(query.board);
      const choices = { timezone };
      const frames = await askLoki(loki.url, dashboard, query.panel, query.target, { range, now, choices });
      const rows = frames
        .map(({ labels, points }) => ({
          tool: labels['gen_ai_tool_name'],
          usd: [...points.values()][0] ?? 0,
        }))
        .sort((a, b) => b.usd - a.usd);
      expect(rows.length).toBeGreaterThan(5);
      expect(rows[0]?.tool).toBe(SEARCH_TOOL);
      expect(rows[0]?.usd).toBeCloseTo(carriedCostOf(events, SEARCH_TOOL, range.from) / 1e9, 6);
      // The row is first because the table is sorted by this column, the bars by the query.
      expect(orderOf(query)).toBe('greatest first');
    },
  );

  it('is looked for in the overview, on the cost board and on the board of tools', () => {
    expect(new Set(PANELS.map(({ board }) => board.name))).toEqual(new Set(['overview', 'cost', 'tools']));
  });
});

/** How the panel puts the groups of a query in order. */
function orderOf({ panel, target }: Query): string {
  if (panel.type !== 'table') return target.expr.startsWith('sort_desc(') ? 'greatest first' : 'none';
  const options = panel.transformations?.find(({ id }) => id === 'sortBy')?.options as
    { sort: { field: string; desc: boolean }[] } | undefined;
  const [sort] = options?.sort ?? [];
  // Grafana names the column of a query so, whatever its legend.
  return sort?.desc === true && sort.field === `Value #${target.refId}`
    ? 'greatest first'
    : `by ${sort?.field}`;
}
