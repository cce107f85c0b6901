// A lost run began and never ended: its process was killed. After the time-out it gets a closing
// `agent.run` with status `lost`, stamped with the last thing seen of it, so that it counts as ended.

import type { EventRecord } from '../core/event.ts';
import type { Queryable, DatabaseRow } from './store/file/database.ts';
import { numberOrNull, textOrNull } from './queries/field-values.ts';
import { SUMS_SO_FAR_SQL } from './queries/runs/run-summary.ts';

/** Closing events for the runs of which nothing was seen since `beforeMs` (Unix milliseconds). */
export async function findLostRuns(database: Queryable, beforeMs: number): Promise<EventRecord[]> {
  const rows = await database.all(
    `WITH open AS (
       SELECT agent_run_id, min(timestamp) AS started FROM agent_run_started AS begun
       WHERE timestamp <= make_timestamptz(?::BIGINT * 1000) AND tallyspan_duplicate IS NOT TRUE
         AND NOT EXISTS (SELECT 1 FROM agent_run AS done WHERE done.agent_run_id = begun.agent_run_id)
       GROUP BY agent_run_id
     )
     SELECT agent_run_id, any_value(started) AS started, max(timestamp) AS last,
       any_value(trace_id) AS trace_id,
       max(span_id) FILTER (event_name = 'agent.run.started') AS span_id,
       any_value(tallyspan_key) FILTER (event_name = 'agent.run.started') AS tallyspan_key,
       any_value(tallyspan_dialect) FILTER (event_name = 'agent.run.started') AS tallyspan_dialect,
       any_value(tallyspan_source) FILTER (event_name = 'agent.run.started') AS tallyspan_source,
       any_value(agent_inferred) FILTER (event_name = 'agent.run.started') AS agent_inferred,
       any_value(service_name) AS service_name, any_value(service_version) AS service_version,
       any_value(agent_parent_run_id) AS agent_parent_run_id,
       any_value(gen_ai_conversation_id) AS gen_ai_conversation_id, any_value(user_id) AS user_id,
       any_value(agent_task_type) AS agent_task_type, any_value(gen_ai_agent_name) AS gen_ai_agent_name,
       any_value(agent_version) AS agent_version, any_value(agent_project) AS agent_project, any_value(agent_tags) AS agent_tags, any_value(agent_user_input_len) AS agent_user_input_len,
       ${SUMS_SO_FAR_SQL}
     FROM events JOIN open USING (agent_run_id) WHERE tallyspan_duplicate IS NOT TRUE
       AND event_name <> 'agent.score'
     GROUP BY agent_run_id HAVING max(timestamp) <= make_timestamptz(?::BIGINT * 1000)`,
    [Math.floor(beforeMs), Math.floor(beforeMs)],
  );
  return rows.map(closingEvent);
}

function closingEvent(row: DatabaseRow): EventRecord {
  const last = (row['last'] as Date).getTime();
  const text = (column: string): string | undefined => textOrNull(row[column]) ?? undefined;
  const count = (column: string): number | undefined => numberOrNull(row[column]) ?? undefined;
  return {
    timestamp: last,
    'event.name': 'agent.run',
    'agent.status': 'lost',
    'agent.run_id': text('agent_run_id'),
    'agent.parent_run_id': text('agent_parent_run_id'),
    trace_id: text('trace_id'),
    span_id: text('span_id'),
    'tallyspan.dialect': text('tallyspan_dialect'),
    'tallyspan.source': text('tallyspan_source'),
    // What began under a key ends under it: an end that comes after all takes the place of this one.
    'tallyspan.key': text('tallyspan_key'),
    'agent.inferred': row['agent_inferred'] === true || undefined,
    'service.name': text('service_name'),
    'service.version': text('service_version'),
    'gen_ai.conversation.id': text('gen_ai_conversation_id'),
    'user.id': text('user_id'),
    'agent.task_type': text('agent_task_type'),
    'gen_ai.agent.name': text('gen_ai_agent_name'),
    'agent.version': text('agent_version'),
    'agent.project': text('agent_project'),
    'agent.tags': Array.isArray(row['agent_tags']) ? row['agent_tags'].map(String) : undefined,
    'agent.user_input_len': count('agent_user_input_len'),
    duration_ms: last - (row['started'] as Date).getTime(),
    'agent.turns': count('agent_turns'),
    'agent.tool_calls': count('agent_tool_calls'),
    'agent.tokens_in': count('agent_tokens_in'),
    'agent.tokens_out': count('agent_tokens_out'),
    'agent.cost_nano_usd': count('agent_cost_nano_usd'),
  };
}
