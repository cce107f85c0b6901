// Cost: who and what spends the money, and what changed?

import type { Board } from '../board.ts';
import { mostExpensiveRunsTile } from '../lists.ts';
import { monthForecastTile, monthSoFarTile } from '../month.ts';
import { dayBarsTile, groupBarsTile } from '../panels/bars.ts';
import { statTile } from '../panels/stat.ts';
import { groupTableTile } from '../panels/table.ts';
import { timeSeriesTile } from '../panels/time-series.ts';
import type { Dimension } from '../../core/schema.ts';
import { CONTEXT_COST, type Tile } from '../tile.ts';

const TOP = { height: 4 } as const;
const MOST_ROWS = 25;
/** Of these there may be thousands; of the others there are few, and ranking them would only cost time. */
const MANY: ReadonlySet<Dimension> = new Set(['user', 'session']);

/** Cost and calls of each group. */
function costTable(dimension: Dimension, title: string, width: number): Tile {
  return groupTableTile({
    key: `cost-by-${dimension}`,
    title,
    by: [dimension],
    ...(MANY.has(dimension) ? { top: MOST_ROWS } : {}),
    measures: [
      { signal: 'cost', name: 'Cost' },
      { signal: 'model_calls', name: 'Model calls' },
    ],
    width,
    height: 9,
  });
}

/** What goes in and what comes out. */
function tokensTable(dimension: Dimension, title: string): Tile {
  return groupTableTile({
    key: `tokens-by-${dimension}`,
    title,
    by: [dimension],
    measures: [
      { signal: 'tokens_in', name: 'Input tokens' },
      { signal: 'tokens_out', name: 'Output tokens' },
    ],
    width: 6,
    height: 8,
  });
}

/** Cost now and in the period before. */
function changeTable(dimension: Dimension, title: string): Tile {
  return groupTableTile({
    key: `change-by-${dimension}`,
    title,
    by: [dimension],
    ...(MANY.has(dimension) ? { top: MOST_ROWS } : {}),
    measures: [
      { signal: 'cost', period: 'change', name: 'Change' },
      { signal: 'cost', name: 'Now' },
      ...(MANY.has(dimension) ? [] : [{ signal: 'cost', period: 'before', name: 'Before' } as const]),
    ],
    note: '“Change” is against the stretch of the same length that ends where the range begins, called “Before”; the rows with the greatest increase come first.',
    width: 8,
    height: 9,
  });
}

export const COST_BOARD: Board = {
  name: 'cost',
  title: 'Cost',
  question: 'Who and what spends the money, is it more than usual, and what changed?',
  variables: ['service', 'agent', 'model', 'user', 'task', 'version', 'timezone'],
  from: 'now-7d',
  // Fifty queries over days: their answers change slowly.
  refresh: '5m',
  rows: [
    {
      tiles: [
        statTile('cost', { title: 'Cost of the range', width: 4, ...TOP }),
        statTile('cost_today', { width: 4, ...TOP }),
        statTile('cost_spike', { title: 'Today vs 7-day average', width: 4, ...TOP }),
        statTile('cost_pace', { title: 'Today vs usual by now', width: 4, ...TOP }),
        monthSoFarTile({ width: 4, ...TOP }),
        monthForecastTile({ width: 4, ...TOP }),
      ],
    },
    {
      tiles: [
        dayBarsTile('cost', { key: 'cost-by-day', title: 'Cost by day', width: 12, height: 8 }),
        timeSeriesTile([{ signal: 'cost', by: ['model'] }], {
          key: 'cost-over-time-by-model',
          title: 'Cost over the range, by model',
          style: 'bars',
          width: 12,
          height: 8,
        }),
      ],
    },
    { tiles: [mostExpensiveRunsTile({ width: 24, height: 12 })] },
    {
      title: 'Who and what spends it',
      tiles: [costTable('model', 'By model', 12), costTable('agent', 'By agent', 12)],
    },
    { tiles: [costTable('user', 'By user', 12), costTable('session', 'By session', 12)] },
    {
      title: 'What one result costs',
      isCollapsed: true,
      tiles: [
        statTile('cost_per_successful_run', { width: 5, ...TOP }),
        statTile('cost_per_run', { width: 5, ...TOP }),
        statTile('cost_per_run_p95', { width: 5, ...TOP }),
        statTile('run_cost_max', { width: 4, ...TOP }),
        statTile('cost_per_conversation', { width: 5, ...TOP }),
      ],
    },
    {
      title: 'By task type, tool and project',
      isCollapsed: true,
      tiles: [
        costTable('task', 'By task type', 8),
        groupTableTile({
          key: 'cost-by-tool',
          title: 'Context cost by tool',
          by: ['tool'],
          measures: [{ signal: 'tool_cost', name: 'Context cost' }],
          note: `${CONTEXT_COST} All rows together are the cost of the range.`,
          width: 8,
          height: 9,
        }),
        groupBarsTile(
          { signal: 'cost', by: ['project'] },
          { key: 'cost-by-project', title: 'By project', width: 8, height: 9 },
        ),
      ],
    },
    {
      title: 'What changed against the period before',
      isCollapsed: true,
      tiles: [
        changeTable('model', 'Change by model'),
        changeTable('agent', 'Change by agent'),
        changeTable('user', 'Change by user'),
      ],
    },
    {
      title: 'Input, output and cache',
      isCollapsed: true,
      tiles: [
        timeSeriesTile(
          [
            { signal: 'cost_input', name: 'input' },
            { signal: 'cost_output', name: 'output' },
          ],
          { key: 'input-output', title: 'Cost of input and of output', style: 'bars', width: 12, height: 8 },
        ),
        timeSeriesTile(['cache_hit_ratio'], {
          key: 'cache-over-time',
          title: 'Cache hit ratio over time',
          width: 12,
          height: 8,
        }),
      ],
    },
    {
      tiles: [
        tokensTable('model', 'Tokens by model'),
        tokensTable('agent', 'Tokens by agent'),
        groupBarsTile(
          { signal: 'cache_hit_ratio', by: ['model'] },
          { key: 'cache-by-model', title: 'Cache hit ratio by model', width: 6, height: 8 },
        ),
        groupBarsTile(
          { signal: 'cache_hit_ratio', by: ['agent'] },
          { key: 'cache-by-agent', title: 'Cache hit ratio by agent', width: 6, height: 8 },
        ),
      ],
    },
    {
      tiles: [
        statTile('cache_hit_ratio', { width: 6, ...TOP }),
        statTile('cache_saving', { width: 6, ...TOP }),
        statTile('cache_write_read_ratio', { width: 6, ...TOP }),
        statTile('output_input_ratio', { width: 6, ...TOP }),
      ],
    },
    {
      title: 'Wasted cost, and calls without a price',
      isCollapsed: true,
      tiles: [
        statTile('cost_of_failures', { width: 6, ...TOP }),
        statTile('cost_of_retries', { width: 6, ...TOP }),
        statTile('cost_of_truncation', { width: 6, ...TOP }),
        statTile('unpriced_calls', { width: 6, ...TOP }),
      ],
    },
    {
      title: 'What fixes would recover',
      isCollapsed: true,
      tiles: [
        statTile('recoverable_cost', { width: 6, height: 7 }),
        groupBarsTile(
          { signal: 'recoverable_cost', by: ['agent'] },
          { key: 'recoverable-by-agent', title: 'Recoverable a week, by agent', width: 12, height: 7 },
        ),
        statTile('tool_definition_cost', { width: 6, height: 7 }),
      ],
    },
    {
      title: 'Claude Code and other reporters (under a plan of Claude: list value, not what is paid)',
      isCollapsed: true,
      tiles: [
        groupBarsTile(
          { signal: 'cost', by: ['source'] },
          {
            key: 'cost-by-source',
            title: 'By who reported it',
            note: 'What the instrumentation saw itself has no other reporter: “(none)”.',
            width: 12,
            height: 9,
          },
        ),
        statTile('cost_coverage', { width: 6, height: 9 }),
        statTile('not_in_transcript_cost', { width: 6, height: 9 }),
      ],
    },
  ],
};
