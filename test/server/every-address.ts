// Every address of the page's port that answers a GET, with the runs and sessions that the server has, for tests that
// ask all of them.

import { DIMENSIONS } from '../../core/schema.ts';
import { USAGE_KINDS } from '../../server/queries/usage/read-usage.ts';
import { CATALOGUE } from '../../signals/catalogue/index.ts';
import type { RunningServer } from '../../server/start-server.ts';
import { getJson } from './harness.ts';

const PAGES = [
  '/',
  '/runs',
  '/diagnose',
  '/sessions',
  '/tools',
  '/models',
  '/users',
  '/tasks',
  '/agents',
  '/findings',
  '/reconcile',
  '/alerts',
  '/received',
];
const COST_GROUPS = ['day', 'model', 'user', 'tool', 'task', 'agent', 'project', 'source', 'session'];
/** Runs of each kind whose pages are asked for. */
const RUNS = 5;

export async function addressesOf(server: Pick<RunningServer, 'uiUrl'>): Promise<string[]> {
  const runs = await getJson<{ 'agent.run_id': string; 'gen_ai.conversation.id'?: string }[]>(
    server,
    '/api/runs?limit=50',
  );
  const picked = [...runs.slice(0, RUNS), ...runs.slice(-RUNS)];
  const ids = picked.map((run) => encodeURIComponent(run['agent.run_id']));
  const sessions = picked.flatMap((run) => {
    const session = run['gen_ai.conversation.id'];
    return session ? [encodeURIComponent(session)] : [];
  });
  return [
    ...PAGES,
    ...['/tools', '/models', '/users', '/tasks', '/sessions', '/agents'].map((page) => `${page}?window=30d`),
    ...['newest', 'slowest', 'dearest'].map((sort) => `/runs?sort=${sort}&unpriced=true`),
    ...ids.flatMap((id) => [`/runs/${id}`, `/api/runs/${id}`, `/api/runs/${id}/recording`]),
    ...ids.slice(1).map((id) => `/compare?a=${ids[0]}&b=${id}`),
    ...sessions.map((session) => `/sessions/${session}`),
    '/healthz',
    '/metrics',
    '/api/openapi.json',
    '/api/reconcile?since=30d',
    '/api/findings',
    '/api/billing',
    '/api/meta',
    '/api/alerts',
    '/api/runs?sort=dearest',
    '/api/runs?sort=slowest&failed=true',
    ...COST_GROUPS.flatMap((by) => [`/api/cost?by=${by}`, `/api/cost?by=${by}&since=30d`]),
    ...USAGE_KINDS.map((kind) => `/api/usage?kind=${kind}&since=30d`),
    '/api/statusline',
    '/api/diagnosis?from=7d&to=now',
    '/api/diagnosis?from=today&against=7d',
    '/api/whatif?from=7d&to=now&batch=true',
    ...CATALOGUE.map(({ id }) => `/api/signals/${id}?window=24h`),
    ...CATALOGUE.slice(0, 3).flatMap(({ id }) =>
      DIMENSIONS.map((by) => `/api/signals/${id}?window=7d&by=${by}`),
    ),
    ...['jsonl', 'csv', 'parquet'].map((format) => `/api/export?format=${format}`),
    '/api/backup',
  ];
}
