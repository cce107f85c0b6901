// The turns of a session as a file: a row for each row of the table, in its order.

import { usdOf } from '../../../../core/money.ts';
import type { SessionCall, SessionRun, SessionTool } from '../../../queries/runs/read-session.ts';
import type { Sheet, SheetValue } from '../../sheet.ts';
import type { SessionView } from './session-view.ts';

const COLUMNS = [
  'at',
  'kind',
  'turn',
  'level',
  'run',
  'who',
  'asked_chars',
  'answered_chars',
  'tool_calls',
  'tokens_in',
  'tokens_out',
  'duration_ms',
  'cost_usd',
  'session_cost_usd',
  'status',
  'error',
] as const;

type Row = Readonly<Partial<Record<(typeof COLUMNS)[number], SheetValue>>>;

export function sessionSheet(view: Pick<SessionView, 'listed' | 'offset' | 'calls'>): Sheet {
  const callsOf = (run: SessionRun, turn: number, level: number): Row[] =>
    (view.calls?.get(run['agent.run_id']) ?? []).map((call) => ({
      ...callValues(call),
      turn,
      level,
      run: run['agent.run_id'],
    }));
  const rows = view.listed.flatMap((turn, index): Row[] => {
    const number = view.offset + index + 1;
    return [
      {
        ...runValues(turn),
        kind: 'turn',
        turn: number,
        level: 0,
        who: turn['user.id'],
        session_cost_usd: usdOf(turn.total_cost_nano_usd),
      },
      ...callsOf(turn, number, 0),
      ...turn.nested.flatMap(({ run, depth }): Row[] => [
        { ...runValues(run), kind: 'run', turn: number, level: depth, who: run['gen_ai.agent.name'] },
        ...callsOf(run, number, depth),
      ]),
    ];
  });
  return { columns: COLUMNS, rows: rows.map((row) => COLUMNS.map((column) => row[column] ?? null)) };
}

function runValues(run: SessionRun): Row {
  return {
    at: run.started_at,
    run: run['agent.run_id'],
    asked_chars: run.user_input_len,
    answered_chars: run.output_len,
    tool_calls: toolsText(run.tools),
    tokens_in: run['agent.tokens_in'],
    tokens_out: run['agent.tokens_out'],
    duration_ms: run.duration_ms,
    cost_usd: run['agent.cost_usd'],
    status: run['agent.status'],
    error: run['error.type'],
  };
}

function callValues(call: SessionCall): Row {
  return {
    at: call.started_at,
    kind: 'model call',
    who: call.model,
    tool_calls: toolsText(call.tools),
    tokens_in: call.tokens_in,
    tokens_out: call.tokens_out,
    duration_ms: call.duration_ms,
    cost_usd: usdOf(call.cost_nano_usd),
    error: call.error_type,
  };
}

function toolsText(tools: readonly SessionTool[]): string | null {
  return tools.map(({ name, calls }) => `${name} ×${calls}`).join('; ') || null;
}
