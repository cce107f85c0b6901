// One step of a run with everything that is stored of it: all fields of its event, what the call paid for its context,
// and which part of the cached prefix it read.

import { findMissesOfCalls, pairCalls, type CacheMiss } from '../../../core/attribution/cache-forensics.ts';
import { readCalls } from '../../../core/pricing/call-facts.ts';
import { tableOf } from '../../../core/columns.ts';
import { instantSql, textSql } from '../../../signals/sql-text.ts';
import { textsSql, type Queryable, type DatabaseRow } from '../../store/file/database.ts';
import { OPEN_COLUMNS } from '../../store/file/content-cipher.ts';
import { eventJson, type EventJson } from '../field-values.ts';
import { eventOf } from '../read-events.ts';
import type { RunStep } from './read-run.ts';

export interface StepDetail {
  /** The whole event. */
  readonly event: EventJson;
  /** On a model call: what it paid for each part of its context, the most expensive first. */
  readonly context_costs: readonly EventJson[];
  /** On a model call that lost cached tokens: how many, and why. */
  readonly cache_miss: CacheMiss | undefined;
  /** On a model call: span id of the call whose messages it continues. */
  readonly previous_span_id: string | undefined;
}

/** Conversations that one run holds side by side, and some more: as many calls are looked back. */
const CALLS_BACK = 24;

/** `steps` are those of the run of the step, in order. Undefined when its event is gone. */
export async function readStep(
  database: Queryable,
  steps: readonly RunStep[],
  step: RunStep,
): Promise<StepDetail | undefined> {
  if (step.step === 'model_call') return readCallStep(database, steps, step);
  const names =
    step.step === 'note' ? (['agent.note', 'agent.limit'] as const) : (['agent.tool_call'] as const);
  const rows = (await Promise.all(names.map((name) => readEventsOf(database, name, [step])))).flat();
  // A note has the span of its run.
  const isThis = (row: DatabaseRow): boolean =>
    String(row['tallyspan_seq']) === String(step['tallyspan.seq']);
  const row = (step.step === 'note' ? rows.find(isThis) : undefined) ?? rows[0];
  if (row === undefined) return undefined;
  return { event: eventJson(row), context_costs: [], cache_miss: undefined, previous_span_id: undefined };
}

async function readCallStep(
  database: Queryable,
  steps: readonly RunStep[],
  step: RunStep,
): Promise<StepDetail | undefined> {
  const calls = steps.filter((one) => one.step === 'model_call');
  const index = calls.indexOf(step);
  const around = calls.slice(Math.max(0, index - CALLS_BACK), index + 1);
  const [rows, costs] = await Promise.all([
    readEventsOf(database, 'agent.model_call', around),
    database.all(
      `SELECT * FROM ${tableOf('agent.tool_cost')} WHERE ${ofSteps([step])} AND tallyspan_duplicate IS NOT TRUE
       ORDER BY cost_nano_usd DESC NULLS LAST, gen_ai_tool_name`,
    ),
  ]);
  const row = rows.find((one) => one['span_id'] === step['span_id']);
  if (row === undefined) return undefined;
  const facts = readCalls(rows.map(eventOf));
  const isThis = (spanId: unknown): boolean => spanId === step['span_id'];
  const pair = pairCalls(facts).find(({ call }) => isThis(call.event.span_id));
  const before = around.at(-2);
  return {
    event: eventJson(row),
    context_costs: costs.map(eventJson),
    cache_miss: findMissesOfCalls(facts).find(({ call }) => isThis(call.event.span_id)),
    previous_span_id:
      pair?.previous?.event.span_id ??
      (typeof before?.['span_id'] === 'string' ? before['span_id'] : undefined),
  };
}

function readEventsOf(
  database: Queryable,
  name: 'agent.model_call' | 'agent.tool_call' | 'agent.note' | 'agent.limit',
  steps: readonly RunStep[],
): Promise<DatabaseRow[]> {
  return database.all(`SELECT ${OPEN_COLUMNS} FROM ${tableOf(name)} WHERE ${ofSteps(steps)}`);
}

function ofSteps(steps: readonly RunStep[]): string {
  const times = steps.map((step) => Date.parse(step.ended_at));
  const spans = JSON.stringify(steps.flatMap((step) => step['span_id'] ?? []));
  return `timestamp BETWEEN ${instantSql(Math.min(...times))} AND ${instantSql(Math.max(...times) + 1)}
    AND span_id IN ${textsSql(textSql(spans))}`;
}
