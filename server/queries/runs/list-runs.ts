// The list of runs: one summary per run. A run without an end shows as `running` until it is closed as lost.

import { DAY_MS } from '../../../core/time.ts';
import { textSql } from '../../../signals/sql-text.ts';
import { textsSql, type Queryable, type DatabaseRow } from '../../store/file/database.ts';
import { numberOrNull } from '../field-values.ts';
import { endedSql, openSql, takesOpenRuns, type RunFilter, type RunSort } from './run-filter.ts';
import { readCostDoubts, summaryOf, sumsSoFar, costWithNested, type RunSummary } from './run-summary.ts';

/** A writing server knows which runs have not ended. */
export interface RunQueryable extends Queryable {
  /** Runs without an end. */
  openRuns?(): Promise<readonly string[]>;
}

const OPEN_RUNS_LIMIT = 1000;
const FEW_RUNS_MS = DAY_MS;

const ORDERS: Record<RunSort, string> = {
  newest: 'timestamp DESC',
  slowest: 'duration_ms DESC NULLS LAST, timestamp DESC',
  // With its nested runs: the run that started them is the one that a person should open.
  'most-expensive':
    'agent_cost_nano_usd + coalesce(agent_nested_cost_nano_usd, 0) DESC NULLS LAST, timestamp DESC',
};

/** Columns of a summary that a start of a run has as well as an end. */
const SHARED_COLUMNS = `agent_run_id, agent_parent_run_id, gen_ai_agent_name, agent_version, user_id,
  gen_ai_conversation_id, agent_task_type, service_name, trace_id, timestamp, agent_tags`;
const END_COLUMNS = `${SHARED_COLUMNS}, agent_status, error_type, duration_ms, agent_turns, agent_tool_calls,
  agent_tokens_in, agent_tokens_out, agent_retries, agent_cost_nano_usd, agent_nested_runs, agent_nested_cost_nano_usd`;

/**
 * Runs that match, in the order asked for: by default the newest first, by their end or, while they go on, their start.
 * A run that goes on is as slow and as expensive as it is so far.
 */
export async function listRuns(database: RunQueryable, filter: RunFilter): Promise<RunSummary[]> {
  const { limit, offset = 0, sort = 'newest' } = filter;
  // Looked up first: a run that ends meanwhile stands in both lists, and not in none.
  const openIds = takesOpenRuns(filter) ? await findOpenRuns(database) : [];
  const [open, ended] = await Promise.all([
    openIds.length === 0 ? [] : readOpen(database, filter, openIds),
    filter.status === 'running' ? [] : readEnded(database, filter),
  ]);
  const hasEnded = new Set(ended.map((row) => row['agent_run_id']));
  const going = open.filter((row) => !hasEnded.has(row['agent_run_id']));
  const all = going.length === 0 ? ended : [...ended, ...going].sort(comparisonOf(sort));
  const shown = all.slice(offset, offset + limit);
  const first = shown.reduce((least, row) => Math.min(least, timeOf(row['started'])), Infinity);
  const doubts = await readCostDoubts(
    database,
    shown.map((row) => String(row['agent_run_id'])),
    first,
  );
  return shown.map((row) => summaryOf({ ...row, ...doubts.get(String(row['agent_run_id'])) }));
}

/** As many as may be shown. */
async function readEnded(database: Queryable, filter: RunFilter): Promise<DatabaseRow[]> {
  const { limit, offset = 0, sort = 'newest', since = -Infinity } = filter;
  const most = `ORDER BY ${ORDERS[sort]} LIMIT ${limit + offset}`;
  // Of many runs the few columns that decide are read before the many; of few that takes longer.
  const where =
    Date.now() - since <= FEW_RUNS_MS
      ? endedSql(filter)
      : `rowid IN (SELECT rowid FROM agent_run WHERE ${endedSql(filter)} ${most})`;
  const rows = await database.all(`SELECT ${END_COLUMNS} FROM agent_run WHERE ${where} ${most}`);
  return rows.map((row) => ({
    ...row,
    started: new Date(timeOf(row['timestamp']) - (numberOrNull(row['duration_ms']) ?? 0)),
    ended: row['timestamp'],
  }));
}

/** Those of the open ones that match, with what they have done so far; not those in which nothing happened since. */
async function readOpen(
  database: Queryable,
  filter: RunFilter,
  open: readonly string[],
): Promise<DatabaseRow[]> {
  const rows = await database.all(
    `SELECT ${SHARED_COLUMNS} FROM agent_run_started
     WHERE ${openSql(filter)} AND agent_run_id IN ${textsSql(textSql(JSON.stringify(open)))}`,
  );
  const first = rows.reduce((least, row) => Math.min(least, timeOf(row['timestamp'])), Infinity);
  const ids = rows.map((row) => String(row['agent_run_id']));
  const soFar = await sumsSoFar(database, ids, first);
  return rows
    .map((row) => ({
      ...row,
      ...soFar.get(String(row['agent_run_id'])),
      agent_status: 'running',
      started: row['timestamp'],
      ended: null,
    }))
    .filter((row: DatabaseRow) => timeOf(row['last'] ?? row['timestamp']) > (filter.since ?? -Infinity));
}

/** Runs that have begun and not ended. A writing server knows them; a folder has to be asked. */
async function findOpenRuns(database: RunQueryable): Promise<readonly string[]> {
  const known = await database.openRuns?.();
  if (known !== undefined) return known.slice(-OPEN_RUNS_LIMIT);
  const rows = await database.all(
    `SELECT DISTINCT agent_run_id AS id FROM agent_run_started
     EXCEPT SELECT agent_run_id FROM agent_run
     LIMIT ${OPEN_RUNS_LIMIT}`,
  );
  return rows.map((row) => String(row['id']));
}

/** The order of {@link ORDERS}, for runs that go on, too. */
function comparisonOf(sort: RunSort): (a: DatabaseRow, b: DatabaseRow) => number {
  const nowMs = Date.now();
  const measureOf: Record<RunSort, (row: DatabaseRow) => number> = {
    newest: () => 0,
    slowest: (row) =>
      row['ended'] === null ? nowMs - timeOf(row['started']) : (numberOrNull(row['duration_ms']) ?? -1),
    'most-expensive': (row) => costWithNested(row) ?? -1,
  };
  const measure = measureOf[sort];
  return (a, b) => measure(b) - measure(a) || timeOf(b['timestamp']) - timeOf(a['timestamp']);
}

function timeOf(value: unknown): number {
  return (value as Date).getTime();
}
