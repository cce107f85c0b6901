// Users and sessions: who uses the agents, what does each cost, and who has trouble?

import type { Board } from '../board.ts';
import { newestRunsTile } from '../lists.ts';
import { groupBarsTile } from '../panels/bars.ts';
import { statTile } from '../panels/stat.ts';
import { groupTableTile } from '../panels/table.ts';
import { timeSeriesTile } from '../panels/time-series.ts';
import type { Dimension } from '../../core/schema.ts';
import type { Tile } from '../tile.ts';

const TOP = { height: 4 } as const;
const ROW = { height: 7 } as const;
const MOST_ROWS = 50;

/** Most expensive first. */
function costTable(dimension: Dimension, title: string): Tile {
  return groupTableTile({
    key: `by-${dimension}`,
    title,
    by: [dimension],
    top: MOST_ROWS,
    measures: [
      { signal: 'cost', name: 'Cost' },
      { signal: 'run_ended_count', name: 'Runs' },
    ],
    width: 12,
    height: 10,
  });
}

/** Who waits longest first: that is quicker to find than who costs most. */
function timeTable(dimension: Dimension, title: string): Tile {
  return groupTableTile({
    key: `time-by-${dimension}`,
    title,
    by: [dimension],
    top: MOST_ROWS,
    measures: [
      { signal: 'run_latency_p95', name: 'p95' },
      { signal: 'run_success_rate', name: 'Success' },
      { signal: 'turns_per_run', name: 'Turns' },
      { signal: 'cost_per_successful_run', name: 'Per ok run' },
    ],
    width: 12,
    height: 10,
  });
}

export const USERS_BOARD: Board = {
  name: 'users',
  title: 'Users and sessions',
  question: 'Who uses the agents, what does each one cost, and who has trouble?',
  variables: ['service', 'agent', 'model', 'user', 'task', 'version', 'session', 'timezone'],
  from: 'now-7d',
  rows: [
    {
      tiles: [
        statTile('cost', { title: 'Cost of the range', width: 5, ...TOP }),
        statTile('run_count', { width: 4, ...TOP }),
        statTile('run_success_rate', { width: 5, ...TOP }),
        statTile('cost_per_conversation', { width: 5, ...TOP }),
        statTile('turns_per_conversation', { width: 5, ...TOP }),
      ],
    },
    // The link of a session leads here: its runs are what it changes.
    { tiles: [newestRunsTile({ width: 24, height: 8 })] },
    { tiles: [costTable('user', 'Users, most expensive first'), timeTable('user', 'Users, slowest first')] },
    {
      tiles: [
        groupBarsTile(
          { signal: 'cost_today', by: ['user'] },
          { key: 'today-by-user', title: 'Cost today by user', width: 12, height: 8 },
        ),
        groupBarsTile(
          { signal: 'run_failures', by: ['user'] },
          { key: 'failures-by-user', title: 'Failed runs by user', width: 12, height: 8 },
        ),
      ],
    },
    {
      tiles: [
        costTable('session', 'Sessions, most expensive first'),
        timeTable('session', 'Sessions, slowest first'),
      ],
    },
    {
      title: 'Limits',
      tiles: [
        statTile('limit_refusals', { width: 4, ...ROW }),
        statTile('limit_used_ratio', { width: 4, ...ROW }),
        timeSeriesTile([{ signal: 'limit_refusals', by: ['limit'] }], {
          key: 'refusals-over-time',
          title: 'Refused requests, by limit',
          style: 'bars',
          width: 8,
          ...ROW,
        }),
        groupBarsTile(
          { signal: 'limit_refusals', by: ['user'] },
          { key: 'refusals-by-user', title: 'Refused requests by user', width: 8, ...ROW },
        ),
      ],
    },
  ],
};
