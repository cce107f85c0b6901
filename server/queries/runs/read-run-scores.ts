// The scores of runs as they are read: the newest of each, corrections in the place of what they correct.

import { textSql } from '../../../signals/sql-text.ts';
import type { Queryable } from '../../store/file/database.ts';
import { eventJson, type EventJson } from '../field-values.ts';

/** The scores of a run, its calls included, in order of time, at most the newest thousand; keys as in the schema. */
export async function readRunScores(database: Queryable, runId: string): Promise<readonly EventJson[]> {
  const rows = await database.all(
    `FROM (SELECT * FROM agent_score WHERE agent_run_id = ${textSql(runId)}
       AND tallyspan_duplicate IS NOT TRUE ORDER BY timestamp DESC, gen_ai_evaluation_name DESC LIMIT 1000)
     ORDER BY timestamp, gen_ai_evaluation_name`,
  );
  return rows.map(eventJson);
}
