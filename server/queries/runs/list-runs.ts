// The list of runs: one summary per run. A run without an end shows as `running` until it is closed as lost.

import { usdOf } from '../../../core/money.ts';
import { DAY_MS } from '../../../core/time/time.ts';
import { textSql } from '../../../signals/sql-text.ts';
import { textsSql, type Queryable, type DatabaseRow } from '../../store/file/database.ts';
import { numberOrNull } from '../field-values.ts';
import {
  listValuePart,
  readListValueOfRuns,
  readListValueOfSelected,
  type ListValuePart,
  type PlanQueryable,
} from '../list-value.ts';
import { instantOfMicros, microsSql, readWideRows, type ColumnsSql } from '../read-columns.ts';
import { endedSql, isLargeEnough, openSql, takesEndedRuns, takesOpenRuns } from './run-conditions.ts';
import type { RunFilter } from './run-filter.ts';
import { RunOrder, type RunCursor } from './run-order.ts';
import { CLOCK_SLACK_MS, readCostDoubts, summaryOf, sumsSoFar, type RunSummary } from './run-summary.ts';

/** A writing server knows which runs have not ended. */
export interface RunQueryable extends PlanQueryable {
  /** Runs without an end. */
  openRuns?(): Promise<readonly string[]>;
}

/** So many are read and summed in some 600 ms (7,842 in 200 to 270); of more, the newest. */
const OPEN_RUNS_LIMIT = 20_000;
const FEW_RUNS_MS = DAY_MS;

/** Columns of a summary that a start of a run has as well as an end. */
const SHARED_COLUMNS = `agent_run_id, agent_parent_run_id, gen_ai_agent_name, agent_version, agent_project, user_id,
  gen_ai_conversation_id, agent_task_type, service_name, trace_id, timestamp, agent_tags`;
const END_COLUMNS = `${SHARED_COLUMNS}, agent_status, error_type, duration_ms, agent_turns, agent_tool_calls,
  agent_tokens_in, agent_tokens_out, agent_retries, agent_cost_nano_usd, agent_nested_runs, agent_nested_cost_nano_usd`;

/** A long list is read column by column. */
const ROWS_READ_SINGLY = 200;
const WIDE_COLUMNS: ColumnsSql = {
  ...Object.fromEntries(END_COLUMNS.split(/,\s*/).map((column) => [column, column])),
  timestamp: microsSql('timestamp'),
};

/** Part of a list, and where it goes on to either side. */
export interface ListedRuns {
  readonly runs: readonly RunSummary[];
  /** Runs before these. */
  readonly position: number;
  /** Undefined where nothing follows. */
  readonly next: RunCursor | undefined;
  /** Undefined where nothing is before. */
  readonly previous: RunCursor | undefined;
}

/**
 * Runs that match, in the order asked for: by default the newest first, by their end or, while they go on, their start.
 * A run that goes on is as slow and as expensive as it is so far.
 */
export async function listRuns(database: RunQueryable, filter: RunFilter): Promise<RunSummary[]> {
  const { rows } = await readPage(database, filter);
  return summariesOf(database, rows.slice(0, filter.limit));
}

/** `limit` runs, and cursors to what is before and after them. */
export async function listRunPage(database: RunQueryable, filter: RunFilter): Promise<ListedRuns> {
  const { rows, nowMs } = await readPage(database, filter);
  const { limit, cursor, offset = 0 } = filter;
  const order = new RunOrder(filter.sort, filter.isReversed);
  const hasMore = rows.length > limit;
  const isBackward = cursor?.isBackward === true;
  // One more than is shown was read: backward it is the first.
  const shown = !hasMore ? rows : isBackward ? rows.slice(1) : rows.slice(0, limit);
  const position = isBackward
    ? hasMore
      ? Math.max(0, cursor.position - shown.length)
      : 0
    : (cursor?.position ?? offset);
  const [first, last] = [shown[0], shown.at(-1)];
  const hasNext = isBackward || hasMore;
  const hasPrevious = isBackward ? hasMore : position > 0;
  return {
    runs: await summariesOf(database, shown),
    position,
    next:
      hasNext && last !== undefined ? order.cursorOf(last, position + shown.length, false, nowMs) : undefined,
    previous: hasPrevious && first !== undefined ? order.cursorOf(first, position, true, nowMs) : undefined,
  };
}

/** In the order of the list: up to one more than `limit`, of which backward the first is one too many. */
async function readPage(
  database: RunQueryable,
  filter: RunFilter,
): Promise<{ rows: readonly DatabaseRow[]; nowMs: number }> {
  const { limit, offset = 0, cursor } = filter;
  const nowMs = cursor?.asOfMs ?? Date.now();
  const order = new RunOrder(filter.sort, filter.isReversed);
  // Looked up first: a run that ends meanwhile stands in both lists, and not in none.
  const openIds = takesOpenRuns(filter) ? await findOpenRuns(database) : [];
  const open = openIds.length === 0 ? [] : await readOpen(database, filter, openIds, nowMs);
  // Runs that go on may stand anywhere among the others.
  const skipped = cursor === undefined ? Math.max(0, offset - open.length) : 0;
  const ended = takesEndedRuns(filter)
    ? await readEnded(database, filter, order, skipped, limit + 1 + (offset - skipped))
    : [];
  const hasEnded = new Set(ended.map((row) => row['agent_run_id']));
  const going = open.filter((row) => !hasEnded.has(row['agent_run_id']));
  const beyond = cursor === undefined ? going : going.filter((row) => order.isBeyond(row, cursor, nowMs));
  const all = [...ended, ...beyond].sort((a, b) => order.compare(a, b, nowMs));
  if (cursor?.isBackward === true) return { rows: all.slice(-(limit + 1)), nowMs };
  // Of those that go on, the ones before the skipped part are in it or in front of it: they are counted, not shown.
  const start = cursor === undefined ? offset - skipped : 0;
  return { rows: all.slice(start, start + limit + 1), nowMs };
}

async function summariesOf(database: Queryable, rows: readonly DatabaseRow[]): Promise<RunSummary[]> {
  const first = rows.reduce((least, row) => Math.min(least, timeOf(row['started'])), Infinity);
  const ids = rows.map((row) => String(row['agent_run_id']));
  const [doubts, listValues] = await Promise.all([
    readCostDoubts(database, ids, first),
    readListValueOfRuns(database, ids, first - CLOCK_SLACK_MS),
  ]);
  return rows.map((row) => {
    const id = String(row['agent_run_id']);
    return summaryOf({ ...row, ...doubts.get(id), list_value_nano_usd: listValues.get(id) });
  });
}

/** Of the order, `count` rows after the first `skipped` or beyond the cursor. */
async function readEnded(
  database: Queryable,
  filter: RunFilter,
  order: RunOrder,
  skipped: number,
  count: number,
): Promise<DatabaseRow[]> {
  const { since = -Infinity, cursor } = filter;
  const by = `ORDER BY ${order.orderSql(cursor?.isBackward)}`;
  const matching = `${endedSql(filter)}${cursor === undefined ? '' : ` AND ${order.beyondSql(cursor)}`}`;
  const part = `LIMIT ${count}${skipped === 0 ? '' : ` OFFSET ${skipped}`}`;
  // Of many runs the few columns that decide are read before the many; of few that takes longer.
  const isFew = Date.now() - since <= FEW_RUNS_MS && skipped === 0;
  const where = isFew ? matching : `rowid IN (SELECT rowid FROM agent_run WHERE ${matching} ${by} ${part})`;
  const from = `FROM agent_run WHERE ${where} ${by} ${isFew ? part : ''}`;
  const rows =
    count <= ROWS_READ_SINGLY
      ? await database.all(`SELECT ${END_COLUMNS} ${from}`)
      : (await readWideRows(database, WIDE_COLUMNS, from)).map((row) => ({
          ...row,
          timestamp: instantOfMicros(row['timestamp']),
        }));
  return rows.map((row) => ({
    ...row,
    started: new Date(timeOf(row['timestamp']) - (numberOrNull(row['duration_ms']) ?? 0)),
    ended: row['timestamp'],
  }));
}

/** What a list of runs sums to. */
export interface RunSums {
  readonly runs: number;
  /** Ended in any other way than ok, abandoned ones included. */
  readonly failed: number;
  readonly running: number;
  /** Nano-USD, of the runs themselves: one that stands in the list and is nested in another counts once. */
  readonly costNanoUsd: number | null;
  /** Part of it that nobody pays. */
  readonly listValueNanoUsd: number;
}

/** As an answer to programs. */
export interface RunSumsAnswer extends Omit<RunSums, 'costNanoUsd' | 'listValueNanoUsd'>, ListValuePart {
  readonly cost_nano_usd: number | null;
  readonly cost_usd: number | null;
}

export function sumsAnswer({ costNanoUsd, listValueNanoUsd, ...counts }: RunSums): RunSumsAnswer {
  return {
    ...counts,
    cost_nano_usd: costNanoUsd,
    cost_usd: usdOf(costNanoUsd),
    ...listValuePart(listValueNanoUsd),
  };
}

/** Of all runs that match, not only of those on a page. */
export async function sumRuns(database: RunQueryable, filter: Omit<RunFilter, 'limit'>): Promise<RunSums> {
  const asked = { ...filter, limit: 0 };
  const openIds = takesOpenRuns(asked) ? await findOpenRuns(database) : [];
  const [begun, rows, ofEnded] = await Promise.all([
    openIds.length === 0 ? [] : readOpen(database, asked, openIds, Date.now()),
    takesEndedRuns(asked)
      ? database.all(
          `SELECT count(*) AS runs, count(*) FILTER (agent_status <> 'ok') AS failed,
             sum(agent_cost_nano_usd)::DOUBLE AS cost,
             list(agent_run_id) FILTER (agent_run_id IN ${textsSql(textSql(JSON.stringify(openIds)))}) AS ended_since
           FROM agent_run WHERE ${endedSql(asked)}`,
        )
      : [],
    takesEndedRuns(asked)
      ? readListValueOfSelected(database, `SELECT agent_run_id FROM agent_run WHERE ${endedSql(asked)}`)
      : 0,
  ]);
  // One that ended since the open ones were looked up is among both.
  const endedSince = rows[0]?.['ended_since'];
  const ended = new Set(Array.isArray(endedSince) ? endedSince : []);
  const open = begun.filter((row) => !ended.has(row['agent_run_id']));
  const going = open.map((row) => String(row['agent_run_id']));
  const first = open.reduce((least, row) => Math.min(least, timeOf(row['started'])), Infinity);
  const ofOpen = await readListValueOfRuns(database, going, first - CLOCK_SLACK_MS);
  const costs = [
    numberOrNull(rows[0]?.['cost']),
    ...open.map((row) => numberOrNull(row['agent_cost_nano_usd'])),
  ].filter((cost) => cost !== null);
  return {
    runs: Number(rows[0]?.['runs'] ?? 0) + open.length,
    failed: Number(rows[0]?.['failed'] ?? 0),
    running: open.length,
    costNanoUsd: costs.length === 0 ? null : costs.reduce((sum, cost) => sum + cost, 0),
    listValueNanoUsd: [...ofOpen.values()].reduce((sum, cost) => sum + cost, ofEnded),
  };
}

/** Those of the open ones that match, with what they have done so far; not those in which nothing happened since. */
async function readOpen(
  database: Queryable,
  filter: RunFilter,
  open: readonly string[],
  nowMs: number,
): Promise<DatabaseRow[]> {
  // The few that are open come first: what is asked after them looks at those alone.
  const rows = await database.all(
    `SELECT ${SHARED_COLUMNS} FROM agent_run_started
     WHERE agent_run_id IN ${textsSql(textSql(JSON.stringify(open)))} AND ${openSql(filter)}`,
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
    .filter(
      (row: DatabaseRow) =>
        timeOf(row['last'] ?? row['timestamp']) > (filter.since ?? -Infinity) &&
        isLargeEnough(filter, row, nowMs - timeOf(row['timestamp'])),
    );
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

function timeOf(value: unknown): number {
  return (value as Date).getTime();
}
