// One session: its turns in order. A turn is a run that no other run of the session started: the user asks, the agent
// answers after some model calls, tool calls and nested runs. Texts are not shown anywhere, so a run has the lengths of
// question and answer.

import { compareText } from '../../../core/text/text-order.ts';
import { IS_ONE_CALL_SQL } from '../../../signals/sql-text.ts';
import { nestRuns, type NestedRun } from './nested/nest-runs.ts';
import { textsSql, type Queryable, type DatabaseRow } from '../../store/file/database.ts';
import { numberOrNull, textOrNull } from '../field-values.ts';
import { groupBy } from '../../../core/group-by.ts';
import { listRuns, type RunQueryable } from './list-runs.ts';
import type { RunSummary } from './run-summary.ts';

export interface SessionCall {
  readonly step: number | null;
  /** ISO 8601 UTC. */
  readonly started_at: string;
  readonly duration_ms: number | null;
  readonly model: string | null;
  readonly finish_reasons: readonly string[];
  readonly error_type: string | null;
  readonly tokens_in: number | null;
  readonly tokens_out: number | null;
  readonly cost_nano_usd: number | null;
  /** Tools that its answer asked for. */
  readonly tools: readonly SessionTool[];
}

export interface SessionTool {
  readonly name: string;
  readonly calls: number;
  readonly failed: number;
}

export interface SessionRun extends RunSummary {
  readonly user_input_len: number | null;
  readonly output_len: number | null;
  readonly model_calls: number;
  readonly tools: readonly SessionTool[];
}

export interface SessionTurn extends SessionRun {
  readonly nested: readonly NestedRun<SessionRun>[];
  /** What the turn and its nested runs cost; null when nothing is priced. */
  readonly cost_with_nested_nano_usd: number | null;
  /** Cost of the session up to and with this turn and its nested runs. */
  readonly total_cost_nano_usd: number;
}

const RUNS_LIMIT = 1000;
/** Its turns, oldest first; none when there is no such session. Of more than a thousand runs the latest. */
export async function readSession(database: RunQueryable, session: string): Promise<readonly SessionTurn[]> {
  const [runs, begun, ended, calls, tools] = await Promise.all([
    listRuns(database, { session, limit: RUNS_LIMIT }),
    database.all(
      `SELECT agent_run_id, arg_max(agent_user_input_len, timestamp) AS asked FROM agent_run_started
       WHERE gen_ai_conversation_id = ? AND agent_user_input_len IS NOT NULL GROUP BY 1`,
      [session],
    ),
    database.all(
      `SELECT agent_run_id, arg_max_null(agent_user_input_len, timestamp) AS asked,
         arg_max_null(agent_output_len, timestamp) AS answered FROM agent_run
       WHERE gen_ai_conversation_id = ? GROUP BY 1`,
      [session],
    ),
    database.all(
      `SELECT agent_run_id, count(*) AS calls FROM agent_model_call
       WHERE gen_ai_conversation_id = ? AND tallyspan_duplicate IS NOT TRUE AND ${IS_ONE_CALL_SQL} GROUP BY 1`,
      [session],
    ),
    database.all(
      `SELECT agent_run_id, gen_ai_tool_name, count(*) AS calls, count(*) FILTER (tool_ok IS FALSE) AS failed
       FROM agent_tool_call WHERE gen_ai_conversation_id = ? GROUP BY 1, 2`,
      [session],
    ),
  ]);
  const [beginnings, ends, counts] = [begun, ended, calls].map(byRun) as [RowsByRun, RowsByRun, RowsByRun];
  const toolsOfRun = groupBy(tools, runOf);
  let total = 0;
  const sessionRunOf = (run: RunSummary): SessionRun => {
    const id = run['agent.run_id'];
    const end = ends.get(id);
    return {
      ...run,
      user_input_len: numberOrNull((end ?? beginnings.get(id))?.['asked']),
      output_len: numberOrNull(end?.['answered']),
      model_calls: Number(counts.get(id)?.['calls'] ?? 0),
      tools: toolsOf(toolsOfRun.get(id) ?? []),
    };
  };
  return nestRuns(runs.map(sessionRunOf)).map(({ run, nested }) => {
    const costs = [run, ...nested.map((one) => one.run)].flatMap((one) => one['agent.cost_nano_usd'] ?? []);
    const cost = costs.reduce((sum, own) => sum + own, 0);
    total += cost;
    return {
      ...run,
      nested,
      cost_with_nested_nano_usd: costs.length === 0 ? null : cost,
      total_cost_nano_usd: total,
    };
  });
}

/** What is known of a session beside its turns. */
export interface SessionTotals {
  readonly project: string | null;
  /** Nano-USD that Claude Code counted beyond the calls that are known one by one. */
  readonly remainderNanoUsd: number;
  /** Plan under which it was used, as Claude Code says: what it cost is list value then. */
  readonly plan: string | null;
  /** Whether Claude Code reported it. */
  readonly isOfClaudeCode: boolean;
}

export async function readSessionTotals(database: Queryable, session: string): Promise<SessionTotals> {
  const [row] = await database.all(
    `SELECT arg_max(agent_project, timestamp) AS project, arg_max(anthropic_plan, timestamp) AS plan,
       bool_or(service_name = 'claude-code' OR tallyspan_source IN ('log', 'transcript')) AS is_claude_code,
       sum(cost_nano_usd) FILTER (tallyspan_source = 'remainder' AND tallyspan_duplicate IS NOT TRUE)::DOUBLE AS remainder
     FROM agent_model_call WHERE gen_ai_conversation_id = ?`,
    [session],
  );
  return {
    project: textOrNull(row?.['project']),
    remainderNanoUsd: numberOrNull(row?.['remainder']) ?? 0,
    plan: textOrNull(row?.['plan']),
    isOfClaudeCode: row?.['is_claude_code'] === true,
  };
}

/** Model calls of some runs of a session in order, by their run. */
export async function readSessionCalls(
  database: Queryable,
  session: string,
  runs: readonly string[],
): Promise<ReadonlyMap<string, readonly SessionCall[]>> {
  const where = `gen_ai_conversation_id = $session AND agent_run_id IN ${textsSql('$runs')}`;
  const values = { session, runs: JSON.stringify(runs) };
  const [calls, tools] = await Promise.all([
    database.all(
      `SELECT agent_run_id, agent_step_number, timestamp, duration_ms, gen_ai_response_model, gen_ai_request_model,
         gen_ai_response_finish_reasons, error_type, gen_ai_usage_input_tokens, gen_ai_usage_output_tokens, cost_nano_usd
       FROM agent_model_call WHERE ${where} AND tallyspan_duplicate IS NOT TRUE ORDER BY timestamp`,
      values,
    ),
    database.all(
      `SELECT agent_run_id, agent_step_number, gen_ai_tool_name, count(*) AS calls,
         count(*) FILTER (tool_ok IS FALSE) AS failed
       FROM agent_tool_call WHERE ${where} AND agent_step_number IS NOT NULL GROUP BY 1, 2, 3`,
      values,
    ),
  ]);
  const toolsOfStep = groupBy(tools, stepOf);
  const callsOfRun = groupBy(calls, runOf);
  return new Map(
    [...callsOfRun].map(([run, own]) => [
      run,
      own.map((row) => callOf(row, toolsOf(toolsOfStep.get(stepOf(row)) ?? []))),
    ]),
  );
}

function callOf(row: DatabaseRow, tools: readonly SessionTool[]): SessionCall {
  const durationMs = numberOrNull(row['duration_ms']);
  const step = numberOrNull(row['agent_step_number']);
  const reasons = row['gen_ai_response_finish_reasons'];
  return {
    step,
    started_at: new Date((row['timestamp'] as Date).getTime() - (durationMs ?? 0)).toISOString(),
    duration_ms: durationMs,
    model: textOrNull(row['gen_ai_response_model']) ?? textOrNull(row['gen_ai_request_model']),
    finish_reasons: Array.isArray(reasons) ? reasons.map(String) : [],
    error_type: textOrNull(row['error_type']),
    tokens_in: numberOrNull(row['gen_ai_usage_input_tokens']),
    tokens_out: numberOrNull(row['gen_ai_usage_output_tokens']),
    cost_nano_usd: numberOrNull(row['cost_nano_usd']),
    tools: step === null ? [] : tools,
  };
}

/** Rows are tools with how often they were called. */
function toolsOf(rows: readonly DatabaseRow[]): SessionTool[] {
  const byName = groupBy(rows, (row) => textOrNull(row['gen_ai_tool_name']) ?? 'tool');
  return [...byName]
    .map(([name, own]) => ({
      name,
      calls: own.reduce((sum, row) => sum + Number(row['calls']), 0),
      failed: own.reduce((sum, row) => sum + Number(row['failed']), 0),
    }))
    .toSorted((a, b) => b.calls - a.calls || compareText(a.name, b.name));
}

type RowsByRun = ReadonlyMap<string, DatabaseRow>;

function byRun(rows: readonly DatabaseRow[]): RowsByRun {
  return new Map(rows.map((row) => [runOf(row), row]));
}

function runOf(row: DatabaseRow): string {
  return String(row['agent_run_id']);
}

function stepOf(row: DatabaseRow): string {
  return `${runOf(row)} ${String(row['agent_step_number'])}`;
}
