// Nested runs of a run: those that it started, and those that they started in turn. What they cost is paid for it.

import { instantSql } from '../../../../signals/sql-text.ts';
import type { Queryable } from '../../../store/file/database.ts';
import { numberOrNull } from '../../field-values.ts';
import { nestedRunsSql } from './nested-runs-sql.ts';

export interface NestedCost {
  readonly runs: number;
  /** Null when nothing is priced. */
  readonly costNanoUsd: number | null;
}

const LIMITS = { levels: 100, runs: 10_000 };

/** On all levels; `sinceMs` is before any of their events, Unix milliseconds. A run that goes on costs what its calls did. */
export async function readNestedCost(
  database: Queryable,
  runId: string,
  sinceMs: number,
): Promise<NestedCost> {
  const since = `timestamp >= ${instantSql(sinceMs)}`;
  const [row] = await database.all(
    `WITH RECURSIVE ${nestedRunsSql(runId, since, LIMITS)}, ended AS (
       SELECT agent_run_id AS id, any_value(agent_cost_nano_usd) AS cost FROM agent_run
       WHERE agent_run_id IN (SELECT id FROM nested) AND ${since} GROUP BY 1
     ), called AS (
       SELECT agent_run_id AS id, sum(cost_nano_usd) AS cost FROM agent_model_call
       WHERE agent_run_id IN (SELECT id FROM nested) AND ${since} AND tallyspan_duplicate IS NOT TRUE GROUP BY 1
     )
     SELECT count(*) AS runs, sum(coalesce(ended.cost, called.cost)) AS cost
     FROM nested LEFT JOIN ended USING (id) LEFT JOIN called USING (id)`,
  );
  return { runs: numberOrNull(row?.['runs']) ?? 0, costNanoUsd: numberOrNull(row?.['cost']) };
}
