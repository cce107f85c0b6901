// Links: from a cell to the record behind it, and from board to board.

import {
  DashboardLinkBuilder,
  DashboardLinkType,
  type DashboardLink,
} from '@grafana/grafana-foundation-sdk/dashboard';
import type { Dimension } from '../core/schema.ts';
import { BOARD_UIDS, type BoardName } from './board-ids.ts';
import { FROM_LABEL, TO_LABEL } from './list-query.ts';

/** Tag of every board. */
export const TAG = 'tallyspan';

/** Value of the cell, whatever characters are in it: Grafana itself leaves `&`, `#` and `+` as they are. */
const VALUE = '${__value.raw:percentencode}';
const KEEP_TIME = '${__url_time_range}';
const SAME_SERVICE = '${service:queryparam}';

/** Link of a cell with a run id to the run, in the run's own time. */
export function runBoardLink(): DashboardLink {
  const time = `from=\${__data.fields.${FROM_LABEL}}&to=\${__data.fields.${TO_LABEL}}`;
  return cellLink('Open the run', `/d/${BOARD_UIDS.run}?var-run=${VALUE}&${time}`);
}

/** Link of a cell with a trace id to the trace in Tempo. */
export function traceLink(): DashboardLink {
  const range = { from: '${__from}', to: '${__to}' };
  const queries = [
    {
      refId: 'A',
      queryType: 'traceql',
      query: VALUE,
      datasource: { type: 'tempo', uid: '${tempo}' },
    },
  ];
  const panes = { trace: { datasource: '${tempo}', queries, range } };
  return cellLink(
    'Open the trace in Tempo',
    `/explore?schemaVersion=1&panes=${encodeKeepingVariables(JSON.stringify(panes))}`,
  );
}

/** Value of another field of the row, for bars: their own value is a number. */
export function fieldValue(label: string): string {
  return `\${__data.fields.${label}:percentencode}`;
}

/** What the value of a dimension leads to, if it leads anywhere. `value` is that of the cell when absent. */
export function groupLink(dimension: Dimension, value?: string): DashboardLink | undefined {
  switch (dimension) {
    case 'user':
      return narrowLink('users', 'user', 'What this user does', value);
    case 'tool':
      return narrowLink('tools', 'tool', 'What this tool does', value);
    case 'session':
      return narrowLink('users', 'session', 'The runs of this session', value);
    case 'service':
      return narrowLink('overview', 'service', 'Overview of this service', value);
    case 'agent':
    case 'model':
    case 'task':
    case 'version':
      return narrowLink('cost', dimension, `What this ${dimension} costs`, value);
    default:
      return undefined;
  }
}

/** Link of a cell to a board with a variable set to a value. */
function narrowLink(board: BoardName, variable: string, title: string, value: string = VALUE): DashboardLink {
  // The choice of a service is handed on, unless it is what is chosen.
  const service = variable === 'service' ? '' : `&${SAME_SERVICE}`;
  return cellLink(title, `/d/${BOARD_UIDS[board]}?var-${variable}=${value}${service}&${KEEP_TIME}`);
}

function cellLink(title: string, url: string): DashboardLink {
  // A link of a field has only these; the builder's other keys belong to links of a board.
  return { title, url, targetBlank: false } as DashboardLink;
}

/** Links of a board to the others. */
export function boardLinks(): DashboardLink[] {
  const { placement: _, ...link } = new DashboardLinkBuilder('Boards')
    .type(DashboardLinkType.Dashboards)
    .tags([TAG])
    .asDropdown(true)
    .includeVars(true)
    .keepTime(true)
    .tooltip('The other boards, with the same time and variables')
    .icon('external link')
    .build();
  return [link];
}

function encodeKeepingVariables(text: string): string {
  return text
    .split(/(\$\{[^}]+\})/)
    .map((part) => (part.startsWith('${') ? part : encodeURIComponent(part)))
    .join('');
}
