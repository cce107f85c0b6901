// Lists that several boards show: runs in the order of a number, failed tool calls.

import type { Column, ListSource } from './source.ts';
import { describeList, listTile } from './panels/table.ts';
import type { Size, Tile } from './tile.ts';

const ENDED: Column = { field: 'timestamp', title: 'Ended', unit: 'dateTimeAsIso' };
const RUN: Column = { field: 'agent.run_id', title: 'Run', link: 'run' };
const AGENT: Column = { field: 'gen_ai.agent.name', title: 'Agent' };
const USER: Column = { field: 'user.id', title: 'User', link: 'user' };
const STATUS: Column = { field: 'agent.status', title: 'Status' };
const ERROR: Column = { field: 'error.type', title: 'Error' };
const TIME: Column = { field: 'duration_ms', title: 'Took', unit: 'ms' };
const COST: Column = { field: 'agent.cost_nano_usd', title: 'Cost', unit: 'currencyUSD' };
const SESSION: Column = { field: 'gen_ai.conversation.id', title: 'Session', link: 'session' };
const TURNS: Column = { field: 'agent.turns', title: 'Turns', unit: 'none' };
const TOOL_CALLS: Column = { field: 'agent.tool_calls', title: 'Tool calls', unit: 'none' };

/** Columns of a list of runs. */
export const RUN_COLUMNS: readonly Column[] = [
  ENDED,
  RUN,
  AGENT,
  USER,
  STATUS,
  ERROR,
  TIME,
  COST,
  TURNS,
  TOOL_CALLS,
];

const RUNS = {
  of: ['agent.run'],
  where: [],
  order: 'greatest',
  columns: RUN_COLUMNS,
} as const satisfies Partial<ListSource>;
const ROWS = 20;

/** The slowest runs of the range. */
export function slowestRunsTile(size: Size): Tile {
  const what = `The ${ROWS} runs of the range that took longest. A row opens the run.`;
  return listTile(
    { key: 'slowest-runs', title: 'Slowest runs', description: describeList(what, 'run_latency_p95') },
    size,
    { ...RUNS, explains: 'run_latency_p95', rank: 'duration_ms', limit: ROWS },
  );
}

/** The dearest runs of the range. */
export function dearestRunsTile(size: Size): Tile {
  const what = `The ${ROWS} runs of the range that cost most. A row opens the run. A run without a known price is not in it.`;
  return listTile(
    { key: 'dearest-runs', title: 'Dearest runs', description: describeList(what, 'run_cost_max') },
    size,
    { ...RUNS, explains: 'run_cost_max', rank: 'agent.cost_nano_usd', limit: ROWS },
  );
}

/** The newest runs that did not end ok. */
export function failedRunsTile(size: Size): Tile {
  const what = `The newest ${ROWS} runs that ended in any other way than ok: error, aborted, refused, max_turns, budget_exceeded or lost. A row opens the run.`;
  return listTile(
    { key: 'failed-runs', title: 'Newest failed runs', description: describeList(what, 'run_failures') },
    size,
    {
      ...RUNS,
      explains: 'run_failures',
      where: [{ field: 'agent.status', isNot: 'ok' }],
      rank: 'timestamp',
      limit: ROWS,
    },
  );
}

/** The newest runs, of all sessions or of the one that was chosen. */
export function newestRunsTile(size: Size): Tile {
  const what = `The newest ${ROWS} runs, of one session where one is chosen at the top or by its row in Sessions. A row opens the run.`;
  return listTile(
    { key: 'newest-runs', title: 'Newest runs', description: describeList(what, 'run_ended_count') },
    size,
    {
      ...RUNS,
      explains: 'run_ended_count',
      rank: 'timestamp',
      limit: ROWS,
      columns: [...RUN_COLUMNS, SESSION],
      ofSession: true,
    },
  );
}

/** The newest failed tool calls. */
export function failedToolCallsTile(size: Size): Tile {
  const what = `The newest ${ROWS} tool calls that threw or whose result was marked as an error. A row opens the run, where the call stands beside the answer of the model to it.`;
  return listTile(
    {
      key: 'failed-tool-calls',
      title: 'Newest failed tool calls',
      description: describeList(what, 'tool_failure_rate'),
    },
    size,
    {
      of: ['agent.tool_call'],
      where: [{ field: 'tool.ok', is: false }],
      explains: 'tool_failure_rate',
      rank: 'timestamp',
      order: 'greatest',
      limit: ROWS,
      columns: [
        ENDED,
        { field: 'gen_ai.tool.name', title: 'Tool' },
        ERROR,
        { field: 'tool.retry_attempt', title: 'Repeat', unit: 'none' },
        TIME,
        { field: 'tool.result_len', title: 'Result size', unit: 'short' },
        RUN,
        AGENT,
        USER,
      ],
    },
  );
}
