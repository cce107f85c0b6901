// Nested runs of a run on all levels, each as a summary with the span in which it began: what places it in a tree.

import { instantSql, textSql } from '../../../../signals/sql-text.ts';
import { textsSql, type Queryable, type DatabaseRow } from '../../../store/file/database.ts';
import { compareText } from '../../../../core/text/text-order.ts';
import { numberOrNull, textOrNull } from '../../field-values.ts';
import { nestedRunsSql } from './nested-runs-sql.ts';
import { readCostDoubts, sumsSoFar, summaryOf, type RunSummary } from '../run-summary.ts';

export interface NestedRunSummary extends RunSummary {
  /** Span that was active when the run began, as a rule that of the tool call which started it. */
  readonly parent_span_id: string | null;
}

const LIMITS = { levels: 50, runs: 2000 };
const SHARED_COLUMNS = `agent_run_id, agent_parent_run_id, parent_span_id, gen_ai_agent_name, agent_version, user_id,
  gen_ai_conversation_id, agent_task_type, service_name, trace_id, timestamp, agent_tags`;
const END_COLUMNS = `${SHARED_COLUMNS}, agent_status, error_type, duration_ms, agent_turns, agent_tool_calls,
  agent_tokens_in, agent_tokens_out, agent_retries, agent_cost_nano_usd, agent_nested_runs, agent_nested_cost_nano_usd`;

/** In the order of their starts; `sinceMs` is before any of their events, Unix milliseconds. */
export async function readNestedRuns(
  database: Queryable,
  runId: string,
  sinceMs: number,
): Promise<NestedRunSummary[]> {
  const since = `timestamp >= ${instantSql(sinceMs)}`;
  const ids = (
    await database.all(`WITH RECURSIVE ${nestedRunsSql(runId, since, LIMITS)} SELECT id FROM nested`)
  ).map((row) => String(row['id']));
  if (ids.length === 0) return [];
  const where = `${since} AND agent_run_id IN ${textsSql(textSql(JSON.stringify(ids)))}`;
  const [begun, ended, doubts] = await Promise.all([
    database.all(`SELECT ${SHARED_COLUMNS} FROM agent_run_started WHERE ${where}`),
    database.all(`SELECT ${END_COLUMNS} FROM agent_run WHERE ${where}`),
    readCostDoubts(database, ids, sinceMs),
  ]);
  const beginnings = byId(begun);
  const ends = byId(ended);
  const soFar = await sumsSoFar(
    database,
    ids.filter((id) => !ends.has(id)),
    sinceMs,
  );
  return ids
    .flatMap((id): NestedRunSummary[] => {
      const [start, end] = [beginnings.get(id), ends.get(id)];
      if (start === undefined && end === undefined) return [];
      const summary = summaryOf({
        ...start,
        ...soFar.get(id),
        ...end,
        ...doubts.get(id),
        agent_status: end?.['agent_status'] ?? 'running',
        started: startOf(start, end),
        ended: end?.['timestamp'] ?? null,
      });
      return [
        {
          ...summary,
          parent_span_id: textOrNull(start?.['parent_span_id']) ?? textOrNull(end?.['parent_span_id']),
        },
      ];
    })
    .toSorted((a, b) => compareText(a.started_at, b.started_at));
}

function byId(rows: readonly DatabaseRow[]): ReadonlyMap<string, DatabaseRow> {
  return new Map(rows.map((row) => [String(row['agent_run_id']), row]));
}

function startOf(start: DatabaseRow | undefined, end: DatabaseRow | undefined): unknown {
  if (start !== undefined) return start['timestamp'];
  const endMs = (end?.['timestamp'] as Date | undefined)?.getTime() ?? 0;
  return new Date(endMs - (numberOrNull(end?.['duration_ms']) ?? 0));
}
