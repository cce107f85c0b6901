// Tools: which fail, which are slow, and which cost most?

import type { Board } from '../board.ts';
import { failedToolCallsTile } from '../lists.ts';
import { groupBarsTile } from '../panels/bars.ts';
import { CONTEXT_COST } from '../tile.ts';
import { statTile } from '../panels/stat.ts';
import { groupTableTile } from '../panels/table.ts';
import { timeSeriesTile } from '../panels/time-series.ts';

const TOP = { height: 4 } as const;
/** A tool can be chosen, by hand or by its row on any board. */
const TOOLS = { within: 'tools' } as const;

export const TOOLS_BOARD: Board = {
  name: 'tools',
  title: 'Tools',
  question: 'Which tools fail, which are slow, and which cost most?',
  variables: ['service', 'agent', 'model', 'user', 'task', 'version', 'tool'],
  from: 'now-24h',
  rows: [
    {
      tiles: [
        statTile({ signal: 'tool_calls', ...TOOLS }, { width: 5, ...TOP }),
        statTile({ signal: 'tool_failure_rate', ...TOOLS }, { width: 5, ...TOP }),
        statTile({ signal: 'tool_retry_rate', ...TOOLS }, { width: 5, ...TOP }),
        statTile({ signal: 'tool_latency_p95', ...TOOLS }, { width: 4, ...TOP }),
        statTile({ signal: 'tool_cost', ...TOOLS }, { title: 'Context cost of tools', width: 5, ...TOP }),
      ],
    },
    {
      tiles: [
        groupTableTile({
          key: 'by-tool',
          title: 'Every tool',
          by: ['tool'],
          measures: [
            { signal: 'tool_cost', ...TOOLS, name: 'Context cost' },
            { signal: 'tool_calls', ...TOOLS, name: 'Calls' },
            { signal: 'tool_failure_rate', ...TOOLS, name: 'Failed' },
            { signal: 'tool_retry_rate', ...TOOLS, name: 'Repeated' },
            { signal: 'tool_empty_result_rate', ...TOOLS, name: 'Empty' },
            { signal: 'tool_latency_p95', ...TOOLS, name: 'p95' },
            { signal: 'tool_result_size_p50', ...TOOLS, name: 'Result p50' },
            { signal: 'tool_result_size_p95', ...TOOLS, name: 'Result p95' },
          ],
          note: `The tool with the greatest context cost comes first. ${CONTEXT_COST}`,
          width: 24,
          height: 9,
        }),
      ],
    },
    {
      tiles: [
        timeSeriesTile([{ signal: 'tool_failure_rate', ...TOOLS, by: ['tool'] }], {
          key: 'failures-over-time',
          title: 'Failure rate over time',
          width: 12,
          height: 8,
        }),
        timeSeriesTile([{ signal: 'tool_calls', ...TOOLS, by: ['tool'] }], {
          key: 'calls-over-time',
          title: 'Calls over time',
          style: 'bars',
          width: 12,
          height: 8,
        }),
      ],
    },
    {
      tiles: [
        groupBarsTile(
          { signal: 'tool_failure_rate', ...TOOLS, by: ['tool', 'error'] },
          { key: 'failures-by-error', title: 'Failures by tool and error', width: 8, height: 8 },
        ),
        groupBarsTile(
          { signal: 'tool_result_size_p95', ...TOOLS, by: ['tool'] },
          { key: 'result-size', title: 'Size of results, p95', width: 8, height: 8 },
        ),
        timeSeriesTile([{ signal: 'tool_cost', ...TOOLS, by: ['tool'] }], {
          key: 'carried-cost-over-time',
          title: 'Context cost over time',
          style: 'bars',
          width: 8,
          height: 8,
        }),
      ],
    },
    { tiles: [failedToolCallsTile({ width: 24, height: 14 })] },
  ],
};
