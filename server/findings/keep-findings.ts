// Looks for findings once an hour while the server runs: the overview shows the last report, and each open finding is
// stored as an event, so that a signal and an alert can be about them.

import type { EventRecord } from '../../core/event.ts';
import { HOUR_MS } from '../../core/time/time.ts';
import { messageOf } from '../process/server-error.ts';
import { readFindings, type FindingsReport } from '../queries/findings/read-findings.ts';
import type { Database } from '../store/file/database.ts';
import type { EventStore } from '../store/write/event-store.ts';

export interface FindingsKeeper {
  /** The last report; undefined before the first. */
  readonly latest: () => FindingsReport | undefined;
  stop(): Promise<void>;
}

export interface FindingsKeeperOptions {
  readonly database: Database;
  readonly store: EventStore;
  readonly log: (line: string) => void;
  /** By default an hour. */
  readonly everyMs?: number | undefined;
}

const FIRST_AFTER_MS = 30_000;

export function keepFindings({
  database,
  store,
  log,
  everyMs = HOUR_MS,
}: FindingsKeeperOptions): FindingsKeeper {
  let latest: FindingsReport | undefined;
  let open: readonly EventRecord[] = [];
  let isStopped = false;
  let round = Promise.resolve();
  let timer: NodeJS.Timeout;

  async function work(): Promise<void> {
    try {
      const atMs = Date.now();
      latest = await readFindings(database, atMs);
      const events = eventsOf(latest, atMs);
      const isOpen = new Set(events.map((event) => event['tallyspan.key']));
      const gone = open.filter((event) => !isOpen.has(event['tallyspan.key']));
      open = [...events];
      // What is fixed is worth nothing from now on.
      for (const event of gone)
        events.push({
          ...event,
          timestamp: atMs,
          'tallyspan.revision': atMs,
          finding_weekly_nano_usd: 0,
        });
      if (events.length > 0 && !isStopped) await store.write({ events, spans: [] });
    } catch (error) {
      if (!isStopped) log(`findings: ${messageOf(error)}`);
    }
    if (!isStopped) schedule(everyMs);
  }

  function schedule(afterMs: number): void {
    timer = setTimeout(() => {
      round = work();
    }, afterMs);
    timer.unref();
  }

  schedule(Math.min(everyMs, FIRST_AFTER_MS));
  return {
    latest: () => latest,
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await round;
    },
  };
}

/** Open findings that are added up; a later report of one takes the place of the one before. */
function eventsOf({ findings }: FindingsReport, atMs: number): EventRecord[] {
  return findings
    .filter(({ state, kind }) => state !== 'closed' && kind !== 'cost_change')
    .map((finding) => ({
      timestamp: atMs,
      'event.name': 'agent.finding',
      'tallyspan.key': finding.id,
      'tallyspan.revision': atMs,
      'finding.kind': finding.kind,
      finding_weekly_nano_usd: finding.weekly_nano_usd,
      ...(finding.agent === '' ? {} : { 'gen_ai.agent.name': finding.agent }),
    }));
}
