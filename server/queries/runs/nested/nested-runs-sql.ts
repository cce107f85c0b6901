// Which runs are nested in a run: those that it started, and those that they started in turn.

import { eventsSql } from '../../../../signals/event-tables.ts';
import { textSql } from '../../../../signals/sql-text.ts';

const LINKS = eventsSql(
  ['agent.run_id', 'agent.parent_run_id', 'timestamp'],
  ['agent.run.started', 'agent.run'],
);

/** Runs that name each other as the one that started them would have no end. */
export interface NestedLimits {
  readonly levels: number;
  readonly runs: number;
}

/** The parts of a WITH RECURSIVE of which the last, `nested`, has the ids; `since` is a condition that all events of the runs meet. */
export function nestedRunsSql(runId: string, since: string, limits: NestedLimits): string {
  return `links AS MATERIALIZED (
       SELECT DISTINCT agent_run_id AS id, agent_parent_run_id AS parent_id FROM ${LINKS}
       WHERE agent_parent_run_id IS NOT NULL AND ${since}
     ), levels AS (
       SELECT ${textSql(runId)} AS id, 0 AS level
       UNION
       SELECT links.id, level + 1 FROM links JOIN levels ON links.parent_id = levels.id
       WHERE level < ${limits.levels}
     ), nested AS (
       SELECT DISTINCT id FROM levels WHERE id <> ${textSql(runId)} LIMIT ${limits.runs}
     )`;
}
