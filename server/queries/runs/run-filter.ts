// A run filter says which runs are looked for. A run is one row: its end, or while it goes on its start; what is asked
// of its steps is asked of their tables.

import { columnOf } from '../../../core/columns.ts';
import { EVENT_NAMES, fieldOfDimension, fieldsOf } from '../../../core/schema.ts';
import { eventsSql } from '../../../signals/event-tables.ts';
import { instantSql, textSql } from '../../../signals/sql-text.ts';
import type { DatabaseRow } from '../../store/file/database.ts';
import { numberOrNull } from '../field-values.ts';
import { promptCondition } from './compare/prompt-versions.ts';
import type { MeasureSign } from './measure-sign.ts';
import type { RunCursor, RunSort } from './run-order.ts';
import { scoreSql, type ScoreCondition } from './score-condition.ts';

/** How a run can stand, as `status` names it. */
export const RUN_STATUSES = [
  'ok',
  'error',
  'aborted',
  'refused',
  'max_turns',
  'budget_exceeded',
  'turn_limit',
  'loop',
  'lost',
  'running',
] as const;

/** What is asked of a run by its name, as filters and addresses call it. */
export const RUN_TEXT_FILTERS = [
  'run',
  'status',
  'user',
  'agent',
  'version',
  'prompt',
  'task',
  'project',
  'session',
  'tag',
  'model',
  'tool',
  'error',
] as const;
export type RunTextFilter = (typeof RUN_TEXT_FILTERS)[number];

/** What is asked of a run by its size. */
export const MEASURES = ['cost', 'duration', 'turns', 'tools', 'tokens'] as const;
export type Measure = (typeof MEASURES)[number];

/** `value` is nano-USD of the run itself, milliseconds, or a count; tokens are those in and out. */
export interface MeasureCondition {
  readonly measure: Measure;
  readonly sign: MeasureSign;
  readonly value: number;
}

/** Most runs in one answer. */
export const RUNS_LIMIT = 1000;

export interface RunFilter {
  readonly status?: string | undefined;
  /** Only runs that ended other than ok. */
  readonly failed?: boolean | undefined;
  readonly user?: string | undefined;
  readonly agent?: string | undefined;
  readonly version?: string | undefined;
  /** Id of a prompt version, of its first call. */
  readonly prompt?: string | undefined;
  readonly task?: string | undefined;
  readonly project?: string | undefined;
  /** Beginning of its id. */
  readonly run?: string | undefined;
  readonly comparisons?: readonly MeasureCondition[] | undefined;
  /** Of each of these a score. */
  readonly scores?: readonly ScoreCondition[] | undefined;
  readonly session?: string | undefined;
  readonly tag?: string | undefined;
  /** A model that one of its calls was answered by. */
  readonly model?: string | undefined;
  /** A tool that it called. */
  readonly tool?: string | undefined;
  /** Only runs with a call that has no price. */
  readonly unpriced?: boolean | undefined;
  /** Part of the error type of the run or of any of its steps. */
  readonly error?: string | undefined;
  /** Runs that went on after this, Unix milliseconds: they ended later, or something happened in them later. */
  readonly since?: number | undefined;
  /** Runs that had begun by then. */
  readonly until?: number | undefined;
  /** Runs that had ended by then; none that go on. */
  readonly endedBy?: number | undefined;
  readonly parentRun?: string | undefined;
  readonly sort?: RunSort | undefined;
  /** Against the direction in which the order is asked for as a rule. */
  readonly isReversed?: boolean | undefined;
  readonly limit: number;
  readonly offset?: number | undefined;
  /** Where to go on; in place of `offset`. */
  readonly cursor?: RunCursor | undefined;
}

const ERRORS = eventsSql(
  ['agent.run_id', 'error.type'],
  EVENT_NAMES.filter((name) => fieldsOf(name).includes('error.type')),
);
const MODEL = columnOf(fieldOfDimension('model'));
const TOOL = columnOf(fieldOfDimension('tool'));

/** For rows of ends of runs. */
export function endedSql(filter: RunFilter): string {
  const conditions = sharedConditions(filter);
  if (filter.status !== undefined) conditions.push(`agent_status = ${textSql(filter.status)}`);
  if (filter.failed === true) conditions.push("agent_status <> 'ok'");
  if (filter.since !== undefined) conditions.push(`timestamp > ${instantSql(filter.since)}`);
  for (const { measure, sign, value } of filter.comparisons ?? [])
    conditions.push(`${MEASURE_SQL[measure]} ${sign} ${value}`);
  if (filter.endedBy !== undefined) conditions.push(`timestamp <= ${instantSql(filter.endedBy)}`);
  if (filter.until !== undefined)
    conditions.push(`epoch_ms(timestamp) - coalesce(duration_ms, 0) <= ${Math.floor(filter.until)}`);
  return conditions.join(' AND ');
}

const MEASURE_SQL: Readonly<Record<Measure, string>> = {
  cost: 'agent_cost_nano_usd',
  duration: 'duration_ms',
  turns: 'agent_turns',
  tools: 'agent_tool_calls',
  tokens: '(agent_tokens_in + agent_tokens_out)',
};

/** Whether a run that goes on is, so far, as large as is asked for. `ageMs` is how long it has gone on. */
export function isLargeEnough(filter: RunFilter, row: DatabaseRow, ageMs: number): boolean {
  return (filter.comparisons ?? []).every(({ measure, sign, value }) => {
    const number = measureOf(row, measure, ageMs);
    return number !== null && SIGNS[sign](number, value);
  });
}

const SIGNS: Readonly<Record<MeasureSign, (a: number, b: number) => boolean>> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '=': (a, b) => a === b,
  '>=': (a, b) => a >= b,
  '>': (a, b) => a > b,
};

function measureOf(row: DatabaseRow, measure: Measure, ageMs: number): number | null {
  const column = (name: string): number | null => numberOrNull(row[name]);
  switch (measure) {
    case 'cost':
      return column('agent_cost_nano_usd');
    case 'duration':
      return ageMs;
    case 'turns':
      return column('agent_turns');
    case 'tools':
      return column('agent_tool_calls');
    case 'tokens': {
      const [tokensIn, tokensOut] = [column('agent_tokens_in'), column('agent_tokens_out')];
      return tokensIn === null || tokensOut === null ? null : tokensIn + tokensOut;
    }
  }
}

/** For rows of starts of runs that go on. */
export function openSql(filter: RunFilter): string {
  const conditions = sharedConditions(filter);
  if (filter.until !== undefined) conditions.push(`timestamp <= ${instantSql(filter.until)}`);
  return conditions.join(' AND ');
}

/** Whether a run that goes on may be among them. */
export function takesOpenRuns({ status, failed }: RunFilter): boolean {
  return (status === undefined || status === 'running') && failed !== true;
}

/** Runs with an event for which the condition holds. */
function within(table: string, condition: string): string {
  return `agent_run_id IN (SELECT agent_run_id FROM ${table} WHERE ${condition})`;
}

function sharedConditions(filter: RunFilter): string[] {
  const conditions = ['tallyspan_duplicate IS NOT TRUE'];
  const add = (text: string | undefined, condition: (sql: string) => string): void => {
    if (text !== undefined) conditions.push(condition(textSql(text)));
  };
  add(filter.user, (sql) => `user_id = ${sql}`);
  add(filter.agent, (sql) => `gen_ai_agent_name = ${sql}`);
  add(filter.version, (sql) => `agent_version = ${sql}`);
  if (filter.prompt !== undefined) conditions.push(promptCondition(filter.prompt));
  add(filter.project, (sql) => `agent_project = ${sql}`);
  add(filter.run, (sql) => `starts_with(agent_run_id, ${sql})`);
  add(filter.task, (sql) => `agent_task_type = ${sql}`);
  add(filter.session, (sql) => `gen_ai_conversation_id = ${sql}`);
  add(filter.parentRun, (sql) => `agent_parent_run_id = ${sql}`);
  add(filter.tag, (sql) => `list_contains(agent_tags, ${sql})`);
  add(filter.model, (sql) => within('agent_model_call', `${MODEL} = ${sql}`));
  add(filter.tool, (sql) => within('agent_tool_call', `${TOOL} = ${sql}`));
  for (const condition of filter.scores ?? []) conditions.push(scoreSql(condition));
  if (filter.unpriced === true)
    conditions.push(within('agent_model_call', "tallyspan_cost_status = 'unpriced'"));
  add(filter.error, (sql) => within(ERRORS, `contains(lower(error_type), lower(${sql}))`));
  return conditions;
}
