// Conditions of a run filter. A run is one row: its end, or while it goes on its start; what is asked of its steps is
// asked of their tables. What is excluded is the complement of what is asked: `IS NOT TRUE` takes what has no value.

import { columnOf } from '../../../core/columns.ts';
import { groupBy } from '../../../core/group-by.ts';
import { EVENT_NAMES, fieldOfDimension, fieldsOf } from '../../../core/schema.ts';
import { eventsSql } from '../../../signals/event-tables.ts';
import { complementSql, instantSql, isOneOfSql, runsWithSql, textSql } from '../../../signals/sql-text.ts';
import type { DatabaseRow } from '../../store/file/database.ts';
import { numberOrNull } from '../field-values.ts';
import { promptCondition } from './compare/prompt-versions.ts';
import type { MeasureSign } from './measure-sign.ts';
import {
  RUN_CHOICES,
  valuesOf,
  type Measure,
  type MeasureCondition,
  type RunAsked,
  type RunChoiceName,
  type RunFilter,
} from './run-filter.ts';
import { scoreSql, type ScoreCondition } from './score-condition.ts';

const ERRORS = eventsSql(
  ['agent.run_id', 'error.type'],
  EVENT_NAMES.filter((name) => fieldsOf(name).includes('error.type')),
);
const MODEL = columnOf(fieldOfDimension('model'));
const TOOL = columnOf(fieldOfDimension('tool'));

/** For rows of ends of runs. */
export function endedSql(filter: RunFilter): string {
  const { excluded = {} } = filter;
  const conditions = [
    ...sharedConditions(filter),
    ...conditionsOfEnd(filter),
    ...conditionsOfEnd(excluded).map(complementSql),
  ];
  if (filter.failed === true) conditions.push(HAS_FAILED);
  if (filter.since !== undefined) conditions.push(`timestamp > ${instantSql(filter.since)}`);
  if (filter.endedBy !== undefined) conditions.push(`timestamp <= ${instantSql(filter.endedBy)}`);
  if (filter.until !== undefined)
    conditions.push(`epoch_ms(timestamp) - coalesce(duration_ms, 0) <= ${Math.floor(filter.until)}`);
  return conditions.join(' AND ');
}

/** For rows of starts of runs that go on. */
export function openSql(filter: RunFilter): string {
  const conditions = sharedConditions(filter);
  if (filter.until !== undefined) conditions.push(`timestamp <= ${instantSql(filter.until)}`);
  return conditions.join(' AND ');
}

/** Whether a run that goes on may be among them. */
export function takesOpenRuns({ status, failed, excluded }: RunFilter): boolean {
  const asked = valuesOf(status);
  const isAsked = asked.length === 0 || asked.includes('running');
  return isAsked && failed !== true && !valuesOf(excluded?.status).includes('running');
}

/** Whether a run that has ended may be among them. */
export function takesEndedRuns({ status }: RunFilter): boolean {
  const asked = valuesOf(status);
  return asked.length === 0 || asked.some((one) => one !== 'running');
}

/** Whether a run that goes on is, so far, as large as is asked for. `ageMs` is how long it has gone on. */
export function isLargeEnough(filter: RunFilter, row: DatabaseRow, ageMs: number): boolean {
  const isOne = ({ measure, sign, value }: MeasureCondition): boolean => {
    const number = measureOf(row, measure, ageMs);
    return number !== null && SIGNS[sign](number, value);
  };
  return (
    alternativesOf(filter.comparisons, measureKey).every((group) => group.some(isOne)) &&
    !(filter.excluded?.comparisons ?? []).some(isOne)
  );
}

function sharedConditions(filter: RunFilter): string[] {
  const { excluded = {} } = filter;
  return [
    'tallyspan_duplicate IS NOT TRUE',
    ...conditionsOfRun(filter),
    ...conditionsOfRun(excluded).map(complementSql),
  ];
}

/** What a run can be asked whether it has ended or not. */
function conditionsOfRun(asked: RunAsked): string[] {
  const conditions = RUN_CHOICES.flatMap((name) => {
    const values = valuesOf(asked[name]);
    return values.length === 0 || name === 'status' ? [] : [CHOICE_SQL[name](values)];
  });
  for (const group of alternativesOf(asked.scores, scoreKey)) conditions.push(anyOf(group.map(scoreSql)));
  if (asked.unpriced !== undefined) {
    const isUnpriced = runsWithSql('agent_model_call', "tallyspan_cost_status = 'unpriced'");
    conditions.push(asked.unpriced ? isUnpriced : complementSql(isUnpriced));
  }
  return conditions;
}

const CHOICE_SQL: Readonly<Record<Exclude<RunChoiceName, 'status'>, (values: readonly string[]) => string>> =
  {
    user: (values) => isOneOf('user_id', values),
    agent: (values) => isOneOf('gen_ai_agent_name', values),
    version: (values) => isOneOf('agent_version', values),
    prompt: promptCondition,
    project: (values) => isOneOf('agent_project', values),
    run: (values) => anyOf(values.map((id) => `starts_with(agent_run_id, ${textSql(id)})`)),
    task: (values) => isOneOf('agent_task_type', values),
    session: (values) => isOneOf('gen_ai_conversation_id', values),
    parentRun: (values) => isOneOf('agent_parent_run_id', values),
    tag: (values) => anyOf(values.map((tag) => `list_contains(agent_tags, ${textSql(tag)})`)),
    model: (values) => runsWithSql('agent_model_call', isOneOf(MODEL, values)),
    tool: (values) => runsWithSql('agent_tool_call', isOneOf(TOOL, values)),
    error: (values) =>
      runsWithSql(
        ERRORS,
        anyOf(values.map((text) => `contains(lower(error_type), lower(${textSql(text)}))`)),
      ),
  };

const HAS_FAILED = "agent_status <> 'ok'";

/** What only the end of a run says. */
function conditionsOfEnd(asked: RunAsked): string[] {
  const statuses = valuesOf(asked.status);
  const named = statuses.filter((status) => status !== 'failed');
  const ofStatus = [
    ...(named.length === 0 ? [] : [isOneOf('agent_status', named)]),
    ...(named.length === statuses.length ? [] : [HAS_FAILED]),
  ];
  return [
    ...(ofStatus.length === 0 ? [] : [anyOf(ofStatus)]),
    ...alternativesOf(asked.comparisons, measureKey).map((group) =>
      anyOf(group.map(({ measure, sign, value }) => `${MEASURE_SQL[measure]} ${sign} ${value}`)),
    ),
  ];
}

/** Conditions that all have to hold, those of one key as alternatives; one without a key stands alone. */
function alternativesOf<Condition>(
  conditions: readonly Condition[] = [],
  keyOf: (condition: Condition) => string | undefined,
): readonly (readonly Condition[])[] {
  return [...groupBy(conditions, (condition) => keyOf(condition) ?? Symbol('alone')).values()];
}

/** A size is one of several, or between limits. */
function measureKey({ measure, sign }: MeasureCondition): string | undefined {
  return sign === '=' ? measure : undefined;
}

function scoreKey({ name = '', value }: ScoreCondition): string | undefined {
  const isLimit = value !== undefined && 'sign' in value && value.sign !== '=';
  return value === undefined || isLimit ? undefined : name;
}

const MEASURE_SQL: Readonly<Record<Measure, string>> = {
  cost: 'agent_cost_nano_usd',
  duration: 'duration_ms',
  turns: 'agent_turns',
  tools: 'agent_tool_calls',
  tokens: '(agent_tokens_in + agent_tokens_out)',
};

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

function isOneOf(column: string, values: readonly string[]): string {
  return isOneOfSql(column, values.map(textSql));
}

function anyOf(conditions: readonly string[]): string {
  return conditions.length === 1 ? conditions.join('') : `(${conditions.join(' OR ')})`;
}
