// One run, rebuilt from the stored events alone: its summary and its steps in order.
// A step is a model call, a tool call or a note. A failed tool call names the model call that read its
// result, and that model call names it back: what an agent made of a failure is where runs go wrong.

import { EVENT_NAMES } from '../../../core/schema.ts';
import { usdOf } from '../../../core/money.ts';
import { columnOf } from '../../../core/columns.ts';
import { compareText } from '../../../core/text/text-order.ts';
import { eventsSql } from '../../../signals/event-tables.ts';
import { instantSql, textSql } from '../../../signals/sql-text.ts';
import { SILENT_FAILURE_NOTE } from '../../../core/attribution/silent-failures.ts';
import { DAY_MS, type Interval } from '../../../core/time/time.ts';
import type { Queryable, DatabaseRow } from '../../store/file/database.ts';
import { readNestedCost } from './nested/read-nested-cost.ts';
import { eventJson, textOrNull, type EventJson } from '../field-values.ts';
import { readRunScores } from './read-run-scores.ts';
import { readListValueOfRuns } from '../list-value.ts';
import { listRuns, type RunQueryable } from './list-runs.ts';
import { readEventRows } from './read-rows.ts';
import { readSilentFailures, type SilentFailureReport } from './read-silent-failures.ts';
import { CLOCK_SLACK_MS, sumsSoFar, summaryOf, type RunSummary } from './run-summary.ts';

export type StepKind = 'model_call' | 'tool_call' | 'note';

export interface RunStep extends EventJson {
  readonly step: StepKind;
  /** ISO 8601 UTC. */
  readonly started_at: string;
  readonly ended_at: string;
  /** Milliseconds from the start of the run to the start of the step. */
  readonly offset_ms: number;
  /** Cost of the run up to and with this step. */
  readonly total_cost_nano_usd: number;
  readonly total_cost_usd: number;
  /** On a failed tool call: span id of the model call that read its result. */
  read_by?: string;
  /** On a model call: span ids of the failed tool calls whose results it read. */
  reads_failed?: string[];
  /** On a model call: what it paid for carrying each tool, when known. */
  tool_costs?: EventJson[];
}

export interface RunTree extends RunSummary {
  readonly steps: readonly RunStep[];
  /** What went wrong though nothing failed, in order of time. */
  readonly silent_failures: readonly SilentFailureReport[];
  /** Scores of the run and of its calls, in order of time. */
  readonly scores: readonly EventJson[];
  /** Span that was active when the run began, as a rule that of the tool call which started it. */
  readonly parent_span_id: string | null;
  /** Runs that this one started, in order; of more than a hundred the latest. */
  readonly children: readonly RunSummary[];
}

/** More than one run begins with the id that was asked for. */
export class AmbiguousRunError extends Error {
  override readonly name = 'AmbiguousRunError';
}

/** Fewer characters name no run. */
export const SHORTEST_RUN_ID = 4;
/** Of each kind of step. */
const STEPS_LIMIT = 20_000;
/** A call has one for each tool in its context. */
const COSTS_LIMIT = 200_000;
/** How long after the end of its run an event may stand: a stream that nobody waited for. */
export const LATE_MS = DAY_MS;
const EARLIEST_MS = 0;
const LATEST_MS = Date.UTC(9999, 0);
/** A score may name a run by a part of its id, or one that is not there. */
const RUN_IDS = eventsSql(
  ['agent.run_id'],
  EVENT_NAMES.filter((name) => name !== 'agent.score'),
);
const RUN_ENDS = eventsSql(
  ['event.name', 'timestamp', 'duration_ms', 'agent.status', 'agent.run_id'],
  ['agent.run.started', 'agent.run'],
);

/**
 * The run with this id, or the only one whose id begins so; undefined when there is none.
 * @throws AmbiguousRunError
 */
export async function readRun(database: RunQueryable, id: string): Promise<RunTree | undefined> {
  const tree = await readTree(database, id);
  if (tree !== undefined) return tree;
  const found = await findRunId(database, id);
  return found === undefined ? undefined : readTree(database, found);
}

async function readTree(database: RunQueryable, runId: string): Promise<RunTree | undefined> {
  const [rows, children] = await Promise.all([
    readRows(database, runId),
    listRuns(database, { parentRun: runId, limit: 100 }),
  ]);
  // A score of a run that was deleted, or that never came, is no run.
  if (rows.every((row) => row['event_name'] === 'agent.score')) return undefined;
  const [summary, silentFailures, scores] = await Promise.all([
    summaryFromRows(database, runId, rows),
    readSilentFailures(database, rows),
    readRunScores(database, runId),
  ]);
  const runStartMs = Date.parse(summary.started_at);
  const steps = stepsOf(rows, runStartMs);
  const nested =
    children.length === 0 ? undefined : await readNestedCost(database, runId, runStartMs - CLOCK_SLACK_MS);
  const own = summary['agent.cost_nano_usd'];
  const withNested = nested?.costNanoUsd == null ? own : (own ?? 0) + nested.costNanoUsd;
  return {
    ...summary,
    steps,
    silent_failures: silentFailures,
    scores,
    parent_span_id: textOrNull(rows.find(isStartOrEnd)?.['parent_span_id']),
    children: children.toSorted((a, b) => compareText(a.started_at, b.started_at)),
    nested_runs: nested?.runs ?? 0,
    cost_with_nested_nano_usd: withNested,
    cost_with_nested_usd: usdOf(withNested),
  };
}

function isStartOrEnd(row: DatabaseRow): boolean {
  return row['event_name'] === 'agent.run.started' || row['event_name'] === 'agent.run';
}

/** All events of the run in order, each with the columns of its table. */
async function readRows(database: RunQueryable, runId: string): Promise<DatabaseRow[]> {
  const stretch = await findStretch(database, runId);
  return readEventRows(
    database,
    `agent_run_id = ${textSql(runId)} AND timestamp >= ${instantSql(stretch.from)}
       AND timestamp <= ${instantSql(stretch.to)}`,
    (name) => (name === 'agent.tool_cost' ? COSTS_LIMIT : STEPS_LIMIT),
  );
}

/** Where events of the run can stand, Unix milliseconds. */
async function findStretch(database: Queryable, runId: string): Promise<Interval> {
  return intervalOfRun(
    await database.all(
      `SELECT event_name, timestamp, duration_ms, agent_status FROM ${RUN_ENDS}
       WHERE agent_run_id = ${textSql(runId)} LIMIT 100`,
    ),
  );
}

/** `rows` are the starts and ends of the run: what is known of them keeps the rest of the store from being read. */
export function intervalOfRun(rows: readonly DatabaseRow[]): Interval {
  const firsts = rows.map(startMs);
  const lasts = rows.flatMap((row) =>
    row['event_name'] === 'agent.run' && row['agent_status'] !== 'lost' ? [endMs(row)] : [],
  );
  return {
    from: firsts.length === 0 ? EARLIEST_MS : Math.floor(Math.min(...firsts)) - CLOCK_SLACK_MS,
    to: lasts.length === 0 ? LATEST_MS : Math.ceil(Math.max(...lasts)) + LATE_MS,
  };
}

/** The only run whose id begins so. @throws AmbiguousRunError */
export async function findRunId(database: Queryable, id: string): Promise<string | undefined> {
  if (id.length < SHORTEST_RUN_ID) return undefined;
  const rows = await database.all(
    `SELECT DISTINCT agent_run_id AS id FROM ${RUN_IDS} WHERE starts_with(agent_run_id, ?) LIMIT 2`,
    [id],
  );
  if (rows.length > 1)
    throw new AmbiguousRunError(`more than one run begins with ${id}: give more of the id`);
  return rows[0] === undefined ? undefined : String(rows[0]['id']);
}

export async function summaryFromRows(
  database: RunQueryable,
  runId: string,
  rows: readonly DatabaseRow[],
): Promise<RunSummary> {
  const begun = rows.find((row) => row['event_name'] === 'agent.run.started');
  const ended = rows.find((row) => row['event_name'] === 'agent.run');
  const first = begun ?? ended ?? rows[0];
  const firstStart = Math.min(...rows.map(startMs));
  const sums = ended === undefined ? (await sumsSoFar(database, [runId], firstStart)).get(runId) : undefined;
  const listValue = await readListValueOfRuns(database, [runId], firstStart - CLOCK_SLACK_MS);
  return summaryOf({
    ...first,
    ...ended,
    ...sums,
    ...doubtsOf(rows),
    list_value_nano_usd: listValue.get(runId),
    agent_status: ended?.['agent_status'] ?? 'running',
    ended: ended?.['timestamp'] ?? null,
    duration_ms: ended?.['duration_ms'] ?? null,
    started: new Date(begun === undefined ? firstStart : (begun['timestamp'] as Date).getTime()),
  });
}

/** As `readCostDoubts` counts them. */
function doubtsOf(rows: readonly DatabaseRow[]): DatabaseRow {
  const statuses = rows.flatMap((row) =>
    row['event_name'] === 'agent.model_call' && row['tallyspan_duplicate'] !== true
      ? [row['tallyspan_cost_status']]
      : [],
  );
  return {
    unpriced_calls: statuses.filter((status) => status === 'unpriced').length,
    estimated_calls: statuses.filter((status) => status === 'estimated' || status === 'partial').length,
  };
}

function endMs(row: DatabaseRow): number {
  return (row['timestamp'] as Date).getTime();
}

function startMs(row: DatabaseRow): number {
  const duration = row[columnOf('duration_ms')];
  return endMs(row) - (typeof duration === 'number' ? duration : 0);
}

const ACTIVITY_NOTE = 'activity';
const KINDS: Readonly<Record<string, StepKind>> = {
  'agent.model_call': 'model_call',
  'agent.tool_call': 'tool_call',
  'agent.note': 'note',
  'agent.limit': 'note',
};

/** Rows that are steps, in order; `jsonOf` says what of a row is shown. */
export function stepsOf(
  rows: readonly DatabaseRow[],
  runStartMs: number,
  jsonOf: (row: DatabaseRow) => EventJson = eventJson,
): RunStep[] {
  const ordered = rows
    .filter((row) => KINDS[String(row['event_name'])] !== undefined)
    // These are told beside the steps, with those that are found when the run is read.
    .filter((row) => row['agent_note_kind'] !== SILENT_FAILURE_NOTE)
    // What was told before is no second step; of a model call it is shown, with that it does not count.
    .filter((row) => row['event_name'] === 'agent.model_call' || row['tallyspan_duplicate'] !== true)
    // What a program did beside its calls and tools: kept, and no step.
    .filter((row) => row['agent_note_kind'] !== ACTIVITY_NOTE)
    .toSorted((a, b) => startMs(a) - startMs(b) || endMs(a) - endMs(b));
  let totalNanoUsd = 0;
  const steps = ordered.map((row): RunStep => {
    const counts = row['event_name'] === 'agent.model_call' && row['tallyspan_duplicate'] !== true;
    if (counts) totalNanoUsd += row['cost_nano_usd'] ?? 0;
    return {
      ...jsonOf(row),
      step: KINDS[String(row['event_name'])] as StepKind,
      started_at: new Date(startMs(row)).toISOString(),
      ended_at: new Date(endMs(row)).toISOString(),
      offset_ms: Math.max(0, startMs(row) - runStartMs),
      total_cost_nano_usd: totalNanoUsd,
      total_cost_usd: usdOf(totalNanoUsd),
    };
  });
  linkFailures(steps);
  attachToolCosts(steps, rows);
  return steps;
}

/** A result is read by the model call of the next step, or the first one that begins once the tool call has ended. */
function linkFailures(steps: readonly RunStep[]): void {
  const failed = steps.filter((step) => step.step === 'tool_call' && step['tool.ok'] === false);
  if (failed.length === 0) return;
  const calls = steps
    .filter((step) => step.step === 'model_call')
    .toSorted((a, b) => Number(a['agent.step_number'] ?? 0) - Number(b['agent.step_number'] ?? 0));
  for (const tool of failed) {
    const reader = calls.find(
      (call) => isLaterStep(call, tool) ?? Date.parse(call.started_at) >= Date.parse(tool.ended_at),
    );
    if (reader === undefined || typeof reader['span_id'] !== 'string') continue;
    tool.read_by = reader['span_id'];
    if (typeof tool['span_id'] === 'string') (reader.reads_failed ??= []).push(tool['span_id']);
  }
}

/** Step numbers decide where both have one: clocks may be coarser than a fast tool. */
function isLaterStep(call: RunStep, tool: RunStep): boolean | undefined {
  const callNumber = call['agent.step_number'];
  const toolNumber = tool['agent.step_number'];
  if (typeof callNumber !== 'number' || typeof toolNumber !== 'number') return undefined;
  return callNumber > toolNumber;
}

function attachToolCosts(steps: readonly RunStep[], rows: readonly DatabaseRow[]): void {
  const callsByStep = new Map<unknown, RunStep>();
  for (const step of steps) {
    if (step.step !== 'model_call' || step['tallyspan.duplicate'] === true) continue;
    callsByStep.set(step['agent.step_number'], step);
    callsByStep.set(step['span_id'], step);
  }
  for (const row of rows) {
    if (row['event_name'] !== 'agent.tool_cost' || row['tallyspan_duplicate'] === true) continue;
    const call = callsByStep.get(row['span_id']) ?? callsByStep.get(row['agent_step_number']);
    if (call === undefined) continue;
    (call.tool_costs ??= []).push(eventJson(row));
  }
  for (const { tool_costs: costs } of steps)
    costs?.sort(
      (a, b) =>
        Number(b['cost_nano_usd'] ?? 0) - Number(a['cost_nano_usd'] ?? 0) ||
        compareText(String(a['gen_ai.tool.name']), String(b['gen_ai.tool.name'])),
    );
}
