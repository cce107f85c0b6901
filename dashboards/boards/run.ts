// Run: what happened in this one run, what did each step cost, and where did it go wrong?

import type { Board } from '../board.ts';
import { groupBarsTile } from '../panels/bars.ts';
import { CONTEXT_COST } from '../tile.ts';
import { statTile } from '../panels/stat.ts';
import { tracesTile } from '../panels/traces.ts';
import { failedCallsTile, runEndTile, runEventsTile, runLinesTile } from '../run-panels.ts';

const TOP = { height: 4 } as const;

export const RUN_BOARD: Board = {
  name: 'run',
  title: 'Run',
  question: 'What happened in this one run, what did each step cost, and where did it go wrong?',
  variables: ['run', 'service'],
  from: 'now-7d',
  // A run that has ended changes no more.
  refresh: '',
  rows: [
    { tiles: [runEndTile({ width: 24, height: 5 })] },
    {
      tiles: [
        statTile({ signal: 'cost', within: 'run' }, { title: 'Cost so far', width: 4, ...TOP }),
        statTile({ signal: 'model_calls', within: 'run' }, { width: 4, ...TOP }),
        statTile({ signal: 'tool_calls', within: 'run' }, { width: 4, ...TOP }),
        statTile({ signal: 'tool_failure_rate', within: 'run' }, { width: 4, ...TOP }),
        statTile({ signal: 'cache_hit_ratio', within: 'run' }, { width: 4, ...TOP }),
        statTile({ signal: 'unpriced_calls', within: 'run' }, { width: 4, ...TOP }),
      ],
    },
    { tiles: [runEventsTile({ width: 24, height: 14 })] },
    {
      tiles: [failedCallsTile({ width: 24, height: 7 })],
    },
    {
      tiles: [
        groupBarsTile(
          { signal: 'cost', by: ['step'], within: 'run', top: 40 },
          { key: 'cost-by-step', title: 'Cost by step', width: 8, height: 9 },
        ),
        groupBarsTile(
          { signal: 'tool_cost', by: ['tool'], within: 'run', top: 40 },
          {
            key: 'cost-by-tool',
            title: 'Context cost by tool',
            note: `${CONTEXT_COST} All bars together are the cost of the run.`,
            width: 8,
            height: 9,
          },
        ),
        tracesTile({ width: 8, height: 9 }),
      ],
    },
    { title: 'Every field, as stored', isCollapsed: true, tiles: [runLinesTile({ width: 24, height: 16 })] },
  ],
};
