// Comparison of what two back ends answer: equal to the last digit, but for quantiles and factors that
// are no whole numbers, where 1e-9 of the value may lie between them. No data is never equal to 0.

import { groupName, type GroupKey, type SignalPoint, type SignalResult } from './result.ts';
import { foldsOf, type NotSupported, type Signal, type Value } from './signal.ts';

const RELATIVE_TOLERANCE = 1e-9;

/** One number on which two answers differ; `null` is no data, or no such group. */
export interface Difference {
  readonly id: string;
  /** The group; absent on an ungrouped number. */
  readonly by?: GroupKey;
  /** Start of the step in a time series, Unix milliseconds. */
  readonly start?: number;
  readonly expected: number | null;
  readonly actual: number | null;
}

/** What differs between two answers to one request; empty when nothing does. */
export function compareResults(signal: Signal, expected: SignalResult, actual: SignalResult): Difference[] {
  const expectedByName = valuesOf(expected);
  const actualByName = valuesOf(actual);
  const differences: Difference[] = [];
  for (const [name, { by }] of new Map([...expectedByName, ...actualByName])) {
    const own = expectedByName.get(name)?.value ?? null;
    const other = actualByName.get(name)?.value ?? null;
    if (isSame(signal, own, other)) continue;
    differences.push({ id: signal.id, ...(by ? { by } : {}), expected: own, actual: other });
  }
  return differences;
}

/** What differs between two time series; one without a series differs from one with. */
export function compareSeries(
  signal: Signal,
  expected: readonly SignalPoint[] | NotSupported,
  actual: readonly SignalPoint[] | NotSupported,
): Difference[] {
  const expectedByStart = new Map(pointsOf(expected).map(({ start, value }) => [start, value]));
  const actualByStart = new Map(pointsOf(actual).map(({ start, value }) => [start, value]));
  const differences: Difference[] = [];
  for (const start of new Set([...expectedByStart.keys(), ...actualByStart.keys()])) {
    const [own, other] = [expectedByStart.get(start) ?? null, actualByStart.get(start) ?? null];
    const isInBoth = expectedByStart.has(start) && actualByStart.has(start);
    if (!isInBoth || !isSame(signal, own, other)) {
      differences.push({ id: signal.id, start, expected: own, actual: other });
    }
  }
  return differences;
}

interface Entry {
  readonly by: GroupKey | undefined;
  readonly value: number | null;
}

function valuesOf(result: SignalResult): Map<string, Entry> {
  if ('value' in result) return new Map([['', { by: undefined, value: result.value }]]);
  return new Map(result.groups.map(({ by, value }) => [groupName(by), { by, value }]));
}

function pointsOf(series: readonly SignalPoint[] | NotSupported): readonly SignalPoint[] {
  return 'reason' in series ? [] : series;
}

function isSame(signal: Signal, expected: number | null, actual: number | null): boolean {
  if (expected === null || actual === null || isExact(signal)) return expected === actual;
  return Math.abs(expected - actual) <= RELATIVE_TOLERANCE * Math.max(Math.abs(expected), Math.abs(actual));
}

/** Counts and sums of integers are exact in every back end, and so is one division of two of them. */
function isExact(signal: Signal): boolean {
  const hasQuantile = foldsOf(signal.value).some(({ aggregate }) => typeof aggregate === 'object');
  return !hasQuantile && !hasBrokenFactor(signal.value);
}

function hasBrokenFactor(value: Value): boolean {
  switch (value.kind) {
    case 'fold':
      return false;
    case 'ratio':
      return hasBrokenFactor(value.of) || hasBrokenFactor(value.to);
    case 'guarded':
      return hasBrokenFactor(value.value);
    case 'total':
      return value.parts.some(({ times, value: part }) => !Number.isInteger(times) || hasBrokenFactor(part));
  }
}
