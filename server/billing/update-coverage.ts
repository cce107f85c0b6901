// Brings the coverage of the stored bill up to date: it was laid beside the ledger when it was fetched, and since then calls
// have come late, results of batches were read, history was imported.

import type { LedgerCell } from '../../core/billing/billed-row.ts';
import { billingEventOf } from '../../core/billing/billing-event.ts';
import { reconcile } from '../../core/billing/reconcile.ts';
import type { EventRecord } from '../../core/event.ts';
import type { StoredBill } from '../queries/billing/read-billing.ts';

/** The rows whose coverage or drift is no longer what is stored, each as the next revision of what it was. */
export function coverageUpdates(
  bill: StoredBill,
  ledger: readonly LedgerCell[],
  serviceOfKey: ReadonlyMap<string, string>,
): readonly EventRecord[] {
  const storedOf = new Map(bill.events.map((event) => [event['tallyspan.key'], event]));
  return reconcile(bill.rows, ledger, { serviceOfKey }).rows.flatMap((row) => {
    const fetchedAtMs = bill.fetchedAtMsByDay[row.day] ?? 0;
    const key = billingEventOf(row, fetchedAtMs)['tallyspan.key'];
    const stored = storedOf.get(key);
    const event = billingEventOf(row, (stored?.['tallyspan.revision'] ?? fetchedAtMs) + 1);
    const isSame =
      stored?.billing_covered_nano_usd === event.billing_covered_nano_usd &&
      stored?.billing_drift_nano_usd === event.billing_drift_nano_usd;
    return isSame ? [] : [event];
  });
}
