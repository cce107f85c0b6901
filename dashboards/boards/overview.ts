// Overview: is it healthy, what does it cost, what stands out?

import type { Board } from '../board.ts';
import { mostExpensiveRunsTile, slowestRunsTile } from '../lists.ts';
import { alertListTile } from '../panels/alert-list.ts';
import { dayBarsTile, groupBarsTile } from '../panels/bars.ts';
import { statTile } from '../panels/stat.ts';
import { timeSeriesTile } from '../panels/time-series.ts';

const TOP = { height: 4 } as const;

export const OVERVIEW_BOARD: Board = {
  name: 'overview',
  title: 'Overview',
  question: 'Are the agents healthy, what do they cost today, and what stands out?',
  variables: ['service', 'agent', 'model', 'user', 'task', 'timezone'],
  from: 'now-24h',
  rows: [
    {
      tiles: [
        statTile('run_success_rate', { width: 4, ...TOP }),
        statTile(
          [
            { signal: 'run_latency_p50', name: 'p50' },
            { signal: 'run_latency_p95', name: 'p95' },
          ],
          { key: 'run-latency', title: 'Run latency', width: 6, ...TOP },
        ),
        statTile('cost_today', { width: 4, ...TOP }),
        statTile('cost_spike', { title: 'Cost today ÷ mean of the last 7 days', width: 4, ...TOP }),
        statTile(
          [
            { signal: 'run_count', name: 'started' },
            { signal: 'run_failures', name: 'failed or lost' },
          ],
          { key: 'runs', title: 'Runs', width: 6, ...TOP },
        ),
      ],
    },
    {
      tiles: [
        dayBarsTile('cost', { key: 'cost-by-day', title: 'Cost by day', width: 12, height: 8 }),
        timeSeriesTile(['cost'], {
          key: 'cost-over-time',
          title: 'Cost over the range',
          style: 'bars',
          width: 12,
          height: 8,
        }),
      ],
    },
    {
      tiles: [
        timeSeriesTile(['run_success_rate'], {
          key: 'success-over-time',
          title: 'Success rate over time',
          width: 12,
          height: 7,
        }),
        timeSeriesTile(
          [
            { signal: 'run_latency_p95', name: 'p95' },
            { signal: 'run_latency_p50', name: 'p50' },
          ],
          { key: 'latency-over-time', title: 'Run latency over time', width: 12, height: 7 },
        ),
      ],
    },
    { tiles: [slowestRunsTile({ width: 24, height: 9 })] },
    { tiles: [mostExpensiveRunsTile({ width: 24, height: 9 })] },
    {
      tiles: [
        groupBarsTile(
          { signal: 'run_failures', by: ['status', 'error'] },
          { key: 'failures-by-type', title: 'Failed runs by type', width: 8, height: 8 },
        ),
        groupBarsTile(
          { signal: 'tool_cost', by: ['tool'] },
          {
            key: 'cost-by-tool',
            title: 'What carrying each tool costs',
            note: 'Names in parentheses are no tools: system prompt, tool definitions, user, history, output.',
            width: 8,
            height: 8,
          },
        ),
        alertListTile({ width: 8, height: 8 }),
      ],
    },
  ],
};
