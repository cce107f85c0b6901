// The report of a reconciliation: billed and observed, by day, model, kind of usage and API key.

import { READABLE_DAYS } from '../../../core/billing/batch-days.ts';
import type { BilledKind } from '../../../core/billing/billed-row.ts';
import {
  driftNanoUsdOf,
  reconcile,
  type BillingCause,
  type Reconciliation,
  type ReconciledRow,
} from '../../../core/billing/reconcile.ts';
import { groupBy } from '../../../core/group-by.ts';
import { usdOf } from '../../../core/money.ts';
import { DAY_MS } from '../../../core/time/time.ts';
import type { Queryable } from '../../store/file/database.ts';
import { dayText, readBill, readLedger, type BillingDays, type StoredBill } from './read-billing.ts';

export interface ReconciliationQuestion {
  /** Unix milliseconds; whole days (UTC) from the one that it is in. */
  readonly since: number;
  readonly until: number;
  /** Services by the API key that is theirs alone. */
  readonly serviceOfKey?: ReadonlyMap<string, string> | undefined;
}

export interface ReconciliationSums {
  readonly billed_list_nano_usd: number;
  /** After discounts, before credits. */
  readonly billed_amount_nano_usd: number;
  readonly observed_nano_usd: number;
  /** Observed less billed at list price. */
  readonly difference_nano_usd: number;
  readonly covered_nano_usd: number;
  readonly missing_nano_usd: number;
  /** The same usage at another price. */
  readonly price_difference_nano_usd: number;
  /** Of the list amount, what observed calls account for; null where nothing was billed. */
  readonly coverage: number | null;
  /** Price differences beyond rounding and contract rates, in either direction, of the list amount. */
  readonly drift: number | null;
}

export interface ReconciliationRow extends ReconciliationSums {
  readonly day: string;
  readonly model: string | null;
  readonly kind: BilledKind;
  readonly service_tier: string;
  readonly speed: string;
  readonly inference_geo: string;
  readonly api_key_id: string | null;
  readonly workspace_id: string | null;
  readonly quantity: number | null;
  readonly missing_cause: BillingCause | null;
  readonly price_cause: BillingCause | null;
}

export interface ReconciliationReport {
  readonly window: { readonly from: string; readonly to: string };
  /** When the newest part of the bill was fetched; null where none was. */
  readonly fetched_at: string | null;
  readonly total: ReconciliationSums;
  readonly total_usd: {
    readonly billed_list: number;
    readonly billed_amount: number;
    readonly observed: number;
    readonly difference: number;
  };
  readonly by_day: readonly (ReconciliationSums & { readonly day: string })[];
  readonly by_model: readonly (ReconciliationSums & { readonly model: string | null })[];
  readonly by_key: readonly (ReconciliationSums & {
    readonly api_key_id: string | null;
    readonly workspace_id: string | null;
  })[];
  /** Largest first, with the sign that they have in the difference. */
  readonly causes: readonly { readonly cause: BillingCause | 'not_billed'; readonly nano_usd: number }[];
  readonly rows: readonly ReconciliationRow[];
  /** Observed and not billed. */
  readonly extra_nano_usd: number;
  /** Days with calls that the bill does not have yet; in no number above. */
  readonly unreported_days: readonly string[];
}

export async function readReconciliation(
  database: Queryable,
  { since, until, serviceOfKey }: ReconciliationQuestion,
): Promise<ReconciliationReport> {
  const days = { fromDay: Math.floor(since / DAY_MS), toDay: Math.floor(until / DAY_MS) + 1 };
  const { bill, found } = await reconcileDays(database, days, serviceOfKey);
  const extraNanoUsd = found.extra.reduce((sum, { costNanoUsd }) => sum + costNanoUsd, 0);
  const total = sumsOf(found.rows, extraNanoUsd);
  const causes = new Map<BillingCause | 'not_billed', number>();
  const add = (cause: BillingCause | 'not_billed', nanoUsd: number): void =>
    void causes.set(cause, (causes.get(cause) ?? 0) + nanoUsd);
  for (const row of found.rows) {
    if (row.missingCause !== undefined) add(row.missingCause, -row.missingNanoUsd);
    if (row.priceCause !== undefined) add(row.priceCause, row.priceDifferenceNanoUsd);
  }
  for (const { cause, costNanoUsd } of found.extra)
    add(cause === 'unknown' ? 'not_billed' : cause, costNanoUsd);
  return {
    window: { from: `${dayText(days.fromDay)}T00:00:00.000Z`, to: `${dayText(days.toDay)}T00:00:00.000Z` },
    fetched_at: bill.fetchedAtMs === undefined ? null : new Date(bill.fetchedAtMs).toISOString(),
    total,
    total_usd: {
      billed_list: usdOf(total.billed_list_nano_usd),
      billed_amount: usdOf(total.billed_amount_nano_usd),
      observed: usdOf(total.observed_nano_usd),
      difference: usdOf(total.difference_nano_usd),
    },
    by_day: [...groupBy(found.rows, ({ day }) => day)].map(([day, rows]) => ({ day, ...sumsOf(rows) })),
    by_model: [...groupBy(found.rows, ({ model }) => model)]
      .map(([model, rows]) => ({ model: model || null, ...sumsOf(rows) }))
      .toSorted(largestFirst),
    by_key: [...groupBy(found.rows, ({ apiKeyId }) => apiKeyId)]
      .map(([key, rows]) => ({
        api_key_id: key || null,
        workspace_id: workspaceOf(key, rows),
        ...sumsOf(rows),
      }))
      .toSorted(largestFirst),
    causes: [...causes]
      .map(([cause, nanoUsd]) => ({ cause, nano_usd: nanoUsd }))
      .toSorted((a, b) => Math.abs(b.nano_usd) - Math.abs(a.nano_usd)),
    rows: found.rows.map(answerOf),
    extra_nano_usd: extraNanoUsd,
    unreported_days: found.unreportedDays,
  };
}

/** The bill of the days beside the ledger; batches with what was read of them on later days, and billed on earlier ones. */
async function reconcileDays(
  database: Queryable,
  days: BillingDays,
  serviceOfKey: ReadonlyMap<string, string> | undefined,
): Promise<{ readonly bill: StoredBill; readonly found: Reconciliation }> {
  const read = (of: BillingDays) => Promise.all([readBill(database, of), readLedger(database, of)]);
  const [bill, ledger] = await read(days);
  const options = serviceOfKey === undefined ? {} : { serviceOfKey };
  if (![...bill.rows, ...ledger].some(({ tier }) => tier === 'batch'))
    return { bill, found: reconcile(bill.rows, ledger, options) };
  const [wideBill, wideLedger] = await read({
    fromDay: days.fromDay - READABLE_DAYS,
    toDay: days.toDay + READABLE_DAYS,
  });
  const { rows, extra, unreportedDays } = reconcile(wideBill.rows, wideLedger, options);
  const isWithin = (day: string): boolean => day >= dayText(days.fromDay) && day < dayText(days.toDay);
  return {
    bill,
    found: {
      rows: rows.filter(({ day }) => isWithin(day)),
      extra: extra.filter(({ day }) => isWithin(day)),
      unreportedDays: unreportedDays.filter(isWithin),
    },
  };
}

/** A key has one workspace; usage without a key may be from several, and then names none. */
function workspaceOf(key: string, rows: readonly ReconciledRow[]): string | null {
  const names = rows.map(({ workspaceId }) => workspaceId).filter((name) => key === '' || name !== '');
  const [name = '', ...others] = new Set(names);
  return others.length === 0 && name !== '' ? name : null;
}

function largestFirst(a: ReconciliationSums, b: ReconciliationSums): number {
  return b.billed_list_nano_usd - a.billed_list_nano_usd;
}

function sumsOf(rows: readonly ReconciledRow[], extraNanoUsd = 0): ReconciliationSums {
  const sum = (valueOf: (row: ReconciledRow) => number): number =>
    rows.reduce((total, row) => total + valueOf(row), 0);
  const list = sum(({ listNanoUsd }) => listNanoUsd);
  const observed = sum(({ observedNanoUsd }) => observedNanoUsd) + extraNanoUsd;
  const drift = sum(driftNanoUsdOf);
  const covered = sum(({ coveredNanoUsd }) => coveredNanoUsd);
  return {
    billed_list_nano_usd: list,
    billed_amount_nano_usd: sum(({ amountNanoUsd }) => amountNanoUsd),
    observed_nano_usd: observed,
    difference_nano_usd: observed - list,
    covered_nano_usd: covered,
    missing_nano_usd: list - covered,
    price_difference_nano_usd: sum(({ priceDifferenceNanoUsd }) => priceDifferenceNanoUsd),
    coverage: list === 0 ? null : covered / list,
    drift: list === 0 ? null : drift / list,
  };
}

function answerOf(row: ReconciledRow): ReconciliationRow {
  return {
    day: row.day,
    model: row.model || null,
    kind: row.kind,
    service_tier: row.tier,
    speed: row.speed,
    inference_geo: row.geo,
    api_key_id: row.apiKeyId || null,
    workspace_id: row.workspaceId || null,
    quantity: row.quantity ?? null,
    missing_cause: row.missingCause ?? null,
    price_cause: row.priceCause ?? null,
    ...sumsOf([row]),
  };
}
