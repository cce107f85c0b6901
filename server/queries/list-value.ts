// List value: what calls under a plan of Claude would cost by the call. A plan is paid by the month, so nobody pays it, and
// wherever a cost is shown the part of it that is list value is named. One definition for pages, the API, commands and
// notices (docs/decisions/0079, 0217).

import { columnOf } from '../../core/columns.ts';
import { fieldOfDimension, type Dimension } from '../../core/schema.ts';
import { MINUTE_MS } from '../../core/time/time.ts';
import { signalOf } from '../../signals/catalogue/index.ts';
import { choiceSql, listChoices } from '../../signals/choice.ts';
import { groupName, type SignalResult } from '../../signals/result.ts';
import type { Signal, SignalRequest } from '../../signals/signal.ts';
import { windowOf } from '../../signals/spans.ts';
import { groupSql, instantSql, textSql } from '../../signals/sql-text.ts';
import { textsSql, type Queryable } from '../store/file/database.ts';
import { numberOrNull, textOrNull } from './field-values.ts';
import { runSignal } from './signals/signals.ts';

/** Where the setting says whether Claude Code is used under a plan. */
export interface PlanQueryable extends Queryable {
  /** Undefined: as Claude Code says itself, session by session. */
  readonly isClaudeOnPlan?: boolean | undefined;
}

/** Calls of Claude Code, whoever reported them; those that a program made by the Agent SDK are its own. */
const OF_CLAUDE_CODE = `(service_name = 'claude-code' OR coalesce(tallyspan_source IN ('log', 'transcript'), false)
  OR (coalesce(tallyspan_source = 'remainder', false) AND tallyspan_cost_reason IS DISTINCT FROM 'not_in_messages'))`;

/** A condition on rows of model calls: whether what they cost is list value. */
export function listValueSql({ isClaudeOnPlan }: PlanQueryable): string {
  if (isClaudeOnPlan !== undefined) return isClaudeOnPlan ? OF_CLAUDE_CODE : 'false';
  // What is left of a session in transcripts and remainders has no name of a plan, and counts with its session.
  return `(anthropic_plan IS NOT NULL OR coalesce(gen_ai_conversation_id IN (
    SELECT gen_ai_conversation_id FROM agent_model_call WHERE anthropic_plan IS NOT NULL), false))`;
}

/** Whether any call may be list value: where none names a plan, nothing more has to be asked. */
async function hasListValue(database: PlanQueryable): Promise<boolean> {
  if (database.isClaudeOnPlan !== undefined) return database.isClaudeOnPlan;
  const rows = await database.all('SELECT 1 FROM agent_model_call WHERE anthropic_plan IS NOT NULL LIMIT 1');
  return rows.length > 0;
}

/** Part of a cost, in answers; absent where none of it is list value. */
export interface ListValuePart {
  readonly list_value_nano_usd?: number;
}

export function listValuePart(nanoUsd: number | undefined): ListValuePart {
  return nanoUsd === undefined || nanoUsd === 0 ? {} : { list_value_nano_usd: nanoUsd };
}

type Asked = Pick<SignalRequest, 'from' | 'to' | 'where'>;

/** Nano-USD of the window `(from, to]`. */
export async function readListValue(database: PlanQueryable, asked: Asked): Promise<number> {
  if (!(await hasListValue(database))) return 0;
  const [row] = await database.all(
    `SELECT sum(cost_nano_usd)::DOUBLE AS cost FROM agent_model_call WHERE ${conditionSql(database, asked)}`,
  );
  return numberOrNull(row?.['cost']) ?? 0;
}

/** Nano-USD of the groups that have some, as `groupName` names them. */
export async function readListValueBy(
  database: PlanQueryable,
  by: readonly Dimension[],
  asked: Asked,
): Promise<ReadonlyMap<string, number>> {
  if (!(await hasListValue(database))) return new Map();
  const names = by.map((dimension, index) => `${dimensionSql(dimension)} AS name${String(index)}`).join(', ');
  const rows = await database.all(
    `SELECT ${names}, sum(cost_nano_usd)::DOUBLE AS cost FROM agent_model_call
     WHERE ${conditionSql(database, asked)} GROUP BY ALL HAVING cost <> 0`,
  );
  return new Map(
    rows.map((row) => [
      groupName(Object.fromEntries(by.map((one, index) => [one, textOrNull(row[`name${String(index)}`])]))),
      numberOrNull(row['cost']) ?? 0,
    ]),
  );
}

/** Zones differ by quarters of an hour at least. */
const SLICE_MS = 15 * MINUTE_MS;

/** Nano-USD by the day, as `dayName` calls the day of an instant. The instant of midnight belongs to the day that ends. */
export async function readListValueByDay(
  database: PlanQueryable,
  asked: Asked,
  dayName: (atMs: number) => string,
): Promise<ReadonlyMap<string, number>> {
  if (!(await hasListValue(database))) return new Map();
  const rows = await database.all(
    `SELECT (epoch_ms(timestamp) - 1) // ${SLICE_MS} AS slice, sum(cost_nano_usd)::DOUBLE AS cost FROM agent_model_call
     WHERE ${conditionSql(database, asked)} GROUP BY ALL`,
  );
  const days = new Map<string, number>();
  for (const row of rows) {
    const day = dayName(Number(row['slice']) * SLICE_MS);
    days.set(day, (days.get(day) ?? 0) + (numberOrNull(row['cost']) ?? 0));
  }
  return days;
}

/** Nano-USD of runs, by their ids; `sinceMs`: nothing of them stands before. Without what is nested in them. */
export async function readListValueOfRuns(
  database: PlanQueryable,
  runs: readonly string[],
  sinceMs: number,
): Promise<ReadonlyMap<string, number>> {
  if (runs.length === 0 || !(await hasListValue(database))) return new Map();
  const rows = await database.all(
    `SELECT agent_run_id AS run, sum(cost_nano_usd)::DOUBLE AS cost FROM agent_model_call
     WHERE ${listValueSql(database)} AND timestamp >= ${instantSql(sinceMs)} AND tallyspan_duplicate IS NOT TRUE
       AND agent_run_id IN ${textsSql(textSql(JSON.stringify(runs)))}
     GROUP BY ALL HAVING cost <> 0`,
  );
  return new Map(rows.map((row) => [String(row['run']), numberOrNull(row['cost']) ?? 0]));
}

/** Nano-USD of all runs that a statement selects by their ids. */
export async function readListValueOfSelected(database: PlanQueryable, runsSql: string): Promise<number> {
  if (!(await hasListValue(database))) return 0;
  const [row] = await database.all(
    `SELECT sum(cost_nano_usd)::DOUBLE AS cost FROM agent_model_call
     WHERE ${listValueSql(database)} AND tallyspan_duplicate IS NOT TRUE AND agent_run_id IN (${runsSql})`,
  );
  return numberOrNull(row?.['cost']) ?? 0;
}

/** Whether the signal is the whole cost of calls, so that a part of it may be list value. */
export function isCostOfCalls({ value }: Signal): boolean {
  return (
    value.kind === 'fold' &&
    value.of === 'agent.model_call' &&
    value.aggregate === 'sum' &&
    value.field === 'cost_nano_usd' &&
    (value.where ?? []).length === 0
  );
}

/** A signal with the part of it, and of each group, that is list value. */
export async function answerSignal(
  database: PlanQueryable,
  signal: Signal,
  request: SignalRequest,
): Promise<SignalResult> {
  const result = await runSignal(database, signal, request);
  if (!isCostOfCalls(signal)) return result;
  const asked = { ...windowOf(signal, request), where: request.where };
  if ('value' in result) return { ...result, ...listValuePart(await readListValue(database, asked)) };
  const [first] = result.groups;
  if (first === undefined) return result;
  const by = Object.keys(first.by) as Dimension[];
  const found = await readListValueBy(database, by, asked);
  return {
    ...result,
    groups: result.groups.map((group) => ({
      ...group,
      ...listValuePart(found.get(groupName(group.by))),
    })),
  };
}

/** The part of a signal's value that is list value, nano-USD; 0 of a signal that is no cost of calls. */
export function readListValueOfSignal(
  database: PlanQueryable,
  id: string,
  request: SignalRequest,
): Promise<number> {
  const signal = signalOf(id);
  return isCostOfCalls(signal)
    ? readListValue(database, { ...windowOf(signal, request), where: request.where })
    : Promise.resolve(0);
}

function conditionSql(database: PlanQueryable, { from, to, where = {} }: Asked): string {
  return [
    listValueSql(database),
    `timestamp > ${instantSql(from)} AND timestamp <= ${instantSql(to)}`,
    'tallyspan_duplicate IS NOT TRUE',
    ...listChoices(where).flatMap((choice) =>
      choiceSql(dimensionSql(choice.dimension), choice, (_name, value) => textSql(value)),
    ),
  ].join(' AND ');
}

function dimensionSql(dimension: Dimension): string {
  const field = fieldOfDimension(dimension);
  return groupSql(field, columnOf(field));
}
