// Overview: is it healthy, what does it cost, what stands out?

import type { Board } from '../board.ts';
import { mostExpensiveRunsTile, slowestRunsTile } from '../lists.ts';
import { CONTEXT_COST } from '../tile.ts';
import { alertListTile } from '../panels/alert-list.ts';
import { dayBarsTile, groupBarsTile } from '../panels/bars.ts';
import { statTile } from '../panels/stat.ts';
import { timeSeriesTile } from '../panels/time-series.ts';

const TOP = { height: 4 } as const;

export const OVERVIEW_BOARD: Board = {
  name: 'overview',
  title: 'Overview',
  question: 'Are the agents healthy, what do they cost today, and what stands out?',
  variables: ['service', 'agent', 'model', 'user', 'task', 'version', 'timezone'],
  from: 'now-24h',
  rows: [
    {
      tiles: [
        statTile('run_success_rate', { width: 4, ...TOP }),
        statTile('run_latency_p50', { title: 'p50 of a run', width: 3, ...TOP }),
        statTile('run_latency_p95', { title: 'p95 of a run', width: 3, ...TOP }),
        statTile('cost_today', { width: 4, ...TOP }),
        statTile('cost_spike', { title: 'Today vs 7-day average', width: 4, ...TOP }),
        statTile('run_count', { title: 'Runs', width: 3, ...TOP }),
        statTile('run_failures', { title: 'Failed runs', width: 3, noticeFrom: 1, ...TOP }),
      ],
    },
    {
      tiles: [
        dayBarsTile('cost', { key: 'cost-by-day', title: 'Cost by day', width: 8, height: 8 }),
        timeSeriesTile(['cost'], {
          key: 'cost-over-time',
          title: 'Cost over the range',
          style: 'bars',
          width: 8,
          height: 8,
        }),
        alertListTile({ width: 8, height: 8 }),
      ],
    },
    {
      tiles: [
        timeSeriesTile(['run_success_rate'], {
          key: 'success-over-time',
          title: 'Success rate over time',
          width: 12,
          height: 8,
        }),
        timeSeriesTile(
          [
            { signal: 'run_latency_p95', name: 'p95' },
            { signal: 'run_latency_p50', name: 'p50' },
          ],
          { key: 'latency-over-time', title: 'Run latency over time', width: 12, height: 8 },
        ),
      ],
    },
    {
      tiles: [mostExpensiveRunsTile({ width: 12, height: 12 }), slowestRunsTile({ width: 12, height: 12 })],
    },
    {
      tiles: [
        groupBarsTile(
          { signal: 'run_failures', by: ['status', 'error'] },
          { key: 'failures-by-type', title: 'Failed runs by type', width: 12, height: 8 },
        ),
        groupBarsTile(
          { signal: 'tool_cost', by: ['tool'] },
          {
            key: 'cost-by-tool',
            title: 'Context cost by tool',
            note: CONTEXT_COST,
            width: 12,
            height: 8,
          },
        ),
      ],
    },
  ],
};
