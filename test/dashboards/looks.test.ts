// Laws of looks and links that every board keeps, read from the committed files: heights, axes, legends, variables,
// and that whatever is clicked leads on, with any name.

import { describe, expect, it } from '@jest/globals';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { tilesOf } from '../../dashboards/board.ts';
import { BOARDS } from '../../dashboards/build.ts';
import { CATALOGUE } from '../../signals/catalogue/index.ts';
import { FILES, PANELS, targetsOf } from './committed.ts';

/** Height of the longest board, in units of the grid, with its closed rows closed. */
const MOST_UNITS = 60;

/** Signals on no board, and what shows the same. */
const SHOWN_BY_OTHERS: Readonly<Record<string, string>> = {
  run_failure_rate: 'the success rate',
  model_latency_p99: 'p50 and p95',
  cost_24h: 'the cost of the range',
  cost_1h: 'the cost of the range',
  cost_daily_mean: 'today against the 7-day average',
  cost_spike_history: 'today against the 7-day average',
  cost_pace_history: 'today so far against the 7-day average',
  cost_adjustment: 'the report of recost',
};

describe('shape', () => {
  it.each(FILES.map((file) => [file.name, file.dashboard] as const))(
    '%s is seen by scrolling twice: what is asked more rarely is in closed rows',
    (_, dashboard) => {
      const bottoms = (dashboard.panels ?? []).map(({ gridPos }) => (gridPos?.y ?? 0) + (gridPos?.h ?? 0));
      expect(Math.max(...bottoms)).toBeLessThanOrEqual(MOST_UNITS);
    },
  );

  const ofShares = PANELS.filter(
    ([, { type, fieldConfig }]) =>
      ['timeseries', 'bargauge'].includes(type) && fieldConfig?.defaults.unit === 'percentunit',
  );
  it.each(ofShares)('axes and bars of shares of %s go from 0 to 1', (_, { fieldConfig }) => {
    expect([fieldConfig?.defaults.min, fieldConfig?.defaults.max]).toEqual([0, 1]);
  });

  const withLegend = PANELS.filter(
    ([, panel]) => panel.type === 'timeseries' && legendOf(panel)?.showLegend === true,
  );
  it.each(withLegend)('the legend of %s has the last and the greatest value', (_, panel) => {
    expect(legendOf(panel)?.calcs).toEqual(expect.arrayContaining(['lastNotNull', 'max']));
  });

  it('boards about what agents do can be narrowed to a version', () => {
    const without = FILES.filter(
      ({ dashboard }) => dashboard.templating.list?.some(({ name }) => name === 'version') !== true,
    );
    // One run has one version; what arrives has none.
    expect(without.map(({ name }) => name).sort()).toEqual(['health.json', 'run.json']);
  });

  it('every signal stands on a board, unless another shows the same', () => {
    const shown = new Set(
      BOARDS.flatMap(tilesOf)
        .flatMap(({ sources }) => Object.values(sources))
        .flatMap((source) => (source.kind === 'signal' ? [source.signal] : [])),
    );
    const missing = CATALOGUE.map(({ id }) => id).filter((id) => !shown.has(id));
    expect(missing.filter((id) => !(id in SHOWN_BY_OTHERS))).toEqual([]);
    expect(Object.keys(SHOWN_BY_OTHERS).filter((id) => shown.has(id))).toEqual([]);
  });
});

describe('links', () => {
  const uids = new Set(FILES.map(({ dashboard }) => dashboard.uid));

  it.each(PANELS)('of %s lead to boards and variables that exist', (_, panel) => {
    const links = JSON.stringify(panel.fieldConfig ?? {}).matchAll(/\/d\/([a-z-]+)\?var-(\w+)=/g);
    for (const [, uid, variable] of links) {
      expect(uids).toContain(uid);
      const target = FILES.find(({ dashboard }) => dashboard.uid === uid)?.dashboard;
      expect(target?.templating.list?.map(({ name }) => name)).toContain(variable);
    }
  });

  it.each(FILES.map((file) => [file.name, file.dashboard] as const))(
    'of %s hold any name: each is escaped where it is put in',
    (_, dashboard) => {
      const urls = urlsIn(dashboard);
      expect(urls.length).toBeGreaterThan(0);
      expect(urls.flatMap(unescaped)).toEqual([]);
    },
  );

  it('a name that is not escaped is noticed', () => {
    expect(unescaped('/d/a?var-user=${__value.raw:percentencode}&${service:queryparam}')).toEqual([]);
    for (const fault of [
      '${__value.raw}',
      '${__value.text}',
      '${__data.fields.user_id}',
      '${user}',
      '$user',
      '${__value.raw:queryparam}',
      '[[user]]',
    ])
      expect(unescaped(`/d/a?var-user=${fault}`)).toEqual([fault]);
    expect(urlsIn({ panels: [{ fieldConfig: { defaults: { links: [{ url: '/d/b' }] } } }] })).toEqual([
      '/d/b',
    ]);
  });

  // Tempo links its traces by itself.
  const tablesOfLoki = PANELS.filter(
    ([, panel]) =>
      panel.type === 'table' && !targetsOf(panel).some(({ datasource }) => datasource?.type === 'tempo'),
  );
  it.each(tablesOfLoki)('lead on from %s', (_, panel) => {
    expect(urlsIn(panel)).not.toEqual([]);
  });

  it('every table with runs leads to the run, in its own time', () => {
    const tables = PANELS.filter(([, panel]) =>
      JSON.stringify(panel.targets ?? []).includes('by (at_ms, agent_run_id'),
    );
    expect(tables.length).toBeGreaterThanOrEqual(4);
    for (const [, panel] of tables) {
      const text = JSON.stringify(panel.fieldConfig);
      expect(text).toContain(
        '/d/tallyspan-run?var-run=${__value.raw:percentencode}&from=${__data.fields.from_ms}&to=${__data.fields.to_ms}',
      );
    }
  });

  it('a trace id leads to Tempo', () => {
    const [, events] = PANELS.find(([name]) => name === 'run.json: What happened, in order') ?? [];
    const url = /"url":"(\/explore[^"]+)"/.exec(JSON.stringify(events?.fieldConfig))?.[1] ?? '';
    const filled = url
      .replaceAll('${tempo}', 'tempo')
      .replace('${__value.raw:percentencode}', 'f'.repeat(32))
      .replace('${__from}', '1')
      .replace('${__to}', '2');
    const panes = new URLSearchParams(filled.split('?')[1]).get('panes') ?? '';
    expect(JSON.parse(panes)).toEqual({
      trace: {
        datasource: 'tempo',
        queries: [
          {
            refId: 'A',
            queryType: 'traceql',
            query: 'f'.repeat(32),
            datasource: { type: 'tempo', uid: 'tempo' },
          },
        ],
        range: { from: '1', to: '2' },
      },
    });
  });
});

function legendOf(panel: Panel): { readonly showLegend: boolean; readonly calcs: string[] } | undefined {
  return (panel.options as { legend?: { showLegend: boolean; calcs: string[] } } | undefined)?.legend;
}

/** Every address anywhere within. */
function urlsIn(part: unknown): string[] {
  if (Array.isArray(part)) return part.flatMap(urlsIn);
  if (typeof part !== 'object' || part === null) return [];
  return Object.entries(part).flatMap(([key, value]) =>
    key === 'url' && typeof value === 'string' ? [value] : urlsIn(value),
  );
}

/** Numbers, uids and what Grafana writes as whole parameters need no escape. */
const SAFE_PARTS =
  /^\$\{(?:__(?:value\.raw|data\.fields\.\w+):percentencode|__data\.fields\.(?:from|to)_ms|\w+:queryparam|__url_time_range|__from|__to|loki|tempo|prometheus)\}$/;

/** What is put into an address as it is, so that `&`, `#` or `+` in it would break it. */
function unescaped(url: string): string[] {
  const parts = [...url.matchAll(/\$\{[^}]*\}|\$\w+|\[\[[^\]]*\]\]/g)].map(([part]) => part);
  return parts.filter((part) => !SAFE_PARTS.test(part));
}
