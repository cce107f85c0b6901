// Retention: what is too old, or more than the disk may hold, is deleted, oldest first.
// DuckDB gives freed blocks to new rows but keeps its file as long as it is: see compaction.

import type { Database } from './database.ts';
import type { EventStore } from '../write/event-store.ts';
import { eventsSql } from '../../../signals/event-tables.ts';
import { EVENT_TABLES } from './tables.ts';

export interface RetentionLimits {
  /** Rows older than this are deleted; absent: none by age. */
  readonly ageMs?: number | undefined;
  /**
   * Bytes that the stored rows may take, give or take one row group of each table (16,384 rows, which are freed as a
   * whole): no sense below 20 MB. Absent: as many as there are.
   */
  readonly bytes?: number | undefined;
}

const TIMES = eventsSql(['timestamp']);

/** Of the size limit, what is left after a deletion by size: so that it is not needed again at once. */
const SHARE_KEPT = 0.9;

/** Deletes what is past the limits; the number of rows. */
export async function applyRetention(
  database: Database,
  store: EventStore,
  limits: RetentionLimits,
  nowMs: number,
): Promise<number> {
  const byAge = limits.ageMs === undefined ? undefined : nowMs - limits.ageMs;
  const bySize = limits.bytes === undefined ? undefined : await findSizeCut(database, limits.bytes);
  const cuts = [byAge, bySize].filter((cut) => cut !== undefined);
  return cuts.length === 0 ? 0 : deleteBefore(database, store, Math.max(...cuts));
}

/** Deletes events and spans that ended before the instant (Unix milliseconds); the number of rows. */
async function deleteBefore(database: Database, store: EventStore, beforeMs: number): Promise<number> {
  const instant = Math.floor(beforeMs);
  const [old] = await database.all(
    `SELECT (SELECT count(*) FROM ${TIMES} WHERE timestamp < make_timestamptz($1::BIGINT * 1000))
       + (SELECT count(*) FROM spans WHERE end_time < make_timestamptz($1::BIGINT * 1000)) AS old_rows`,
    [instant],
  );
  const count = Number(old?.['old_rows'] ?? 0);
  if (count === 0) return 0;
  const deleting = store.exclusively(async (writer) => {
    for (const { name } of EVENT_TABLES.values())
      await writer.run(`DELETE FROM ${name} WHERE timestamp < make_timestamptz($1::BIGINT * 1000)`, [
        instant,
      ]);
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
