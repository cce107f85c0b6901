// The boards in a real Grafana: it runs where GRAFANA_URL is its address and GRAFANA_AUTH `user:password` of
// someone who may write boards. Its Loki has data where LOKI_URL, as seen from here, is set too.

import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { DAY_MS } from '../../core/time.ts';
import { dashboardOf } from '../../dashboards/board.ts';
import { BOARDS } from '../../dashboards/build.ts';
import { liveCorpus } from '../signals/corpora.ts';
import { pushEvents } from '../signals/backends.ts';
import { interpolate, panelsOf, type LokiTarget } from './grafana.ts';

const GRAFANA_URL = process.env['GRAFANA_URL'];
const AUTH = process.env['GRAFANA_AUTH'] ?? 'admin:admin';
if (GRAFANA_URL === undefined) process.stdout.write('SKIP grafana because GRAFANA_URL is not set\n');
const describeWithGrafana = GRAFANA_URL === undefined ? describe.skip : describe;
const TEST_LIMIT_MS = 300_000;
const STEP_MS = 900_000;

describeWithGrafana('a real Grafana', () => {
  const lokiUrl = process.env['LOKI_URL'];
  let lokiUid: string;

  beforeAll(async () => {
    const sources = (await call('GET', '/api/datasources')) as { uid: string; type: string }[];
    lokiUid = sources.find(({ type }) => type === 'loki')?.uid ?? '';
    if (lokiUid === '') throw new Error('this Grafana has no Loki data source');
    if (lokiUrl !== undefined) await pushEvents(`${lokiUrl}/otlp`, liveCorpus(Date.now(), ['shop', 'desk']));
  }, TEST_LIMIT_MS);

  it.each(BOARDS.map((board) => [board.name, dashboardOf(board)] as const))(
    'takes and gives back the board %s',
    async (_, dashboard) => {
      await call('POST', '/api/dashboards/db', { dashboard: { ...dashboard, id: null }, overwrite: true });
      const stored = (await call('GET', `/api/dashboards/uid/${dashboard.uid}`)) as { dashboard: Dashboard };
      expect(stored.dashboard.title).toBe(dashboard.title);
      expect(panelsOf(stored.dashboard).map(({ id }) => id)).toEqual(panelsOf(dashboard).map(({ id }) => id));
    },
    TEST_LIMIT_MS,
  );

  it.each(BOARDS.map((board) => [board.name, dashboardOf(board)] as const))(
    'answers every query of the board %s without an error',
    async (_, dashboard) => {
      const to = Date.now();
      for (const panel of panelsOf(dashboard)) {
        for (const target of (panel.targets ?? []) as unknown as LokiTarget[]) {
          if (target.datasource?.type !== 'loki') continue;
          const expr = interpolate(target.expr, dashboard.templating.list ?? []);
          const query = {
            ...target,
            expr,
            datasource: { type: 'loki', uid: lokiUid },
            intervalMs: STEP_MS,
            maxDataPoints: 100,
          };
          const answer = (await call('POST', '/api/ds/query', {
            from: String(to - DAY_MS),
            to: String(to),
            queries: [query],
          })) as { results: Record<string, { error?: string; frames?: unknown[] }> };
          const result = answer.results[target.refId];
          expect([panel.title, result?.error]).toEqual([panel.title, undefined]);
          const least = lokiUrl !== undefined && panel.type === 'timeseries' ? 1 : 0;
          expect(result?.frames?.length ?? 0).toBeGreaterThanOrEqual(least);
        }
      }
    },
    TEST_LIMIT_MS,
  );
});

async function call(method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown> {
  const response = await fetch(`${GRAFANA_URL}${path}`, {
    method,
    headers: {
      authorization: `Basic ${Buffer.from(AUTH).toString('base64')}`,
      'content-type': 'application/json',
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return JSON.parse(text);
}
