// Results: what a signal answers, the same from every back end.

import type { Dimension } from '../core/schema.ts';
import { compareText } from '../core/text/text-order.ts';
import type { Interval } from '../core/time/time.ts';
import { dimensionsOf, type Signal, type SignalRequest, type SignalUnit } from './signal.ts';
import { windowOf } from './spans.ts';

/** Values of the dimensions of a group; null where the events carry none. */
export type GroupKey = Partial<Readonly<Record<Dimension, string | null>>>;

export interface SignalGroup {
  readonly by: GroupKey;
  readonly value: number;
  /** Of a cost, the part that nobody pays; absent where there is none, and where nobody asked. */
  readonly list_value_nano_usd?: number;
}

interface ResultHead {
  readonly id: string;
  readonly unit: SignalUnit;
  /** ISO 8601 UTC; the interval is `(from, to]`. */
  readonly window: { readonly from: string; readonly to: string };
}

/** One number; null is no data. */
export interface SignalValue extends ResultHead {
  readonly value: number | null;
  /** Of a cost, the part that nobody pays; absent where there is none, and where nobody asked. */
  readonly list_value_nano_usd?: number;
}

/** One number per group, greatest first; a group without data is left out. */
export interface SignalGroups extends ResultHead {
  readonly groups: readonly SignalGroup[];
}

export type SignalResult = SignalValue | SignalGroups;

/** One step of a time series. */
export interface SignalPoint {
  /** Start of the step, Unix milliseconds; the step is `(start, next start]`. */
  readonly start: number;
  readonly value: number | null;
}

/** A row as a database client gives it: one property per column. */
export type ResultRow = Readonly<Record<string, unknown>>;

/** A number of a row; null and NaN are no data. */
export function cellNumber(cell: unknown): number | null {
  const number = typeof cell === 'bigint' ? Number(cell) : cell;
  return typeof number === 'number' && Number.isFinite(number) ? number : null;
}

/** Rows of the statement made by `toSql`, as the signal's answer. */
export function shapeResult(
  signal: Signal,
  request: SignalRequest,
  rows: readonly ResultRow[],
): SignalResult {
  const by = dimensionsOf(signal, request);
  if (by.length === 0) return valueResult(signal, request, cellNumber(rows[0]?.['value']));
  const groups = rows.map((row) => ({
    by: Object.fromEntries(by.map((dimension) => [dimension, textOf(row[dimension])])) as GroupKey,
    value: cellNumber(row['value']),
  }));
  return groupsResult(signal, request, groups);
}

/** An ungrouped answer; no value becomes what the signal is when empty. */
export function valueResult(signal: Signal, request: SignalRequest, value: number | null): SignalValue {
  return { ...headOf(signal, request), value: value ?? signal.whenEmpty };
}

/** A grouped answer in the order greatest value first, then by the names of the groups. */
export function groupsResult(
  signal: Signal,
  request: SignalRequest,
  groups: readonly { readonly by: GroupKey; readonly value: number | null }[],
): SignalGroups {
  const withData = groups.filter((group): group is SignalGroup => group.value !== null);
  withData.sort((a, b) => b.value - a.value || compareText(groupName(a.by), groupName(b.by)));
  return { ...headOf(signal, request), groups: withData };
}

/** One text for the values of a group, unique within a signal's answer. */
export function groupName(by: GroupKey): string {
  return JSON.stringify(Object.values(by));
}

function headOf(signal: Signal, request: SignalRequest): ResultHead {
  const window: Interval = windowOf(signal, request);
  return {
    id: signal.id,
    unit: signal.unit,
    window: { from: new Date(window.from).toISOString(), to: new Date(window.to).toISOString() },
  };
}

function textOf(cell: unknown): string | null {
  if (typeof cell === 'string') return cell === '' ? null : cell;
  return typeof cell === 'number' || typeof cell === 'bigint' || typeof cell === 'boolean'
    ? String(cell)
    : null;
}
