// The forwarder hands the events that this server made of spans and logs of others to an OTLP endpoint: each once, when
// it has settled, marked. What was taken is noted in the file after the answer, so a stop in between sends the same
// record again, byte by byte, and Loki keeps it once. What was not taken stays where it is and is sent later.

import { DAY_MS, HOUR_MS } from '../../core/time/time.ts';
import { messageOf } from '../process/server-error.ts';
import type { Database } from '../store/file/database.ts';
import type { EventStore } from '../store/write/event-store.ts';
import { countTooOld, readPending, sizeOf, type PendingEvent } from './pending-events.ts';
import { SendLater, handOver, plainAddress } from './hand-over.ts';

export interface ForwarderOptions {
  readonly database: Database;
  readonly store: EventStore;
  /** OTLP over HTTP; `/v1/logs` is added. */
  readonly url: string;
  /** Headers of each request, such as one that authorises it. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Whether something of the trace came just now. */
  readonly isStirring: (traceId: string) => boolean;
  /** How long after its end a run has settled. */
  readonly settleMs: number;
  readonly lostAfterMs: number;
  readonly log: (line: string) => void;
}

export interface ForwardCounters {
  eventsForwarded: number;
  eventsForwardRefused: number;
  /** Those that waited until nobody would take them any more. */
  eventsForwardTooOld: number;
}

export interface Forwarder {
  readonly counters: ForwardCounters;
  stop(): Promise<void>;
}

/** Loki takes nothing that is a day older than the newest of its kind. */
const OLDEST_MS = DAY_MS - HOUR_MS;
const ROWS_PER_ROUND = 2000;
const BYTES_PER_REQUEST = 1_000_000;
const LONGEST_PAUSE_MS = 60_000;

export function startForwarder(options: ForwarderOptions): Forwarder {
  const { log, settleMs } = options;
  const address = plainAddress(options.url);
  const pauseMs = Math.min(5000, Math.max(100, settleMs / 2));
  const counters: ForwardCounters = { eventsForwarded: 0, eventsForwardRefused: 0, eventsForwardTooOld: 0 };
  const stopping = new AbortController();
  let failures = 0;
  let hasToCount = true;
  let timer: NodeJS.Timeout | undefined;
  let round: Promise<void> = Promise.resolve();

  async function work(): Promise<void> {
    let hasMore = false;
    let delayMs = 0;
    try {
      hasMore = (await forwardOnce(options, settleMs, counters, stopping.signal)) === ROWS_PER_ROUND;
      if (failures > 0) log(`events are handed on to ${address} again`);
      // What waited for the whole of a day is left behind: that is looked for where something had to wait.
      if (failures > 0 || hasToCount) await noteTooOld();
      hasToCount = false;
      failures = 0;
    } catch (error) {
      if (failures === 0 && !stopping.signal.aborted)
        log(`events cannot be handed on to ${address} and wait: ${messageOf(error)}`);
      failures++;
      if (error instanceof SendLater) delayMs = error.afterMs;
    }
    const usualMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2 ** Math.min(failures, 6));
    if (!stopping.signal.aborted) schedule(hasMore ? 0 : Math.max(usualMs, delayMs));
  }

  async function noteTooOld(): Promise<void> {
    const nowMs = Date.now();
    const count = await countTooOld(options.database, nowMs - 2 * DAY_MS, nowMs - OLDEST_MS);
    if (count > counters.eventsForwardTooOld)
      log(
        `${count} events of the day before yesterday and yesterday were not handed on to ${address}: they are older than 23 hours, and Loki would refuse them`,
      );
    counters.eventsForwardTooOld = Math.max(count, counters.eventsForwardTooOld);
  }

  function schedule(afterMs: number): void {
    timer = setTimeout(() => {
      round = work();
    }, afterMs);
    timer.unref();
  }

  schedule(pauseMs);
  return {
    counters,
    async stop() {
      stopping.abort();
      clearTimeout(timer);
      await round;
    },
  };
}

/** Hands on what is pending; gives how many there were. */
async function forwardOnce(
  options: ForwarderOptions,
  settleMs: number,
  counters: ForwardCounters,
  signal: AbortSignal,
): Promise<number> {
  const nowMs = Date.now();
  const pending = await readPending(
    options.database,
    {
      settledBeforeMs: nowMs - settleMs,
      fromMs: nowMs - OLDEST_MS,
      lostBeforeMs: nowMs - options.lostAfterMs,
      limit: ROWS_PER_ROUND,
    },
    options.isStirring,
  );
  for (const batch of batchesOf(pending)) {
    const refused = await handOver(
      { ...options, signal },
      batch.map(({ event }) => event),
    );
    await note(options.store, batch);
    counters.eventsForwarded += batch.length - refused;
    counters.eventsForwardRefused += refused;
  }
  return pending.length;
}

function batchesOf(pending: readonly PendingEvent[]): PendingEvent[][] {
  const batches: PendingEvent[][] = [];
  let room = 0;
  for (const event of pending) {
    const bytes = sizeOf(event);
    if (room < bytes) {
      batches.push([]);
      room = BYTES_PER_REQUEST;
    }
    batches.at(-1)?.push(event);
    room -= bytes;
  }
  return batches;
}

async function note(store: EventStore, batch: readonly PendingEvent[]): Promise<void> {
  const rows = JSON.stringify(batch.map(({ name, key, event }) => ({ name, key, millis: event.timestamp })));
  await store.exclusively(async (writer) => {
    await writer.run(
      `INSERT INTO forwarded SELECT row.name, row.key, make_timestamptz(row.millis * 1000)
       FROM (SELECT unnest(from_json(?, '[{"name":"VARCHAR","key":"VARCHAR","millis":"BIGINT"}]')) AS row)`,
      [rows],
    );
    await writer.run(`DELETE FROM forwarded WHERE timestamp < now() - to_milliseconds(${2 * DAY_MS})`);
  });
}
