// Brings the stored bill up to date: fetches the days that may have changed, lays each beside the ledger, and stores it.
// What was stored stays when a later part fails, so that the next time goes on from there.

import type { BilledRow, LedgerCell } from '../../core/billing/billed-row.ts';
import { cellKeyOf } from '../../core/billing/billed-row.ts';
import { billingEventOf } from '../../core/billing/billing-event.ts';
import { reconcile } from '../../core/billing/reconcile.ts';
import type { EventRecord } from '../../core/event.ts';
import { DAY_MS } from '../../core/time/time.ts';
import { dayText, type BillingDays } from '../queries/billing/read-billing.ts';
import { fetchBill } from './admin-api.ts';
import { type AdminApiOptions } from './admin-client.ts';

/** The bill and the ledger as they are stored. */
export interface StoredBilling {
  readonly ledger: readonly LedgerCell[];
  readonly bill: readonly BilledRow[];
  /** When the newest part of the bill was fetched, Unix milliseconds. */
  readonly fetchedAtMs: number | undefined;
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
/** A day is corrected for so long after its end. */
const CORRECTED_DAYS = 5;

/** How many rows were stored. @throws ServerError when the API does not answer, or with what cannot be used */
export async function updateBill(update: BillUpdate): Promise<number> {
  const { api, stored, serviceOfKey, toDay, now, append } = update;
  const from = Math.max(update.fromDay, firstOpenDay(stored, update.fromDay));
  let count = 0;
  for (let day = from; day < toDay; day += DAYS_AT_ONCE) {
    const range = { from: dayText(day), to: dayText(Math.min(day + DAYS_AT_ONCE, toDay)) };
    const fetchedAtMs = now();
    const { rows, note } = await fetchBill(api, range);
    if (note !== undefined && day === from) update.onNote?.(note);
    const isWithin = (one: { readonly day: string }): boolean => one.day >= range.from && one.day < range.to;
    const gone = goneRows(stored.bill.filter(isWithin), rows);
    const found = reconcile([...rows, ...gone], stored.ledger.filter(isWithin), { serviceOfKey });
    await append(found.rows.map((row) => billingEventOf(row, fetchedAtMs)));
    count += rows.length;
  }
  return count;
}

/** The first day that may still change: those before were fetched when they were settled. */
function firstOpenDay({ bill, fetchedAtMs }: StoredBilling, fromDay: number): number {
  if (fetchedAtMs === undefined) return fromDay;
  const settled = Math.floor(fetchedAtMs / DAY_MS) - CORRECTED_DAYS;
  const first = bill.reduce((least, { day }) => (day < least ? day : least), '9999');
  // A longer time than before is asked for.
  return first > dayText(fromDay) ? fromDay : settled;
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
