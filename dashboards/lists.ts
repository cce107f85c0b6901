// Lists that several boards show: runs in the order of a number, failed tool calls.

import type { Column, ListSource } from './source.ts';
import { describeList, listTile, rowsOf } from './panels/table.ts';
import type { Size, Tile } from './tile.ts';

const ENDED: Column = { field: 'timestamp', title: 'Ended', unit: 'time:MM-DD HH:mm' };
const RUN: Column = { field: 'agent.run_id', title: 'Run', link: 'run' };
const AGENT: Column = { field: 'gen_ai.agent.name', title: 'Agent' };
const USER: Column = { field: 'user.id', title: 'User', link: 'user' };
const STATUS: Column = { field: 'agent.status', title: 'Status' };
const ERROR: Column = { field: 'error.type', title: 'Error' };
const TIME: Column = { field: 'duration_ms', title: 'Took', unit: 'ms' };
const COST: Column = { field: 'agent.cost_nano_usd', title: 'Cost', unit: 'currencyUSD' };
const SESSION: Column = { field: 'gen_ai.conversation.id', title: 'Session', link: 'session' };
const TURNS: Column = { field: 'agent.turns', title: 'Turns', unit: 'none' };
const TOOL_CALLS: Column = { field: 'agent.tool_calls', title: 'Tools', unit: 'none' };

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
/** The same for a list that has half of the width. */
const FEW_COLUMNS = RUN_COLUMNS.filter((column) => column !== ERROR);
const HALF_WIDTH = 12;

type RunsSource = Pick<ListSource, 'explains' | 'rank'> & Partial<ListSource>;

/** A list of runs with as many rows as fit. */
function runsTile(key: string, title: string, what: string, size: Size, source: RunsSource): Tile {
  const limit = rowsOf(size);
  return listTile(
    { key, title, description: describeList(`The ${limit} ${what}`, source.explains) },
    size,
    {
      of: ['agent.run'],
      where: [],
      order: 'greatest',
      columns: size.width > HALF_WIDTH ? RUN_COLUMNS : FEW_COLUMNS,
      limit,
      ...source,
    },
    NO_RUNS,
  );
}

/** What to do where there is no run yet. */
export const NO_RUNS =
  'No runs here yet. To send some: node --import @tallyspan/node/register your-agent.mjs – or choose a longer time above.';

/** The slowest runs of the range. */
export function slowestRunsTile(size: Size): Tile {
  const what = 'runs of the range that took longest. A row opens the run.';
  return runsTile('slowest-runs', 'Slowest runs', what, size, {
    explains: 'run_latency_p95',
    rank: 'duration_ms',
  });
}

/** The most expensive runs of the range. */
export function mostExpensiveRunsTile(size: Size): Tile {
  const what =
    'runs of the range that cost most. A row opens the run. A run without a known price is not in it.';
  return runsTile('dearest-runs', 'Most expensive runs', what, size, {
    explains: 'run_cost_max',
    rank: 'agent.cost_nano_usd',
  });
}

/** The newest runs that did not end ok. */
export function failedRunsTile(size: Size): Tile {
  const what =
    'newest runs that ended in any other way than ok: error, aborted, refused, max_turns, budget_exceeded, turn_limit, loop or abandoned. A row opens the run.';
  return runsTile('failed-runs', 'Newest failed runs', what, size, {
    explains: 'run_failures',
    where: [{ field: 'agent.status', isNot: 'ok' }],
    rank: 'timestamp',
  });
}

/** The newest runs, of all sessions or of the one that was chosen. */
export function newestRunsTile(size: Size): Tile {
  const what =
    'newest runs, of one session where one is chosen at the top or by its row in Sessions. A row opens the run.';
  return runsTile('newest-runs', 'Newest runs', what, size, {
    explains: 'run_ended_count',
    rank: 'timestamp',
    columns: [...RUN_COLUMNS, SESSION],
    ofSession: true,
  });
}

/** The newest failed tool calls. */
export function failedToolCallsTile(size: Size): Tile {
  const limit = rowsOf(size);
  const what = `The newest ${limit} tool calls that threw or whose result was marked as an error. A row opens the run, where the call stands beside the answer of the model to it.`;
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
      limit,
      columns: [
        ENDED,
        { field: 'gen_ai.tool.name', title: 'Tool', link: 'tool' },
        ERROR,
        { field: 'tool.retry_attempt', title: 'Repeat', unit: 'none' },
        TIME,
        { field: 'tool.result_len', title: 'Result size', unit: 'short' },
        RUN,
        AGENT,
        USER,
      ],
      ofTool: true,
    },
  );
}
