// The boards as they are committed: what Grafana loads, and nothing else.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Dashboard, Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { panelsOf, type LokiTarget } from './grafana.ts';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');

interface Named {
  readonly name: string;
  readonly dashboard: Dashboard;
}

export const FILES: readonly Named[] = readdirSync(join(ROOT, 'dashboards/dist')).map((file) => ({
  name: file,
  dashboard: JSON.parse(readFileSync(join(ROOT, 'dashboards/dist', file), 'utf8')) as Dashboard,
}));
/** Every panel, named by its file and title. */
export const PANELS = FILES.flatMap(({ name, dashboard }) =>
  panelsOf(dashboard).map((panel) => [`${name}: ${panel.title}`, panel, dashboard] as const),
);

/** The queries of a panel, as any data source has them. */
export function targetsOf(panel: Panel): readonly LokiTarget[] {
  return (panel.targets ?? []) as unknown as LokiTarget[];
}
