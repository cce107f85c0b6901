// Brings the stored bill up to date: fetches the days that may have changed, lays each beside the ledger, and stores it.
// What was stored stays when a later part fails, so that the next time goes on from there.

import type { BilledRow, LedgerCell } from '../../core/billing/billed-row.ts';
import { cellKeyOf } from '../../core/billing/billed-row.ts';
import { billingEventOf } from '../../core/billing/billing-event.ts';
import { reconcile } from '../../core/billing/reconcile.ts';
import type { EventRecord } from '../../core/event.ts';
import { dayText, type BillingDays } from '../queries/billing/read-billing.ts';
import { fetchBill } from './admin-api.ts';
import { type AdminApiOptions } from './admin-client.ts';
import { nextOpenDay, type FetchTimes } from './open-days.ts';

/** The bill and the ledger as they are stored. */
export interface StoredBilling {
  readonly ledger: readonly LedgerCell[];
  readonly bill: readonly BilledRow[];
  /** When each day with rows was fetched last, Unix milliseconds. */
  readonly fetchedAtMsByDay: FetchTimes;
}

export interface BillUpdate extends BillingDays {
  readonly api: AdminApiOptions;
  readonly stored: StoredBilling;
  readonly serviceOfKey: ReadonlyMap<string, string>;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Called once with what is known less well than it could be. */
  readonly onNote?: ((note: string) => void) | undefined;
  readonly append: (events: readonly EventRecord[]) => Promise<void>;
}

/** A report so long is one request of each kind. */
const DAYS_AT_ONCE = 7;

/** How many rows were stored. @throws ServerError when the API does not answer, or with what cannot be used */
export async function updateBill(update: BillUpdate): Promise<number> {
  const { api, stored, serviceOfKey, toDay, now, append } = update;
  let count = 0;
  let hasNote = false;
  for (
    let day = nextOpenDay(stored.fetchedAtMsByDay, update.fromDay, toDay);
    day < toDay;
    day = nextOpenDay(stored.fetchedAtMsByDay, day + DAYS_AT_ONCE, toDay)
  ) {
    const range = { from: dayText(day), to: dayText(Math.min(day + DAYS_AT_ONCE, toDay)) };
    const fetchedAtMs = now();
    const { rows, note } = await fetchBill(api, range);
    if (note !== undefined && !hasNote) update.onNote?.(note);
    hasNote ||= note !== undefined;
    const isWithin = (one: { readonly day: string }): boolean => one.day >= range.from && one.day < range.to;
    const gone = goneRows(stored.bill.filter(isWithin), rows);
    const found = reconcile([...rows, ...gone], stored.ledger.filter(isWithin), { serviceOfKey });
    await append(found.rows.map((row) => billingEventOf(row, fetchedAtMs)));
    count += rows.length;
  }
  return count;
}

function idOf(row: BilledRow): string {
  return `${cellKeyOf(row)}|${row.apiKeyId}`;
}

/** Rows that a correction took back: nothing is billed for them any more. */
function goneRows(before: readonly BilledRow[], after: readonly BilledRow[]): readonly BilledRow[] {
  const there = new Set(after.map(idOf));
  return before
    .filter((row) => row.listNanoUsd !== 0 && !there.has(idOf(row)))
    .map((row) => ({ ...row, listNanoUsd: 0, amountNanoUsd: 0, quantity: 0 }));
}
