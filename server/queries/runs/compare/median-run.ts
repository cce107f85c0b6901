// The median run of an agent: a run that ended well and cost what the middle one of its last runs cost, to compare with.

import { DAY_MS } from '../../../../core/time/time.ts';
import { instantSql, textSql } from '../../../../signals/sql-text.ts';
import type { Queryable } from '../../../store/file/database.ts';
import type { RunSummary } from '../run-summary.ts';

const DAYS = 7;

/** Id of the median run of the agent in the week before the run; undefined where there is no other. */
export async function findMedianRun(database: Queryable, run: RunSummary): Promise<string | undefined> {
  const agent = run['gen_ai.agent.name'];
  const untilMs = Date.parse(run.ended_at ?? run.started_at);
  const [found] = await database.all(
    `WITH others AS (
       SELECT agent_run_id AS id, agent_cost_nano_usd AS cost FROM agent_run
       WHERE gen_ai_agent_name IS NOT DISTINCT FROM ${agent === null ? 'NULL' : textSql(agent)}
         AND service_name IS NOT DISTINCT FROM ${run['service.name'] === null ? 'NULL' : textSql(run['service.name'])}
         AND agent_status = 'ok' AND agent_cost_nano_usd IS NOT NULL
         AND agent_run_id <> ${textSql(run['agent.run_id'])}
         AND timestamp > ${instantSql(untilMs - DAYS * DAY_MS)} AND timestamp <= ${instantSql(untilMs + DAY_MS)}
     )
     SELECT id FROM others WHERE cost = (SELECT quantile_disc(cost, 0.5) FROM others) ORDER BY id LIMIT 1`,
  );
  return found === undefined ? undefined : String(found['id']);
}
