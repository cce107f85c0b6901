// One session: its turns in order. A turn is a run that no other run of the session started: the user asks, the agent
// answers after some model calls, tool calls and nested runs. Texts are not shown anywhere, so a run has the lengths of
// question and answer.

import { compareText } from '../../../core/text/text-order.ts';
import { eventsSql } from '../../../signals/event-tables.ts';
import { nestRuns, type NestedRun } from './nested/nest-runs.ts';
import type { Queryable, DatabaseRow } from '../../store/file/database.ts';
import { numberOrNull, textOrNull } from '../field-values.ts';
import { groupBy } from '../../group-by.ts';
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
  readonly calls: readonly SessionCall[];
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
const STEPS_LIMIT = 5000;

const STEPS = eventsSql(
  [
    'event.name',
    'agent.run_id',
    'agent.step_number',
    'timestamp',
    'duration_ms',
    'gen_ai.response.model',
    'gen_ai.request.model',
    'gen_ai.response.finish_reasons',
    'error.type',
    'gen_ai.usage.input_tokens',
    'gen_ai.usage.output_tokens',
    'cost_nano_usd',
    'tallyspan.duplicate',
    'gen_ai.tool.name',
    'tool.ok',
    'agent.user_input_len',
    'agent.output_len',
    'gen_ai.conversation.id',
  ],
  ['agent.run.started', 'agent.run', 'agent.model_call', 'agent.tool_call'],
);

/** Its turns, oldest first; none when there is no such session. Of more than a thousand runs the latest. */
export async function readSession(database: RunQueryable, session: string): Promise<readonly SessionTurn[]> {
  const [runs, rows] = await Promise.all([
    listRuns(database, { session, limit: RUNS_LIMIT }),
    readSteps(database, session),
  ]);
  const byRun = groupBy(rows, (row) => String(row['agent_run_id']));
  let total = 0;
  return nestRuns(runs.map((run) => sessionRunOf(run, byRun.get(run['agent.run_id']) ?? []))).map(
    ({ run, nested }) => {
      const costs = [run, ...nested.map((one) => one.run)].flatMap((one) => one['agent.cost_nano_usd'] ?? []);
      const cost = costs.reduce((sum, own) => sum + own, 0);
      total += cost;
      return {
        ...run,
        nested,
        cost_with_nested_nano_usd: costs.length === 0 ? null : cost,
        total_cost_nano_usd: total,
      };
    },
  );
}

/** What is known of a session beside its turns. */
export interface SessionTotals {
  readonly project: string | null;
  /** Nano-USD that Claude Code counted beyond the calls that are known one by one. */
  readonly remainderNanoUsd: number;
}

export async function readSessionTotals(database: Queryable, session: string): Promise<SessionTotals> {
  const [row] = await database.all(
    `SELECT arg_max(agent_project, timestamp) AS project,
       sum(cost_nano_usd) FILTER (tallyspan_source = 'remainder' AND tallyspan_duplicate IS NOT TRUE)::DOUBLE AS remainder
     FROM agent_model_call WHERE gen_ai_conversation_id = ?`,
    [session],
  );
  return { project: textOrNull(row?.['project']), remainderNanoUsd: numberOrNull(row?.['remainder']) ?? 0 };
}

/** `own` are the events of the run, newest first. */
function sessionRunOf(run: RunSummary, own: readonly DatabaseRow[]): SessionRun {
  const tools = own.filter((row) => row['event_name'] === 'agent.tool_call');
  const ended = own.find((row) => row['event_name'] === 'agent.run');
  const begun = own.find((row) => row['event_name'] === 'agent.run.started');
  return {
    ...run,
    user_input_len: numberOrNull((ended ?? begun)?.['agent_user_input_len']),
    output_len: numberOrNull(ended?.['agent_output_len']),
    calls: own
      .filter((row) => row['event_name'] === 'agent.model_call' && row['tallyspan_duplicate'] !== true)
      .map((row) => callOf(row, tools))
      .toReversed(),
    tools: countTools(tools),
  };
}

function readSteps(database: Queryable, session: string): Promise<DatabaseRow[]> {
  return database.all(
    `SELECT * FROM ${STEPS}
     WHERE gen_ai_conversation_id = ?
     ORDER BY timestamp DESC LIMIT ${STEPS_LIMIT}`,
    [session],
  );
}

function callOf(row: DatabaseRow, tools: readonly DatabaseRow[]): SessionCall {
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
    tools:
      step === null
        ? []
        : countTools(tools.filter((tool) => numberOrNull(tool['agent_step_number']) === step)),
  };
}

function countTools(rows: readonly DatabaseRow[]): SessionTool[] {
  const byName = groupBy(rows, (row) => textOrNull(row['gen_ai_tool_name']) ?? 'tool');
  return [...byName]
    .map(([name, calls]) => ({
      name,
      calls: calls.length,
      failed: calls.filter((call) => call['tool_ok'] === false).length,
    }))
    .toSorted((a, b) => b.calls - a.calls || compareText(a.name, b.name));
}
