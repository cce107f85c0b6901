// Prompt versions: which system prompts and tool definitions an agent was called with, recognised by their hashes also where
// nobody set a version, and named v1, v2, … in the order in which they appeared. A run has the one of its first call.

import { textSql, instantSql } from '../../../../signals/sql-text.ts';
import type { Queryable } from '../../../store/file/database.ts';
import { isoOrNull, numberOrNull, textOrNull } from '../../field-values.ts';

export interface PromptVersion {
  /** `v1`, `v2`, …: of all that the agent ever had. */
  readonly name: string;
  /** What a filter names it by: beginnings of both hashes. */
  readonly id: string;
  readonly agent: string | null;
  /** What is other than in the version before. */
  readonly changed: 'first' | 'system prompt' | 'tool definitions' | 'both' | 'tool order';
  /** ISO 8601 UTC. */
  readonly firstSeen: string;
  readonly lastSeen: string;
  readonly runs: number;
  readonly costNanoUsd: number | null;
}

const HASH_SHOWN = 8;
const VERSIONS_SHOWN = 100;

/** What a run is asked for when it is to have one of these versions: of its first call. */
export function promptCondition(ids: readonly string[]): string {
  return `agent_run_id IN (SELECT agent_run_id FROM agent_model_call
    WHERE agent_run_id IS NOT NULL AND tallyspan_duplicate IS NOT TRUE
    GROUP BY agent_run_id HAVING ${ID_SQL} IN (${ids.map(textSql).join(', ')}))`;
}

const FIRST_SYSTEM = "coalesce(arg_min(tallyspan_prefix_system, timestamp), '')";
const FIRST_TOOLS = "coalesce(arg_min(tallyspan_prefix_tools, timestamp), '')";
const ID_SQL = `substr(${FIRST_SYSTEM}, 1, ${HASH_SHOWN}) || '-' || substr(split_part(${FIRST_TOOLS}, '.', 1), 1, ${HASH_SHOWN})`;

/** The runs of an agent with the id of their version and when their first call was: `agent_run_id`, `id`, `first`. */
export function versionsOfRunsSql(agent: string): string {
  return `SELECT agent_run_id, ${ID_SQL} AS id, min(timestamp) AS first FROM agent_model_call
    WHERE gen_ai_agent_name = ${textSql(agent)} AND agent_run_id IS NOT NULL AND tallyspan_duplicate IS NOT TRUE
    GROUP BY agent_run_id`;
}

/** Those of one agent, in order of appearance, with what their runs that began in the time cost; (from, to] in Unix milliseconds. */
export async function readPromptVersions(
  database: Queryable,
  agent: string,
  from: number,
  to: number,
): Promise<readonly PromptVersion[]> {
  const rows = await database.all(
    `WITH runs AS (
       SELECT agent_run_id, min(timestamp) AS first, sum(cost_nano_usd)::DOUBLE AS cost,
         ${FIRST_SYSTEM} AS system, ${FIRST_TOOLS} AS tools
       FROM agent_model_call
       WHERE gen_ai_agent_name = ${textSql(agent)} AND agent_run_id IS NOT NULL AND tallyspan_duplicate IS NOT TRUE
       GROUP BY agent_run_id
     )
     SELECT substr(system, 1, ${HASH_SHOWN}) || '-' || substr(split_part(tools, '.', 1), 1, ${HASH_SHOWN}) AS id,
       any_value(system) AS system, any_value(tools) AS tools, min(first) AS first_seen, max(first) AS last_seen,
       count(*) FILTER (first > ${instantSql(from)} AND first <= ${instantSql(to)})::INTEGER AS runs,
       sum(cost) FILTER (first > ${instantSql(from)} AND first <= ${instantSql(to)}) AS cost
     FROM runs WHERE system <> '' OR tools <> ''
     GROUP BY 1 ORDER BY first_seen, id LIMIT ${VERSIONS_SHOWN}`,
  );
  return rows.map((row, index) => {
    const before = rows[index - 1];
    return {
      name: `v${index + 1}`,
      id: String(row['id']),
      agent,
      changed:
        before === undefined
          ? 'first'
          : changeOf(
              [textOrNull(before['system']) ?? '', textOrNull(before['tools']) ?? ''],
              [textOrNull(row['system']) ?? '', textOrNull(row['tools']) ?? ''],
            ),
      firstSeen: isoOrNull(row['first_seen']) ?? '',
      lastSeen: isoOrNull(row['last_seen']) ?? '',
      runs: Number(row['runs']),
      costNanoUsd: numberOrNull(row['cost']),
    };
  });
}

/** The second part of the hash of tool definitions is the same in any order. */
function changeOf(
  [systemBefore, toolsBefore]: readonly [string, string],
  [system, tools]: readonly [string, string],
): PromptVersion['changed'] {
  const isTools = tools !== toolsBefore;
  if (system !== systemBefore) return isTools ? 'both' : 'system prompt';
  const [, setBefore] = toolsBefore.split('.');
  const [, set] = tools.split('.');
  return set !== undefined && set === setBefore ? 'tool order' : 'tool definitions';
}
