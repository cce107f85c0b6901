// Alert list: which rules of tallyspan fire now, for what, and their words.

import { PanelBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { tileOf, type Size, type Tile } from '../tile.ts';

/** Folder of the rules: in a Grafana with others, only ours are listed. */
const FOLDER = 'tallyspan alerts';

/** The firing rules, the gravest first, each with what it fires for. Asks no data source. */
export function alertListTile(size: Size): Tile {
  const built = new PanelBuilder()
    .type('alertlist')
    .options({
      alertInstanceLabelFilter: '',
      alertName: '',
      dashboardAlerts: false,
      folder: { title: FOLDER },
      groupBy: [],
      groupMode: 'default',
      maxItems: 20,
      showInactiveAlerts: false,
      showInstances: true,
      sortOrder: 3,
      stateFilter: { error: true, firing: true, noData: false, normal: false, pending: false },
      viewMode: 'list',
    })
    .build();
  return tileOf(
    {
      key: 'alerts',
      title: 'Alerts that fire now',
      description:
        'Rules that fire now, each with the user, session, tool or run that it fires for.\n\n**A bad value:** any red line.\n\n**What to do:** open the rule; its notice names the board to look at, and the first thing to try.',
    },
    size,
    built,
    [],
    { type: 'datasource', uid: '-- Grafana --' },
  );
}
