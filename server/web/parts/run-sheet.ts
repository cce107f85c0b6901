// What the columns of a table of runs are in a file.

import { usdOf } from '../../../core/money.ts';
import type { RunSummary } from '../../queries/runs/run-summary.ts';
import type { SheetValue } from '../sheet.ts';

export type RunColumnId =
  | 'started'
  | 'run'
  | 'agent'
  | 'user'
  | 'task'
  | 'session'
  | 'status'
  | 'time'
  | 'cost'
  | 'turns'
  | 'tools'
  | 'tokensIn'
  | 'tokensOut';

export type RunSheetColumn = readonly [string, (run: RunSummary) => SheetValue];

/** What a column of the table is as values. Times are ISO 8601 UTC. */
export const RUN_SHEET_COLUMNS: Readonly<Record<RunColumnId, readonly RunSheetColumn[]>> = {
  started: [['started_at', (run) => run.started_at]],
  run: [['run', (run) => run['agent.run_id']]],
  agent: [
    ['agent', (run) => run['gen_ai.agent.name']],
    ['version', (run) => run['agent.version']],
  ],
  user: [['user', (run) => run['user.id']]],
  task: [
    ['task', (run) => run['agent.task_type']],
    ['tags', (run) => run['agent.tags'].join(' ')],
  ],
  session: [['session', (run) => run['gen_ai.conversation.id']]],
  status: [
    ['status', (run) => run['agent.status']],
    ['error', (run) => run['error.type']],
  ],
  time: [
    ['ended_at', (run) => run.ended_at],
    ['duration_ms', (run) => run.duration_ms],
  ],
  cost: [
    ['cost_usd', (run) => run['agent.cost_usd']],
    ['cost_with_nested_usd', (run) => run.cost_with_nested_usd],
    ['list_value_usd', (run) => usdOf(run.list_value_nano_usd ?? 0)],
    ['unpriced_calls', (run) => run.unpriced_calls],
    ['estimated_calls', (run) => run.estimated_calls],
  ],
  turns: [['turns', (run) => run['agent.turns']]],
  tools: [['tool_calls', (run) => run['agent.tool_calls']]],
  tokensIn: [['tokens_in', (run) => run['agent.tokens_in']]],
  tokensOut: [['tokens_out', (run) => run['agent.tokens_out']]],
};
export const TRACE_COLUMN: RunSheetColumn = ['trace_id', (run) => run.trace_id];
