// Whose day it is that a session of Claude Code spends. Its hooks do not say who the user is; the calls that it has reported
// do. Before its first one it is the only user of Claude Code, where there is only one.

import type { Choice } from '../../signals/choice.ts';
import type { Queryable } from '../store/file/database.ts';

/** What of the day is counted: the calls of that user. Where it is not known who it is, those of nobody else. */
export async function readUserOfSession(
  database: Queryable,
  session: string | undefined,
  fromMs: number,
  toMs: number,
): Promise<Choice> {
  const rows = await database.all(
    `SELECT user_id AS user, bool_or(coalesce(gen_ai_conversation_id = $session, false)) AS of_session,
            bool_or(service_name = 'claude-code') AS of_claude
       FROM agent_model_call
      WHERE timestamp >= make_timestamptz($from::BIGINT * 1000) AND timestamp <= make_timestamptz($to::BIGINT * 1000)
        AND user_id IS NOT NULL AND tallyspan_duplicate IS NOT TRUE
      GROUP BY user_id`,
    { session: session ?? '', from: fromMs, to: toMs },
  );
  const usersWhere = (column: string): string[] =>
    rows.filter((row) => row[column] === true).map((row) => String(row['user']));
  const [known] = usersWhere('of_session');
  if (known !== undefined) return known;
  const ofClaude = usersWhere('of_claude');
  const only = ofClaude.length === 1 ? ofClaude : [];
  return { none: rows.map((row) => String(row['user'])).filter((user) => !only.includes(user)) };
}
