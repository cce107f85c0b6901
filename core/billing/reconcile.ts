// Reconciliation: what was billed beside what was observed. Of each billed row a part is covered by observed calls; what is
// not is missing. The covered part is priced twice, by the bill and by us: the difference is the price difference. So
//   observed − billed = price differences − missing + observed beyond the bill
// holds to the nano-dollar. A cause is named only where the counts or amounts show it.

import { shareOut } from '../attribution/share-out.ts';
import { groupBy } from '../group-by.ts';
import { compareText } from '../text/text-order.ts';
import { observedKeyOf, withBatchesOnBilledDays, type ObservedCell } from './batch-days.ts';
import { cellKeyOf, NOT_BY_CALL, type BilledRow, type BillingCell, type LedgerCell } from './billed-row.ts';
import { uncoveredTest } from './covered-keys.ts';
import { tokenPricesOf } from './token-prices.ts';

export type BillingCause =
  | 'day_not_observed'
  | 'uncovered_key'
  | 'claude_code'
  | 'batch_not_observed'
  | 'not_by_call'
  | 'day_boundary'
  | 'contract_rate'
  | 'rounding'
  | 'unpriced'
  | 'unknown';

export interface ReconciledRow extends BilledRow {
  /** Of the list amount, what observed calls account for. */
  readonly coveredNanoUsd: number;
  readonly missingNanoUsd: number;
  readonly observedNanoUsd: number;
  /** Observed less covered: the same usage at another price. */
  readonly priceDifferenceNanoUsd: number;
  /** Why something is missing; undefined where nothing is. */
  readonly missingCause: BillingCause | undefined;
  /** Why the price is another; undefined where it is the same. */
  readonly priceCause: BillingCause | undefined;
}

/** What of the price difference, in either direction, neither rounding nor the rate of a contract explains. */
export function driftNanoUsdOf({
  priceCause,
  priceDifferenceNanoUsd,
}: Pick<ReconciledRow, 'priceCause' | 'priceDifferenceNanoUsd'>): number {
  return priceCause === 'rounding' || priceCause === 'contract_rate' ? 0 : Math.abs(priceDifferenceNanoUsd);
}

/** Observed and not billed. */
export interface ExtraCell extends BillingCell {
  readonly costNanoUsd: number;
  readonly cause: BillingCause;
}

export interface Reconciliation {
  readonly rows: readonly ReconciledRow[];
  readonly extra: readonly ExtraCell[];
  /** Days with observed calls that the bill does not have yet: they count nowhere. */
  readonly unreportedDays: readonly string[];
}

export interface ReconcileOptions {
  /** Services by the API key that is theirs alone, where the user says so. */
  readonly serviceOfKey?: ReadonlyMap<string, string>;
}

/** A nano-dollar for each call is what rounding can do. */
const ROUNDING_NANO_USD = 1;

export function reconcile(
  billed: readonly BilledRow[],
  ledger: readonly LedgerCell[],
  { serviceOfKey = new Map() }: ReconcileOptions = {},
): Reconciliation {
  const serviceOf = ({ apiKeyId }: BilledRow): string => serviceOfKey.get(apiKeyId) ?? '';
  const billedKeyOf = (row: BilledRow): string => observedKeyOf(serviceOf(row), row);
  const billedDays = new Set(billed.map(({ day }) => day));
  const observed = withBatchesOnBilledDays(
    observedCells(ledger, new Set(serviceOfKey.values())),
    new Map(
      [...groupBy(billed, billedKeyOf)].map(([key, rows]) => [
        key,
        sum(rows.map(({ quantity = 0 }) => quantity)),
      ]),
    ),
  );
  const reported = observed.filter(({ cell }) => billedDays.has(cell.day));
  const unreported = observed.filter(({ cell }) => !billedDays.has(cell.day));
  const pools = new Map(reported.map((one) => [observedKeyOf(one.service, one.cell), one]));
  const isUncovered = uncoveredTest(
    billed.filter(({ apiKeyId }) => !serviceOfKey.has(apiKeyId)),
    reported.filter(({ service }) => service === ''),
  );
  // Batches are looked for among all that was observed.
  const observedDays: ObservedDays = {
    any: new Set(reported.map(({ cell }) => cell.day)),
    batches: new Set(reported.flatMap(({ cell }) => (cell.tier === 'batch' ? [cell.day] : []))),
  };
  const rows: ReconciledRow[] = [];
  for (const group of groupBy(billed, billedKeyOf)) {
    const [key, members] = group;
    const taking = members.filter((row) => !isUncovered(row));
    const parts = takeParts(taking, pools.get(key));
    for (const row of members)
      rows.push(rowOf(row, parts.get(row) ?? NOTHING, isUncovered(row), observedDays));
  }
  const extra = [...pools.values()]
    .filter(({ costNanoUsd, quantity }) => quantity > 0 && costNanoUsd !== 0)
    .map(({ cell, costNanoUsd, quantity }) => ({ ...cellOf(cell), costNanoUsd, quantity }));
  return {
    ...withDayBoundaries(rows, extra),
    unreportedDays: [...new Set(unreported.map(({ cell }) => cell.day))].toSorted(compareText),
  };
}

/** The ledger by cell, and by service where the key of the service is known. */
function observedCells(
  ledger: readonly LedgerCell[],
  services: ReadonlySet<string>,
): readonly ObservedCell[] {
  const cells = new Map<string, ObservedCell>();
  for (const { service: name, quantity, costNanoUsd, calls, ...cell } of ledger) {
    const service = services.has(name) ? name : '';
    const key = observedKeyOf(service, cell);
    const whole = cells.get(key) ?? { cell, service, quantity: 0, costNanoUsd: 0, calls: 0 };
    whole.quantity += quantity;
    whole.costNanoUsd += costNanoUsd;
    whole.calls += calls;
    cells.set(key, whole);
  }
  return [...cells.values()];
}

interface Part {
  readonly costNanoUsd: number;
  readonly calls: number;
  /** Of the row, 0–1. */
  readonly share: number;
}

const NOTHING: Part = { costNanoUsd: 0, calls: 0, share: 0 };

/**
 * The part of the pool that each row accounts for, by its size among them; they are taken out of it. What they cost is
 * shared by what they were billed: prompts of one key may be longer than those of another and at a higher rate, which the
 * pool does not tell apart, so that prices are compared for all rows of a cell together.
 */
function takeParts(rows: readonly BilledRow[], pool: ObservedCell | undefined): ReadonlyMap<BilledRow, Part> {
  const parts = new Map<BilledRow, Part>();
  const isByQuantity = rows.every(({ quantity }) => quantity !== undefined);
  const sizes = rows.map(({ quantity, listNanoUsd }) => (isByQuantity ? (quantity ?? 0) : listNanoUsd));
  const total = sum(sizes);
  if (pool === undefined) return parts;
  const available = isByQuantity ? pool.quantity : pool.costNanoUsd;
  if (total <= 0 || available <= 0) return parts;
  const taken = Math.min(1, total / available);
  const listed = rows.map(({ listNanoUsd }) => listNanoUsd);
  const isByList = isByQuantity && isTablePriced(pool, sum(listed) - pool.costNanoUsd, total - available);
  const costNanoUsd = isByList
    ? Math.min(pool.costNanoUsd, sum(listed))
    : Math.round(pool.costNanoUsd * taken);
  const wholes = isByList ? listed : sizes;
  // Whole tokens or nano-dollars, together as many as were observed.
  const covered = shareOut(isByList ? costNanoUsd : Math.min(available, total), wholes);
  const shares = wholes.map((whole, index) => (whole === 0 ? 0 : (covered[index] ?? 0) / whole));
  const billed = listed.map((nanoUsd, index) => coveredNanoUsdOf(nanoUsd, shares[index] ?? 0));
  const isBilled = billed.every((nanoUsd) => nanoUsd >= 0) && sum(billed) > 0;
  const costs = shareOut(costNanoUsd, isBilled ? billed : sizes);
  for (const [index, row] of rows.entries())
    parts.set(row, {
      costNanoUsd: costs[index] ?? 0,
      calls: pool.calls * ((sizes[index] ?? 0) / total),
      share: shares[index] ?? 0,
    });
  pool.costNanoUsd -= costNanoUsd;
  pool.quantity = Math.round(pool.quantity * (1 - taken));
  return parts;
}

/**
 * Whether what only one side has, tokens that are missing or not billed, costs what the table says of the cell, be it at the
 * rate of long prompts: then nothing has another price, however the two rates are mixed on either side.
 */
function isTablePriced({ cell, calls }: ObservedCell, nanoUsd: number, tokens: number): boolean {
  const prices = tokens === 0 ? undefined : tokenPricesOf(cell);
  if (prices === undefined || nanoUsd * tokens < 0) return false;
  const [cost, count] = [Math.abs(nanoUsd), Math.abs(tokens)];
  const tolerance = ROUNDING_NANO_USD * Math.max(1, calls);
  return (
    cost >= count * Math.min(prices.usual, prices.long) - tolerance &&
    cost <= count * Math.max(prices.usual, prices.long) + tolerance
  );
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

function coveredNanoUsdOf(listNanoUsd: number, share: number): number {
  return Math.round(listNanoUsd * share);
}

function rowOf(row: BilledRow, part: Part, isUncovered: boolean, observedDays: ObservedDays): ReconciledRow {
  const { costNanoUsd, share } = part;
  const coveredNanoUsd = coveredNanoUsdOf(row.listNanoUsd, share);
  const missingNanoUsd = row.listNanoUsd - coveredNanoUsd;
  const priceDifferenceNanoUsd = costNanoUsd - coveredNanoUsd;
  return {
    ...row,
    coveredNanoUsd,
    missingNanoUsd,
    observedNanoUsd: costNanoUsd,
    priceDifferenceNanoUsd,
    missingCause: missingNanoUsd === 0 ? undefined : missingCauseOf(row, share, isUncovered, observedDays),
    priceCause: priceDifferenceNanoUsd === 0 ? undefined : priceCauseOf(row, part, priceDifferenceNanoUsd),
  };
}

/** Days with any observed call, and with one of a batch. */
interface ObservedDays {
  readonly any: ReadonlySet<string>;
  readonly batches: ReadonlySet<string>;
}

function missingCauseOf(
  row: BilledRow,
  share: number,
  isUncovered: boolean,
  observedDays: ObservedDays,
): BillingCause {
  if (NOT_BY_CALL.has(row.kind)) return 'not_by_call';
  if (!observedDays.any.has(row.day)) return 'day_not_observed';
  if (row.product === 'claude_code') return 'claude_code';
  if (row.tier === 'batch' && share === 0 && !observedDays.batches.has(row.day)) return 'batch_not_observed';
  return isUncovered ? 'uncovered_key' : 'unknown';
}

function priceCauseOf(row: BilledRow, { costNanoUsd, share, calls }: Part, difference: number): BillingCause {
  const tolerance = ROUNDING_NANO_USD * Math.max(1, Math.ceil(calls));
  if (Math.abs(difference) <= tolerance) return 'rounding';
  // No price of a token is 0.
  if (costNanoUsd === 0) return 'unpriced';
  const discounted = Math.round(row.amountNanoUsd * share) - Math.round(row.listNanoUsd * share);
  return discounted !== 0 && Math.abs(difference - discounted) <= tolerance ? 'contract_rate' : 'unknown';
}

const DAY_MS = 86_400_000;

/** The same count on the day beside shows more than these. */
const MAY_BE_BOUNDARY: ReadonlySet<BillingCause> = new Set(['unknown', 'uncovered_key', 'day_not_observed']);

/** Usage that stands on the one side on a day and on the other side on the day beside it, of the same size. */
function withDayBoundaries(
  rows: readonly ReconciledRow[],
  extra: readonly (BillingCell & { readonly costNanoUsd: number; readonly quantity: number })[],
): Pick<Reconciliation, 'rows' | 'extra'> {
  const found = new Set<object>();
  const named = rows.map((row): ReconciledRow => {
    if (row.missingCause === undefined || !MAY_BE_BOUNDARY.has(row.missingCause)) return row;
    if (row.quantity === undefined) return row;
    const missing = Math.round(row.quantity * (row.missingNanoUsd / row.listNanoUsd));
    const other = extra.find(
      (cell) =>
        !found.has(cell) &&
        cell.quantity === missing &&
        Math.abs(Date.parse(cell.day) - Date.parse(row.day)) === DAY_MS &&
        cellKeyOf({ ...cell, day: '' }) === cellKeyOf({ ...row, day: '' }),
    );
    if (other === undefined) return row;
    found.add(other);
    return { ...row, missingCause: 'day_boundary' };
  });
  return {
    rows: named,
    extra: extra.map((cell) => ({
      ...cellOf(cell),
      costNanoUsd: cell.costNanoUsd,
      cause: found.has(cell) ? 'day_boundary' : 'unknown',
    })),
  };
}

function cellOf({ day, model, kind, tier, speed, geo }: BillingCell): BillingCell {
  return { day, model, kind, tier, speed, geo };
}
