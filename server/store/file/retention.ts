// Retention: what is too old, or more than the disk may hold, is deleted, oldest first. By age only as far as the clock
// can be believed: what is stored tells of the time, too.
// DuckDB gives freed blocks to new rows but keeps its file as long as it is: see compaction.

import { DAY_MS } from '../../../core/time/time.ts';
import { textSql } from '../../../signals/sql-text.ts';
import { textsSql, type Database } from './database.ts';
import type { EventStore } from '../write/event-store.ts';
import { eventsSql } from '../../../signals/event-tables.ts';
import { CONTENT_TABLE, EVENT_TABLES, WORD_TABLE } from './tables.ts';

export interface RetentionLimits {
  /** Rows older than this are deleted; absent: none by age. */
  readonly ageMs?: number | undefined;
  /** Recorded content older than this is deleted, the rows of its calls stay; absent: it goes with them. */
  readonly contentAgeMs?: number | undefined;
  /**
   * Bytes that the stored rows may take, give or take one row group of each table (16,384 rows, which are freed as a
   * whole): no sense below 20 MB. Absent: as many as there are.
   */
  readonly bytes?: number | undefined;
}

/** What is remembered of odd deletions from one round to the next. */
export interface RetentionWatch {
  readonly log: (line: string) => void;
  /** When a deletion was put off first, milliseconds of the process, whose clock nobody sets. */
  oddSinceMs?: number | undefined;
  /** The last line about the clock, so that it is not said every hour. */
  saidAtMs?: number | undefined;
}

const TIMES = eventsSql(['timestamp']);

/** Of the size limit, what is left after a deletion by size: so that it is not needed again at once. */
const SHARE_KEPT = 0.9;
/** A clock that is further ahead of the newest event is not believed, nor are two times so far apart with nothing between. */
const CLOCK_SLACK_MS = 7 * DAY_MS;
/** A deletion of more than half of so many rows is said before it is done. */
const MANY_ROWS = 1000;
/** How long people have to notice that a clock may be wrong. */
const PUT_OFF_MS = DAY_MS;

/** Deletes what is past the limits; the number of rows. */
export async function applyRetention(
  database: Database,
  store: EventStore,
  limits: RetentionLimits,
  nowMs: number,
  watch: RetentionWatch = { log: () => undefined },
): Promise<number> {
  const clockMs = await believedTime(database, nowMs);
  const byAge = limits.ageMs === undefined ? undefined : clockMs - limits.ageMs;
  const bySize = limits.bytes === undefined ? undefined : await findSizeCut(database, limits.bytes);
  if (clockMs < nowMs && limits.ageMs !== undefined) sayClock(watch, clockMs, nowMs);
  if (limits.contentAgeMs !== undefined) await deleteContent(store, clockMs - limits.contentAgeMs);
  const cuts: number[] = bySize === undefined ? [] : [bySize];
  if (byAge !== undefined && (bySize === undefined || byAge > bySize))
    if (!(await isPutOff(database, byAge, watch))) cuts.push(byAge);
  return cuts.length === 0 ? 0 : deleteBefore(database, store, Math.max(...cuts), watch);
}

/** The time by the clock, or that of the newest event where it is so much older that the clock may be wrong. */
async function believedTime(database: Database, nowMs: number): Promise<number> {
  const [row] = await database.all(
    `SELECT epoch_ms(max(timestamp)) AS millis FROM ${TIMES} WHERE timestamp <= make_timestamptz($1::BIGINT * 1000)`,
    [Math.floor(nowMs)],
  );
  const newestMs = row?.['millis'];
  return typeof newestMs === 'number' && nowMs - newestMs > CLOCK_SLACK_MS ? newestMs : nowMs;
}

function sayClock(watch: RetentionWatch, newestMs: number, nowMs: number): void {
  const now = performance.now();
  if (watch.saidAtMs !== undefined && now - watch.saidAtMs < PUT_OFF_MS) return;
  watch.saidAtMs = now;
  watch.log(
    `retention: the clock says ${dayText(nowMs)}, but the newest stored event is of ${dayText(newestMs)}. Ages are counted from that event until newer ones come; check the clock if it is wrong.`,
  );
}

/**
 * Whether a deletion by age waits for a day: most of what is stored would go, and between it and what stays is a time
 * with nothing in it, as a clock that was set wrong leaves it.
 */
async function isPutOff(database: Database, beforeMs: number, watch: RetentionWatch): Promise<boolean> {
  const [row] = await database.all(
    `SELECT count(*) AS all_rows, count(*) FILTER (is_old) AS old_rows,
       epoch_ms(max(timestamp) FILTER (is_old)) AS newest_old, epoch_ms(min(timestamp) FILTER (NOT is_old)) AS oldest_kept
     FROM (SELECT timestamp, timestamp < make_timestamptz($1::BIGINT * 1000) AS is_old FROM ${TIMES})`,
    [Math.floor(beforeMs)],
  );
  const [allRows, oldRows] = [Number(row?.['all_rows'] ?? 0), Number(row?.['old_rows'] ?? 0)];
  const [newestOld, oldestKept] = [row?.['newest_old'], row?.['oldest_kept']];
  const isOdd =
    oldRows > MANY_ROWS &&
    oldRows > allRows / 2 &&
    typeof newestOld === 'number' &&
    typeof oldestKept === 'number' &&
    oldestKept - newestOld > CLOCK_SLACK_MS;
  if (!isOdd) {
    watch.oddSinceMs = undefined;
    return false;
  }
  if (watch.oddSinceMs === undefined) {
    watch.oddSinceMs = performance.now();
    watch.log(
      `retention: ${oldRows} of ${allRows} events, up to ${dayText(newestOld)}, are past their age, and nothing is stored between them and ${dayText(oldestKept)}: the clock may have been set wrong. They are deleted in a day. To keep them, correct the clock or start with a longer --retention.`,
    );
  }
  return performance.now() - watch.oddSinceMs < PUT_OFF_MS;
}

function dayText(millis: number): string {
  return new Date(millis).toISOString().slice(0, 10);
}

/** Recorded content of calls that ended before the instant. */
async function deleteContent(store: EventStore, beforeMs: number): Promise<void> {
  await store.exclusively(async (writer) => {
    for (const { name } of [CONTENT_TABLE, WORD_TABLE])
      await writer.run(`DELETE FROM ${name} WHERE timestamp < make_timestamptz($1::BIGINT * 1000)`, [
        Math.floor(beforeMs),
      ]);
  });
}

/**
 * Deletes events and spans that ended before the instant (Unix milliseconds); the number of rows. The start of a run that
 * goes on stays: without it the run would be in no list until it ends.
 */
async function deleteBefore(
  database: Database,
  store: EventStore,
  beforeMs: number,
  watch: RetentionWatch,
): Promise<number> {
  const instant = Math.floor(beforeMs);
  const [old] = await database.all(
    `SELECT count(*) AS all_rows, count(*) FILTER (ended < make_timestamptz($1::BIGINT * 1000)) AS old_rows FROM (
       SELECT timestamp AS ended FROM ${TIMES} UNION ALL SELECT end_time FROM spans)`,
    [instant],
  );
  const isGoingOn = `agent_run_id IN ${textsSql(textSql(JSON.stringify(await store.openRuns())))}`;
  const [kept] = await database.all(
    `SELECT count(*) AS starts FROM agent_run_started
     WHERE timestamp < make_timestamptz($1::BIGINT * 1000) AND ${isGoingOn}`,
    [instant],
  );
  const count = Number(old?.['old_rows'] ?? 0) - Number(kept?.['starts'] ?? 0);
  if (count <= 0) return 0;
  const all = Number(old?.['all_rows'] ?? 0);
  if (count > MANY_ROWS && count > all / 2)
    watch.log(
      `retention: ${count} of ${all} rows go at once, all before ${new Date(instant).toISOString()}. If that is not meant, check --retention, --retention-size and the clock.`,
    );
  const deleting = store.exclusively(async (writer) => {
    for (const name of [...EVENT_TABLES.values(), CONTENT_TABLE, WORD_TABLE].map((table) => table.name))
      await writer.run(
        `DELETE FROM ${name} WHERE timestamp < make_timestamptz($1::BIGINT * 1000)
         ${name === EVENT_TABLES.get('agent.run.started')?.name ? `AND NOT (${isGoingOn})` : ''}`,
        [instant],
      );
    await writer.run('DELETE FROM spans WHERE end_time < make_timestamptz($1::BIGINT * 1000)', [instant]);
    await writer.run('CHECKPOINT');
  });
  await deleting.finally(() => store.noteChange());
  return count;
}

/** Instant before which rows have to go so that the rest fits; undefined when all fit. */
async function findSizeCut(database: Database, bytes: number): Promise<number | undefined> {
  const [size] = await database.all(
    'SELECT used_blocks * block_size AS used FROM pragma_database_size() WHERE database_name = current_database()',
  );
  const used = Number(size?.['used'] ?? 0);
  if (used <= bytes) return undefined;
  const share = 1 - (SHARE_KEPT * bytes) / used;
  const [cut] = await database.all(
    `SELECT quantile_disc(epoch_ms(timestamp), least(1, $1::DOUBLE)) AS millis FROM ${TIMES}`,
    [share],
  );
  const millis = cut?.['millis'];
  return typeof millis === 'number' ? millis + 1 : undefined;
}
