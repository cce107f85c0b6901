// Reconciles while the server runs, where a key for the Admin API is set: the bill is fetched once a day, and laid beside what
// was observed once an hour.

import { DAY_MS, HOUR_MS } from '../../core/time/time.ts';
import { messageOf } from '../process/server-error.ts';
import { readBill, readLedger } from '../queries/billing/read-billing.ts';
import type { Database } from '../store/file/database.ts';
import type { EventStore } from '../store/write/event-store.ts';
import type { AdminApiOptions } from './admin-client.ts';
import { openDaysFetchedAtMs } from './open-days.ts';
import { updateBill } from './update-bill.ts';
import { coverageUpdates } from './update-coverage.ts';

export interface BillingOptions {
  readonly api: AdminApiOptions | undefined;
  readonly serviceOfKey: ReadonlyMap<string, string>;
  readonly database: Database;
  readonly store: EventStore;
  readonly firstAfterMs?: number | undefined;
  readonly log: (line: string) => void;
}

const FIRST_AFTER_MS = 10_000;
/** After a failure, and to see whether a day has passed. */
const LOOK_EVERY_MS = HOUR_MS;
const AGE_MS = 20 * HOUR_MS;
const DAYS_BACK = 30;
/** What the signals of the bill look back. */
const SIGNAL_DAYS = 7;

/** Stops it; resolves when nothing is under way any more. */
export function startBilling({
  api,
  serviceOfKey,
  database,
  store,
  log,
  firstAfterMs = FIRST_AFTER_MS,
}: BillingOptions): () => Promise<void> {
  if (api === undefined) return () => Promise.resolve();
  const stop = new AbortController();
  let round = Promise.resolve();
  /** When this process last fetched all that was to be fetched. */
  let completedAtMs: number | undefined;
  let timer: NodeJS.Timeout;

  async function work(): Promise<void> {
    try {
      const today = Math.floor(Date.now() / DAY_MS);
      const days = { fromDay: today - DAYS_BACK, toDay: today + 1 };
      const { rows, fetchedAtMsByDay } = await readBill(database, days);
      // What was fetched in part is fetched on, however new the part is.
      const fetchedAtMs = completedAtMs ?? openDaysFetchedAtMs(fetchedAtMsByDay, days);
      if (fetchedAtMs === undefined || Date.now() - fetchedAtMs >= AGE_MS) {
        const startedAtMs = Date.now();
        const count = await updateBill({
          ...days,
          api: { ...(api as AdminApiOptions), signal: stop.signal },
          stored: { ledger: await readLedger(database, days), bill: rows, fetchedAtMsByDay },
          serviceOfKey,
          now: Date.now,
          onNote: (note) => {
            log(`billing: ${note}`);
          },
          append: (events) => store.write({ events, spans: [] }),
        });
        completedAtMs = startedAtMs;
        log(`billing: ${count} rows of the bill were fetched; the page /reconcile shows them`);
      }
      const shown = { fromDay: today - SIGNAL_DAYS, toDay: today + 1 };
      const [bill, ledger] = [await readBill(database, shown), await readLedger(database, shown)];
      const events = coverageUpdates(bill, ledger, serviceOfKey);
      if (events.length > 0) await store.write({ events, spans: [] });
    } catch (error) {
      if (!stop.signal.aborted) log(`billing: ${messageOf(error)}`);
    }
    if (!stop.signal.aborted) schedule(LOOK_EVERY_MS);
  }

  function schedule(afterMs: number): void {
    timer = setTimeout(() => {
      round = work();
    }, afterMs);
    timer.unref();
  }

  schedule(firstAfterMs);
  return async () => {
    stop.abort(new Error('the server stops'));
    clearTimeout(timer);
    await round;
  };
}
