// Alert list: which rules fire now.

import { PanelBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { tileOf, type Size, type Tile } from '../tile.ts';

/** The firing and pending rules, the gravest first. Asks no data source. */
export function alertListTile(size: Size): Tile {
  const built = new PanelBuilder()
    .type('alertlist')
    .options({
      alertInstanceLabelFilter: '',
      alertName: '',
      dashboardAlerts: false,
      groupBy: [],
      groupMode: 'default',
      maxItems: 20,
      showInactiveAlerts: false,
      sortOrder: 3,
      stateFilter: { error: true, firing: true, noData: false, normal: false, pending: true },
      viewMode: 'list',
    })
    .build();
  return tileOf(
    {
      key: 'alerts',
      title: 'Alerts that fire now',
      description:
        'Rules that fire or are about to.\n\n**A bad value:** any red line.\n\n**What to do:** open the rule; its notice names the likely cause, the dearest or newest run behind it, and the first thing to try.',
    },
    size,
    built,
    [],
    { type: 'datasource', uid: '-- Grafana --' },
  );
}
