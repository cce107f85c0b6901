// The boards and rules in a real Grafana: in a container of its image where it is there or can be pulled, or in
// the one at GRAFANA_URL (with GRAFANA_AUTH `user:password` of someone who may write boards, and LOKI_URL, its
// Loki as seen from here).

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import type { Browser } from 'playwright-core';
import { startBrowser } from '../../scripts/browser.ts';
import { RULES } from '../../alerts/rules/all-rules.ts';
import { DAY_MS } from '../../core/time/time.ts';
import { dashboardOf } from '../../dashboards/board.ts';
import { BOARDS } from '../../dashboards/build.ts';
import { describeWhere } from '../fixtures/describe-where.ts';
import { liveCorpus } from '../signals/corpora.ts';
import { pushEvents } from '../signals/backends.ts';
import { waitUntil } from '../stack/process.ts';
import { askLoki, interpolate, panelsOf, rangeOf, stepOf, type Choices } from './grafana.ts';
import { findGrafana, type GrafanaUnderTest } from './grafana-container.ts';
import { panelQueriesOf, queriesOf } from './places/queries.ts';
import { tableOf } from './browser.ts';
import { drawBoard } from './drawn.ts';
import { loadGrafanaData, type GrafanaData } from './grafana-data.ts';

const found = await findGrafana();
const describeWithGrafana = typeof found === 'string' ? describeWhere(false, 'grafana', found) : describe;
const START_LIMIT_MS = 600_000;
const TEST_LIMIT_MS = 300_000;
const RANGE_MS = 2 * DAY_MS;

interface Answer {
  readonly error?: string;
  readonly frames?: readonly { readonly data?: { readonly values?: readonly (readonly unknown[])[] } }[];
}

interface RuleState {
  readonly name: string;
  readonly health: string;
  readonly lastError?: string;
}

describeWithGrafana('a real Grafana', () => {
  let grafana: GrafanaUnderTest;
  let lokiUid: string;
  let now: number;
  let run: string;
  let browser: Browser;
  let library: GrafanaData;

  beforeAll(async () => {
    if (typeof found === 'string') throw new Error(found);
    grafana = await found();
    const sources = (await call('GET', '/api/datasources')) as { uid: string; type: string }[];
    lokiUid = sources.find(({ type }) => type === 'loki')?.uid ?? '';
    if (lokiUid === '') throw new Error('this Grafana has no Loki data source');
    library = loadGrafanaData();
    browser = await startBrowser();
    now = Date.now();
    const events = liveCorpus(now, ['shop', 'desk']);
    run = events.findLast((event) => event['tool.ok'] === false)?.['agent.run_id'] ?? '';
    if (grafana.lokiUrl !== undefined) await pushEvents(`${grafana.lokiUrl}/otlp`, events);
  }, START_LIMIT_MS);

  afterAll(async () => {
    await browser?.close();
    await grafana?.stop();
  }, TEST_LIMIT_MS);

  it.each(BOARDS.map((board) => [board.name, dashboardOf(board)] as const))(
    'has the board %s, and takes and gives it back',
    async (_, dashboard) => {
      if (!grafana.hasRules)
        await call('POST', '/api/dashboards/db', { dashboard: { ...dashboard, id: null }, overwrite: true });
      const stored = (await call('GET', `/api/dashboards/uid/${dashboard.uid}`)) as { dashboard: Dashboard };
      expect(stored.dashboard.title).toBe(dashboard.title);
      expect(panelsOf(stored.dashboard).map(({ id }) => id)).toEqual(panelsOf(dashboard).map(({ id }) => id));
    },
    TEST_LIMIT_MS,
  );

  it.each(BOARDS.map((board) => [board.name, board] as const))(
    'answers every query of the board %s, with data wherever Loki has some',
    async (_, board) => {
      const dashboard = dashboardOf(board);
      const choices: Choices = board.name === 'run' ? { run } : {};
      for (const { panel, target } of queriesOf(board)) {
        if (target.datasource?.type !== 'loki') continue;
        const range = rangeOf(panel, { from: now - RANGE_MS, to: now }, now);
        const text = interpolate(target.expr, dashboard.templating.list ?? [], choices);
        // These two the browser puts in.
        const expr = text.replaceAll('$__from', String(range.from)).replaceAll('$__to', String(range.to));
        const query = {
          ...target,
          expr,
          datasource: { type: 'loki', uid: lokiUid },
          intervalMs: stepOf(panel, range),
          maxDataPoints: panel.maxDataPoints ?? 1000,
        };
        const { results } = (await call('POST', '/api/ds/query', {
          from: String(range.from),
          to: String(range.to),
          queries: [query],
        })) as { results: Record<string, Answer> };
        const answer = results[target.refId];
        expect([panel.title, target.refId, answer?.error]).toEqual([panel.title, target.refId, undefined]);
        if (grafana.lokiUrl === undefined) continue;
        const direct = await askLoki(grafana.lokiUrl, dashboard, panel, target, {
          range: { from: now - RANGE_MS, to: now },
          now,
          choices,
        });
        const hasData = (answer?.frames ?? []).some(({ data }) => (data?.values?.[0]?.length ?? 0) > 0);
        expect([panel.title, target.refId, hasData]).toEqual([panel.title, target.refId, direct.length > 0]);
      }
    },
    TEST_LIMIT_MS,
  );

  it.each(BOARDS.map((board) => [board.name, board] as const))(
    'draws the board %s without an error, and the first rows of its tables',
    async (_, board) => {
      const dashboard = dashboardOf(board);
      const range = { from: now - RANGE_MS, to: now };
      const choices: Record<string, string> = board.name === 'run' ? { run } : {};
      const sources = { loki: lokiUid };
      const drawn = await drawBoard(browser, grafana, dashboard, range, { ...sources, ...choices });
      expect(drawn.filter(({ hasError }) => hasError)).toEqual([]);
      const open = new Set(
        (dashboard.panels ?? []).flatMap(({ title = '', type }) => (type === 'row' ? [] : [title])),
      );
      expect(drawn.map(({ title }) => title).sort()).toEqual([...open].sort());
      const { lokiUrl } = grafana;
      if (lokiUrl === undefined) return;
      for (const { panel, targets } of panelQueriesOf(board)) {
        const isOfLoki = targets.every(({ datasource }) => datasource?.type === 'loki');
        if (panel.type !== 'table' || !isOfLoki || !open.has(panel.title ?? '')) continue;
        const answers = await Promise.all(
          targets.map(async (target) => ({
            target,
            series: await askLoki(lokiUrl, dashboard, panel, target, { range, now, choices }),
          })),
        );
        const { heads, rows } = tableOf(library, panel, answers);
        const text = drawn.find(({ title }) => title === panel.title)?.text ?? '';
        const wanted = [...heads.slice(0, 3), ...(rows[0]?.slice(0, 3).map((cell) => cell.text) ?? [])];
        expect([panel.title, wanted.filter((part) => !text.includes(part))]).toEqual([panel.title, []]);
      }
    },
    TEST_LIMIT_MS,
  );

  it(
    'has every alert rule of the stack, and none is in error',
    async () => {
      const titles = new Set(RULES.map(({ title }) => title));
      const read = async (): Promise<RuleState[]> => {
        const answer = (await call('GET', '/api/prometheus/grafana/api/v1/rules')) as {
          data: { groups: { rules: RuleState[] }[] };
        };
        return answer.data.groups.flatMap((group) => group.rules).filter(({ name }) => titles.has(name));
      };
      // A Grafana elsewhere need not have our rules; a container has all of them.
      const expected = grafana.hasRules ? RULES.length : (await read()).length;
      const rules = await waitUntil(
        async () => {
          const states = await read();
          const areKnown = states.every(({ health }) => health !== 'unknown');
          return states.length === expected && areKnown ? states : undefined;
        },
        { what: () => `${expected} rules to be evaluated`, timeoutMs: TEST_LIMIT_MS - 10_000 },
      );
      expect(rules.filter(({ health }) => health === 'error')).toEqual([]);
    },
    TEST_LIMIT_MS,
  );

  async function call(method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${grafana.url}${path}`, {
      method,
      headers: {
        authorization: `Basic ${Buffer.from(grafana.auth).toString('base64')}`,
        'content-type': 'application/json',
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  }
});
