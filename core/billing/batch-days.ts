// Days of batches: a batch is billed on the day that it is processed, and observed on the day that its results are read, which
// may be weeks later. What is observed of batches beyond the bill of its day belongs to the days before it.

import { groupBy } from '../group-by.ts';
import { cellKeyOf, type BillingCell } from './billed-row.ts';

/** What was observed of a cell, as far as no row of the bill has taken it yet. */
export interface ObservedCell {
  readonly cell: BillingCell;
  /** Whose API key is known; empty of all other services together. */
  readonly service: string;
  quantity: number;
  costNanoUsd: number;
  calls: number;
}

const DAY_MS = 86_400_000;
/** Results of a batch can be read for so long. */
export const READABLE_DAYS = 29;

/** The key under which a service and a cell are billed. */
export function observedKeyOf(service: string, cell: BillingCell): string {
  return `${service}|${cellKeyOf(cell)}`;
}

/**
 * The cells with batches on the days on which they are billed. `billedQuantity` is what the bill has by the same keys; the
 * newest days are filled first.
 */
export function withBatchesOnBilledDays(
  observed: readonly ObservedCell[],
  billedQuantity: ReadonlyMap<string, number>,
): readonly ObservedCell[] {
  const isBatch = ({ cell }: ObservedCell): boolean => cell.tier === 'batch';
  const alike = groupBy(observed.filter(isBatch), ({ service, cell }) =>
    observedKeyOf(service, { ...cell, day: '' }),
  );
  const moved = [...alike.values()].flatMap((cells) => spreadOverDays(cells, billedQuantity));
  return [...observed.filter((one) => !isBatch(one)), ...moved];
}

/** Cells that differ in their day alone, on the days that have room for them. */
function spreadOverDays(
  cells: readonly ObservedCell[],
  billedQuantity: ReadonlyMap<string, number>,
): readonly ObservedCell[] {
  const byDay = new Map(cells.map((one) => [one.cell.day, { ...one }]));
  const roomOn = (like: ObservedCell, day: string): number =>
    (billedQuantity.get(observedKeyOf(like.service, { ...like.cell, day })) ?? 0) -
    (byDay.get(day)?.quantity ?? 0);
  for (const from of [...byDay.values()].toSorted((a, b) => (a.cell.day < b.cell.day ? -1 : 1)))
    for (let back = 1; back <= READABLE_DAYS; back++) {
      const day = dayBefore(from.cell.day, back);
      const quantity = Math.min(-roomOn(from, from.cell.day), roomOn(from, day));
      if (quantity <= 0) continue;
      const to = byDay.get(day) ?? emptyOn(from, day);
      byDay.set(day, to);
      move(from, to, quantity);
    }
  return [...byDay.values()].filter(({ quantity }) => quantity > 0);
}

function emptyOn({ cell, service }: ObservedCell, day: string): ObservedCell {
  return { cell: { ...cell, day }, service, quantity: 0, costNanoUsd: 0, calls: 0 };
}

function move(from: ObservedCell, to: ObservedCell, quantity: number): void {
  const share = quantity / from.quantity;
  const costNanoUsd = Math.round(from.costNanoUsd * share);
  const calls = from.calls * share;
  from.quantity -= quantity;
  from.costNanoUsd -= costNanoUsd;
  from.calls -= calls;
  to.quantity += quantity;
  to.costNanoUsd += costNanoUsd;
  to.calls += calls;
}

function dayBefore(day: string, count: number): string {
  return new Date(Date.parse(day) - count * DAY_MS).toISOString().slice(0, 10);
}
