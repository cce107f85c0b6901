// The outline of a run: what a list of its steps shows of them, and no more, so that a run of thousands of steps is read
// within a moment. What else is known of one step is read with the step.

import { usdOf } from '../../../core/money.ts';
import { columnOf, tableOf } from '../../../core/columns.ts';
import { FIELDS, type EventName, type FieldKey } from '../../../core/schema.ts';
import { instantSql, textSql } from '../../../signals/sql-text.ts';
import type { DatabaseRow, Queryable } from '../../store/file/database.ts';
import { CONTENT_TABLE } from '../../store/file/tables.ts';
import { numberOrNull, type EventJson } from '../field-values.ts';
import { instantOfMicros, microsSql, readWideRows, type ColumnsSql } from '../read-columns.ts';
import type { RunQueryable } from './list-runs.ts';
import { readNestedRuns, type NestedRunSummary } from './nested/read-nested-runs.ts';
import { findRunId, stepsOf, intervalOfRun, summaryFromRows, type RunStep } from './read-run.ts';
import { readSilentFailures, type SilentFailureReport } from './read-silent-failures.ts';
import { readRunScores } from './read-run-scores.ts';
import { readContextCosts, type ContextCost } from './read-context-costs.ts';
import { CLOCK_SLACK_MS, type RunSummary } from './run-summary.ts';

export interface RunOutline extends RunSummary {
  /** Each with the fields that a list shows; `context_cost_nano_usd` is what a call paid for tools in its context. */
  readonly steps: readonly RunStep[];
  readonly silent_failures: readonly SilentFailureReport[];
  /** Nested runs on all levels, in order of their starts. */
  readonly nested: readonly NestedRunSummary[];
  readonly context_costs: readonly ContextCost[];
  /** Scores of the run and of its calls, in order of time. */
  readonly scores: readonly EventJson[];
  /** Whether requests or answers of its calls are stored. */
  readonly has_content: boolean;
}

const COMMON_KEYS = [
  'timestamp',
  'trace_id',
  'span_id',
  'parent_span_id',
  'agent.run_id',
  'agent.step_number',
  'tallyspan.seq',
  'tallyspan.duplicate',
] as const satisfies readonly FieldKey[];

const LISTED_KEYS = {
  'agent.model_call': [
    ...COMMON_KEYS,
    'gen_ai.request.model',
    'gen_ai.response.model',
    'gen_ai.response.finish_reasons',
    'duration_ms',
    'ttft_ms',
    'tokens_input',
    'tokens_cache_read',
    'tokens_cache_write_5m',
    'tokens_cache_write_1h',
    'tokens_output',
    'service_tier',
    'speed',
    'attempts',
    'retried_status',
    'error.type',
    'cost_nano_usd',
    'tallyspan.cost.status',
    'tallyspan.cost.unpriced_reason',
    'cache_miss_reason',
  ],
  'agent.tool_call': [
    ...COMMON_KEYS,
    'gen_ai.tool.name',
    'gen_ai.tool.call.id',
    'duration_ms',
    'tool.ok',
    'error.type',
    'tool.retry_attempt',
    'tool.input_keys',
    'tool.result_len',
    'tool.result_empty',
    'tool.args_json',
  ],
  'agent.note': [
    ...COMMON_KEYS,
    'agent.note.kind',
    'agent.note.subject',
    'agent.note.value',
    'agent.note.text',
    'gen_ai.tool.name',
  ],
  'agent.limit': [
    ...COMMON_KEYS,
    'limit.action',
    'limit.scope',
    'limit.rule',
    'limit.key',
    'limit_nano_usd',
    'limit_spent_nano_usd',
    'limit_needed_nano_usd',
    'limit_count',
    'limit_spent_count',
    'gen_ai.tool.name',
  ],
} as const satisfies Partial<Record<EventName, readonly FieldKey[]>>;

type ListedEvent = keyof typeof LISTED_KEYS;
const LISTED_EVENTS = Object.keys(LISTED_KEYS) as ListedEvent[];
const STEPS_LIMIT = 20_000;

/** The run with this id, or the only one whose id begins so. @throws AmbiguousRunError */
export async function readRunOutline(database: RunQueryable, id: string): Promise<RunOutline | undefined> {
  const outline = await readOutline(database, id);
  if (outline !== undefined) return outline;
  const found = await findRunId(database, id);
  return found === undefined ? undefined : readOutline(database, found);
}

/** Steps of runs in order by their run, as their outlines have them. Their offsets count from `startMs`. */
export async function readStepsOfRuns(
  database: Queryable,
  runs: readonly NestedRunSummary[],
  startMs: number,
): Promise<ReadonlyMap<string, readonly RunStep[]>> {
  const entries = await Promise.all(
    runs.map(async ({ 'agent.run_id': runId, started_at: startedAt }) => {
      const where = `agent_run_id = ${textSql(runId)} AND timestamp >= ${instantSql(Date.parse(startedAt) - CLOCK_SLACK_MS)}`;
      const rows = await readListedRows(database, runId, where);
      return [runId, stepsOf(rows, startMs, listedJson)] as const;
    }),
  );
  return new Map(entries);
}

async function readOutline(database: RunQueryable, runId: string): Promise<RunOutline | undefined> {
  const ends = await readEnds(database, runId);
  const stretch = intervalOfRun(ends);
  const where = `agent_run_id = ${textSql(runId)} AND timestamp >= ${instantSql(stretch.from)}
    AND timestamp <= ${instantSql(stretch.to)}`;
  const rows = [...ends, ...(await readListedRows(database, runId, where))];
  if (rows.length === 0) return undefined;
  const summary = await summaryFromRows(database, runId, rows);
  const startMs = Date.parse(summary.started_at);
  const [silentFailures, nested, contextCosts, byCall, hasContent, scores] = await Promise.all([
    readSilentFailures(
      database,
      [...rows].sort((a, b) => timeOf(a) - timeOf(b)),
    ),
    readNestedRuns(database, runId, startMs - CLOCK_SLACK_MS),
    readContextCosts(database, where),
    readContextCostByCall(database, where),
    findContent(database, rows),
    readRunScores(database, runId),
  ]);
  return {
    ...summary,
    ...totalsOf(summary, nested),
    steps: stepsOf(rows, startMs, (row) => ({ ...listedJson(row), ...byCall.get(String(row['span_id'])) })),
    silent_failures: silentFailures,
    nested,
    context_costs: contextCosts,
    has_content: hasContent,
    scores,
  };
}

/** Nested runs as they are stored now: the end of a run knows only those that had ended by then. */
function totalsOf(
  summary: RunSummary,
  nested: readonly NestedRunSummary[],
): Pick<RunSummary, 'nested_runs' | 'cost_with_nested_nano_usd' | 'cost_with_nested_usd'> {
  const costs = [summary, ...nested].flatMap((run) => run['agent.cost_nano_usd'] ?? []);
  const cost = costs.length === 0 ? null : costs.reduce((sum, own) => sum + own, 0);
  return {
    nested_runs: nested.length,
    cost_with_nested_nano_usd: cost,
    cost_with_nested_usd: usdOf(cost),
  };
}

function timeOf(row: DatabaseRow): number {
  return (row['timestamp'] as Date).getTime();
}

/** As `stepsOf` leaves them out. */
const NOT_TOLD_BEFORE = ' AND tallyspan_duplicate IS NOT TRUE';

/** Of the run of `runId`, which `where` says as well. */
async function readListedRows(database: Queryable, runId: string, where: string): Promise<DatabaseRow[]> {
  const order = `ORDER BY timestamp, tallyspan_seq LIMIT ${STEPS_LIMIT}`;
  const ofEvents = await Promise.all([
    ...(['agent.note', 'agent.limit'] as const).map((name) =>
      database.all(
        `SELECT '${name}' AS event_name, ${LISTED_KEYS[name].map((key) => `${listedSql(key)} AS ${columnOf(key)}`).join(', ')}
         FROM ${tableOf(name)} WHERE ${where}${name === 'agent.note' ? NOT_TOLD_BEFORE : ''} ${order}`,
      ),
    ),
    ...(['agent.model_call', 'agent.tool_call'] as const).map(async (name) => {
      const rows = await readWideRows(
        database,
        CALL_COLUMNS[name],
        `FROM ${tableOf(name)} WHERE ${where}${name === 'agent.tool_call' ? NOT_TOLD_BEFORE : ''} ${order}`,
      );
      for (const row of rows) {
        const timestamp = instantOfMicros(row['timestamp']);
        Object.assign(row, { event_name: name, agent_run_id: runId, timestamp });
      }
      return rows;
    }),
  ]);
  return ofEvents.flat();
}

/** A run may have thousands of calls, and few notes. */
const CALL_COLUMNS = {
  'agent.model_call': callColumns('agent.model_call'),
  'agent.tool_call': callColumns('agent.tool_call'),
} as const;

function callColumns(name: ListedEvent): ColumnsSql {
  const keys = LISTED_KEYS[name].filter((key) => key !== 'agent.run_id' && key !== 'timestamp');
  return {
    timestamp: microsSql('timestamp'),
    ...Object.fromEntries(keys.map((key) => [columnOf(key), columnOf(key)])),
  };
}

/** Starts and ends of the run: what its summary is made of. */
async function readEnds(database: Queryable, runId: string): Promise<DatabaseRow[]> {
  const where = `agent_run_id = ${textSql(runId)} LIMIT 10`;
  const ofEvents = await Promise.all([
    database.all(
      `SELECT 'agent.run.started' AS event_name, ${START_COLUMNS} FROM agent_run_started WHERE ${where}`,
    ),
    database.all(
      `SELECT 'agent.run' AS event_name, ${START_COLUMNS}, ${END_COLUMNS} FROM agent_run WHERE ${where}`,
    ),
  ]);
  return ofEvents.flat();
}

const START_COLUMNS = `agent_run_id, agent_parent_run_id, span_id, parent_span_id, gen_ai_agent_name, agent_version, user_id,
  gen_ai_conversation_id, agent_task_type, service_name, trace_id, timestamp, agent_tags, tallyspan_duplicate`;
const END_COLUMNS = `agent_status, error_type, duration_ms, agent_turns, agent_tool_calls, agent_tokens_in,
  agent_tokens_out, agent_retries, agent_cost_nano_usd, agent_nested_runs, agent_nested_cost_nano_usd`;

/** Integers as floating-point numbers, which hold them exactly and need no conversion. */
function listedSql(key: FieldKey): string {
  const column = columnOf(key);
  return FIELDS[key].type === 'int' ? `${column}::DOUBLE` : column;
}

const KEYS_OF_EVENT = new Map<unknown, readonly (readonly [FieldKey, string])[]>(
  LISTED_EVENTS.map((name) => [name, LISTED_KEYS[name].map((key) => [key, columnOf(key)] as const)]),
);

function listedJson(row: DatabaseRow): EventJson {
  const json: EventJson = {};
  for (const [key, column] of KEYS_OF_EVENT.get(row['event_name']) ?? []) {
    const value = row[column];
    if (value === null || value === undefined || value instanceof Date) continue;
    json[key] = value;
  }
  return json;
}

/** What each call paid for tools in its context, without the parts of the prompt that are no tool. */
async function readContextCostByCall(
  database: Queryable,
  where: string,
): Promise<ReadonlyMap<string, EventJson>> {
  const rows = await database.all(
    `SELECT span_id, sum(cost_nano_usd) FILTER (NOT starts_with(gen_ai_tool_name, '('))::DOUBLE AS cost
     FROM agent_tool_cost WHERE ${where} AND tallyspan_duplicate IS NOT TRUE AND span_id IS NOT NULL GROUP BY 1`,
  );
  return new Map(
    rows.map((row) => [String(row['span_id']), { context_cost_nano_usd: numberOrNull(row['cost']) ?? 0 }]),
  );
}

async function findContent(database: Queryable, rows: readonly DatabaseRow[]): Promise<boolean> {
  const traces = [...new Set(rows.map((row) => row['trace_id']))].filter(
    (trace) => typeof trace === 'string',
  );
  const times = rows.map(timeOf);
  const [from, to] = times.reduce(
    ([a, b], time) => [Math.min(a, time), Math.max(b, time)],
    [Infinity, -Infinity],
  );
  const found = await database.all(
    `SELECT 1 FROM ${CONTENT_TABLE.name} WHERE timestamp BETWEEN ${instantSql(from)} AND ${instantSql(to)}
       AND trace_id IN (SELECT unnest(from_json(?, '["VARCHAR"]'))) LIMIT 1`,
    [JSON.stringify(traces)],
  );
  return found.length > 0;
}
