// Which runs of two stretches of time are looked at when their events are more than can be held: the most expensive runs,
// and of the others every nth. What all of them cost is counted by the database.

import type { RunCost, RunCosts } from '../../../core/diagnosis/run-costs.ts';
import type { Sample } from '../../../core/diagnosis/sample.ts';
import { tableOf } from '../../../core/columns.ts';
import { IS_ONE_CALL_SQL } from '../../../signals/sql-text.ts';
import { textsSql, type Queryable, type DatabaseRow } from '../../store/file/database.ts';
import { conditionOf, runSql, type EventQuestion, type EventSurvey, type RunChoice } from '../read-events.ts';

export interface ChosenRuns extends Sample {
  /** Undefined where all runs are looked at. */
  readonly choice: RunChoice | undefined;
}

/** Runs that are looked at because they are expensive, as far as they take no more than this share of the events. */
const EXPENSIVE_RUNS = 20;
const DEAREST_SHARE = 0.5;

/** How many of the events each of two stretches may hold: half of them, and what the other leaves. */
export function shareEvents(limit: number, counts: readonly [number, number]): [number, number] {
  const [one, two] = counts;
  return [Math.max(limit / 2, limit - two), Math.max(limit / 2, limit - one)];
}

/** Chooses the runs of a stretch so that they have about `limit` events. */
export async function chooseRuns(
  database: Queryable,
  question: EventQuestion,
  survey: EventSurvey,
  limit: number,
): Promise<ChosenRuns> {
  const runCosts = await readRunCosts(database, question, survey);
  if (survey.count <= limit) return { runCosts, wholeRunIds: new Set(), choice: undefined };
  const mostExpensive = runCosts.mostExpensive.map(({ runId }) => runId);
  const counts = await countEvents(database, question, survey, mostExpensive);
  const always: string[] = [];
  const never: string[] = [];
  let held = 0;
  let others = survey.count;
  for (const runId of mostExpensive) {
    const events = counts.get(runId) ?? 0;
    if (held + events <= limit * DEAREST_SHARE) {
      always.push(runId);
      held += events;
      others -= events;
    } else if (events > limit) {
      // So long a run cannot be held, whatever its turn. What it cost is known.
      never.push(runId);
      others -= events;
    }
  }
  const everyNth = Math.max(1, Math.ceil(others / (limit - held)));
  return { runCosts, wholeRunIds: new Set(always), choice: { everyNth, always, never } };
}

/** How many events some runs have. */
async function countEvents(
  database: Queryable,
  question: EventQuestion,
  { standIns }: EventSurvey,
  runIds: readonly string[],
): Promise<Map<string, number>> {
  const { where, values } = conditionOf(question);
  const counts = new Map<string, number>();
  for (const name of question.names) {
    const run = runSql(standIns.get(name) ?? []);
    const rows = await database.all(
      `SELECT ${run} AS run, count(*) AS events FROM ${tableOf(name)}
       WHERE ${where} AND ${run} IN ${textsSql('$runs')} GROUP BY ALL`,
      { ...values, runs: JSON.stringify(runIds) },
    );
    for (const row of rows)
      counts.set(String(row['run']), (counts.get(String(row['run'])) ?? 0) + Number(row['events']));
  }
  return counts;
}

/** Cost of the priced runs, of which the most expensive by themselves. */
async function readRunCosts(
  database: Queryable,
  question: EventQuestion,
  { standIns }: EventSurvey,
): Promise<RunCosts> {
  const { where, values } = conditionOf(question);
  const run = runSql(standIns.get('agent.model_call') ?? []);
  const rows = await database.all(
    `WITH runs AS MATERIALIZED (
       SELECT ${run} AS run, coalesce(min(user_id), '') AS user_id, count(*) FILTER (${IS_ONE_CALL_SQL}) AS calls, sum(cost_nano_usd)::BIGINT AS cost,
         epoch_ms(min(timestamp)) AS first
       FROM agent_model_call
       WHERE ${where} AND cost_nano_usd IS NOT NULL AND tallyspan_duplicate IS NOT TRUE
       GROUP BY ALL
     )
     SELECT most_expensive.*, total.* FROM
       (SELECT count(*) AS all_runs, sum(cost)::BIGINT AS all_cost, quantile_disc(cost, 0.5) AS median FROM runs) AS total
       LEFT JOIN (FROM runs ORDER BY cost DESC, run LIMIT ${EXPENSIVE_RUNS}) AS most_expensive ON true
     ORDER BY cost DESC, run`,
    values,
  );
  const [total] = rows;
  const runs = Number(total?.['all_runs'] ?? 0);
  return {
    runs,
    costNanoUsd: Number(total?.['all_cost'] ?? 0),
    medianNanoUsd: runs === 0 ? undefined : Number(total?.['median']),
    mostExpensive: runs === 0 ? [] : rows.map(runCostOf),
  };
}

function runCostOf(row: DatabaseRow): RunCost {
  return {
    runId: String(row['run']),
    user: String(row['user_id']),
    calls: Number(row['calls']),
    costNanoUsd: Number(row['cost']),
    firstMs: Number(row['first']),
  };
}
