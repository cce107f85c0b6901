// Housekeeping: what the server does on its own from time to time.

import { HOUR_MS, MINUTE_MS } from '../../core/time/time.ts';
import { findLostRuns } from '../lost-runs.ts';
import { messageOf } from './server-error.ts';
import type { Database } from '../store/file/database.ts';
import type { EventStore } from '../store/write/event-store.ts';
import { compactFile } from '../store/file/compaction.ts';
import { applyRetention, type RetentionLimits, type RetentionWatch } from '../store/file/retention.ts';

export interface HousekeepingOptions {
  readonly database: Database;
  readonly store: EventStore;
  readonly lostAfterMs: number;
  /** How long after its start came a run is not lost, however old it is. */
  readonly importPatienceMs?: number | undefined;
  readonly retention: RetentionLimits;
  readonly log: (line: string) => void;
}

export interface Housekeeping {
  stop(): Promise<void>;
}

const LONGEST_PAUSE_MS = 60_000;
const RETENTION_PAUSE_MS = HOUR_MS;
/** So much is rewritten within some ten seconds, for which senders can wait; more only when the server has just started. */
const COMPACT_UP_TO_BYTES = 256 * 1024 * 1024;
const READERS_PATIENCE_MS = 5000;
/** Old history comes in the order of its time: the end of a run that ended is at most this far behind its start. */
const IMPORT_PATIENCE_MS = 10 * MINUTE_MS;

/** Starts the rounds; one never overlaps the next. */
export function startHousekeeping(options: HousekeepingOptions): Housekeeping {
  const pauseMs = Math.min(LONGEST_PAUSE_MS, Math.max(50, options.lostAfterMs / 4));
  let timer: NodeJS.Timeout | undefined;
  let round: Promise<void> = Promise.resolve();
  let isStopped = false;
  let nextRetentionMs = 0;
  const watch: RetentionWatch = { log: options.log };

  async function work(): Promise<void> {
    try {
      await closeLostRuns(options);
      // Not by the clock of the machine, which may be set.
      const isTime = performance.now() >= nextRetentionMs;
      const isFirstTime = nextRetentionMs === 0;
      if (isTime) nextRetentionMs = performance.now() + RETENTION_PAUSE_MS;
      await deleteOld(options, isTime, watch);
      if (isTime) await giveDiskBack(options, isFirstTime);
    } catch (error) {
      options.log(`housekeeping: ${messageOf(error)}`);
    }
    if (!isStopped) schedule(pauseMs);
  }

  function schedule(afterMs: number): void {
    timer = setTimeout(() => {
      round = work();
    }, afterMs);
    timer.unref();
  }

  schedule(Math.min(pauseMs, 1000));
  return {
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await round;
    },
  };
}

async function closeLostRuns(options: HousekeepingOptions): Promise<void> {
  const { database, store, lostAfterMs, importPatienceMs = IMPORT_PATIENCE_MS, log } = options;
  if ((await store.openRuns()).length === 0) return;
  const now = Date.now();
  const patienceMs = Math.min(lostAfterMs, importPatienceMs);
  const events = (await findLostRuns(database, now - lostAfterMs)).filter(
    (event) => store.arrivedAt(event['agent.run_id'] ?? '') <= now - patienceMs,
  );
  if (events.length === 0) return;
  await store.write({ events, spans: [] });
  log(`${events.length} runs that never ended were closed as abandoned`);
}

/** A load fills the disk within minutes, so the size is looked at every time; the age is not so urgent. */
async function deleteOld(
  options: HousekeepingOptions,
  isTimeForAge: boolean,
  watch: RetentionWatch,
): Promise<void> {
  const { database, store, retention, log } = options;
  const limits = isTimeForAge ? retention : { bytes: retention.bytes };
  const rows = await applyRetention(database, store, limits, Date.now(), watch);
  if (rows > 0) log(`${rows} rows past the retention were deleted`);
}

/** Deletions leave a file as long as it was. */
async function giveDiskBack(options: HousekeepingOptions, isFirstTime: boolean): Promise<void> {
  const { database, store, log } = options;
  const mostBytes = isFirstTime ? Number.POSITIVE_INFINITY : COMPACT_UP_TO_BYTES;
  const bytes = await compactFile(database, store, { mostBytes, patienceMs: READERS_PATIENCE_MS });
  if (bytes > 0) log(`the data file was rewritten: the disk has ${Math.round(bytes / 1e6)} MB back`);
}
