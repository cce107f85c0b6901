// Suggestions for the filter that somebody is writing: behind `user:an` the users whose names hold `an`, each with how many of
// the runs that match the rest of the line.

import { columnOf } from '../../../core/columns.ts';
import { fieldOfDimension, type Dimension } from '../../../core/schema.ts';
import { textSql } from '../../../signals/sql-text.ts';
import type { Queryable } from '../../store/file/database.ts';
import { endedSql } from '../runs/run-conditions.ts';
import type { RunFilter } from '../runs/run-filter.ts';

/** What values are suggested for: dimensions of a run, and what its steps and scores have. */
const RUN_DIMENSIONS = ['status', 'user', 'agent', 'version', 'task', 'project', 'session'] as const;
const STEPS = {
  tool: { table: 'agent_tool_call', column: columnOf(fieldOfDimension('tool')) },
  model: { table: 'agent_model_call', column: columnOf(fieldOfDimension('model')) },
  score: { table: 'agent_score', column: columnOf(fieldOfDimension('score')) },
} as const;

export type SuggestedFilter = (typeof RUN_DIMENSIONS)[number] | keyof typeof STEPS | 'tag';

export interface Suggestion {
  readonly value: string;
  /** Runs that ended. */
  readonly runs: number;
}

export function isSuggested(key: string): key is SuggestedFilter {
  return key === 'tag' || key in STEPS || (RUN_DIMENSIONS as readonly string[]).includes(key);
}

const MOST = 8;

/** The most frequent first, those that begin with the text before those that hold it. */
export async function suggestFilters(
  database: Queryable,
  key: SuggestedFilter,
  text: string,
  rest: RunFilter,
): Promise<readonly Suggestion[]> {
  const wanted = textSql(text.toLowerCase());
  const rows = await database.all(
    `SELECT value, count(DISTINCT run)::INTEGER AS runs FROM (${valuesSql(key, endedSql(rest))})
     WHERE value IS NOT NULL AND value <> '' AND contains(lower(value), ${wanted})
     GROUP BY value ORDER BY NOT starts_with(lower(value), ${wanted}), runs DESC, value LIMIT ${MOST}`,
  );
  return rows.map((row) => ({ value: String(row['value']), runs: Number(row['runs']) }));
}

function valuesSql(key: SuggestedFilter, where: string): string {
  const runs = `FROM agent_run WHERE ${where}`;
  if (key === 'tag') return `SELECT unnest(agent_tags) AS value, agent_run_id AS run ${runs}`;
  if (key in STEPS) {
    const { table, column } = STEPS[key as keyof typeof STEPS];
    return `SELECT ${column} AS value, agent_run_id AS run FROM ${table}
      WHERE tallyspan_duplicate IS NOT TRUE AND agent_run_id IN (SELECT agent_run_id ${runs})`;
  }
  return `SELECT ${columnOf(fieldOfDimension(key as Dimension))} AS value, agent_run_id AS run ${runs}`;
}
