// The prompt versions of an agent with the scores of their runs: whether what changed made it better, and what good runs cost.

import { instantSql } from '../../../signals/sql-text.ts';
import type { Queryable } from '../../store/file/database.ts';
import {
  readPromptVersions,
  versionsOfRunsSql,
  type PromptVersion,
} from '../runs/compare/prompt-versions.ts';
import { RUN_SCORES, SCORE_NUMBERS, scoreOf, TOTAL_COST, type GroupScore } from './read-group.ts';

export interface ScoredVersion extends PromptVersion {
  /** Of its runs that began in the time; those of the most runs first. */
  readonly scores: readonly GroupScore[];
}

/** In order of appearance; (from, to] in Unix milliseconds. */
export async function readVersions(
  database: Queryable,
  agent: string,
  from: number,
  to: number,
): Promise<readonly ScoredVersion[]> {
  const versions = await readPromptVersions(database, agent, from, to);
  // Runs of which no prompt is known have scores, and no version to show them at.
  if (versions.length === 0) return [];
  const rows = await database.all(
    `WITH versions AS (${versionsOfRunsSql(agent)}),
         begun AS (SELECT agent_run_id, id FROM versions WHERE first > ${instantSql(from)} AND first <= ${instantSql(to)}),
         costs AS (SELECT agent_run_id, max(${TOTAL_COST}) AS cost FROM agent_run
           WHERE tallyspan_duplicate IS NOT TRUE AND agent_run_id IN (SELECT agent_run_id FROM begun) GROUP BY 1)
       SELECT id, name, ${SCORE_NUMBERS}
       FROM (${RUN_SCORES} (SELECT agent_run_id FROM begun) GROUP BY 1, 2)
         JOIN begun USING (agent_run_id) LEFT JOIN costs USING (agent_run_id)
       GROUP BY 1, 2 ORDER BY runs DESC, 2`,
  );
  return versions.map((version) => ({
    ...version,
    scores: rows.filter((row) => row['id'] === version.id).map(scoreOf),
  }));
}

export interface VersionsReport {
  readonly agent: string;
  /** ISO 8601 UTC. */
  readonly from: string;
  readonly to: string;
  readonly versions: readonly VersionRow[];
}

export interface VersionRow {
  readonly version: string;
  /** As a filter names it: `prompt:ID`. */
  readonly id: string;
  readonly changed: PromptVersion['changed'];
  readonly first_seen: string;
  readonly last_seen: string;
  readonly runs: number;
  readonly cost_nano_usd: number | null;
  readonly scores: readonly {
    readonly score: string;
    readonly runs: number;
    readonly mean: number | null;
    /** Share of good, 0 to 1. */
    readonly share: number | null;
    readonly cost_per_good_run_nano_usd: number | null;
  }[];
}

export async function readVersionsReport(
  database: Queryable,
  question: { readonly agent: string; readonly from: number; readonly to: number },
): Promise<VersionsReport> {
  const { agent, from, to } = question;
  const versions = await readVersions(database, agent, from, to);
  return {
    agent,
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    versions: versions.map((version) => ({
      version: version.name,
      id: version.id,
      changed: version.changed,
      first_seen: version.firstSeen,
      last_seen: version.lastSeen,
      runs: version.runs,
      cost_nano_usd: version.costNanoUsd,
      scores: version.scores.map(({ name, runs, statistics }) => ({
        score: name,
        runs,
        mean: statistics.score_mean,
        share: statistics.score_share,
        cost_per_good_run_nano_usd: statistics.cost_per_good_run,
      })),
    })),
  };
}
