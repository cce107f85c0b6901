// Comparison of two answers: equal to the last digit, but for quantiles and products of broken factors.

import { groupName, type SignalPoint, type SignalResult } from '../../signals/result.ts';
import { foldsOf, type NotSupported, type Signal, type Value } from '../../signals/signal.ts';

const RELATIVE_TOLERANCE = 1e-9;

/** What differs between two answers of a signal; empty when nothing does. */
export function differencesOf(signal: Signal, expected: SignalResult, actual: SignalResult): string[] {
  const isExact = isExactIn(signal);
  if ('value' in expected && 'value' in actual) {
    return isSame(expected.value, actual.value, isExact)
      ? []
      : [`${signal.id}: ${String(expected.value)} became ${String(actual.value)}`];
  }
  if ('value' in expected || 'value' in actual)
    return [`${signal.id}: one answer is grouped, the other is not`];
  const actualByName = new Map(actual.groups.map((group) => [groupName(group.by), group.value]));
  const names = new Set(expected.groups.map((group) => groupName(group.by)));
  const differences = expected.groups.flatMap(({ by, value }) => {
    const other = actualByName.get(groupName(by));
    return other !== undefined && isSame(value, other, isExact)
      ? []
      : [`${signal.id} ${groupName(by)}: ${value} became ${String(other)}`];
  });
  for (const name of actualByName.keys()) {
    if (!names.has(name)) differences.push(`${signal.id} ${name}: a group that should not be there`);
  }
  return differences;
}

/** What differs between two time series; a reason for having none must be the same, too. */
export function seriesDifferencesOf(
  signal: Signal,
  expected: readonly SignalPoint[] | NotSupported,
  actual: readonly SignalPoint[] | NotSupported,
): string[] {
  if ('reason' in expected || 'reason' in actual) {
    const same = 'reason' in expected && 'reason' in actual && expected.reason === actual.reason;
    return same ? [] : [`${signal.id}: one back end has no time series`];
  }
  if (expected.length !== actual.length)
    return [`${signal.id}: ${expected.length} steps became ${actual.length}`];
  return expected.flatMap(({ start, value }, index) => {
    const other = actual[index];
    return other?.start === start && isSame(value, other.value, isExactIn(signal))
      ? []
      : [`${signal.id} at ${new Date(start).toISOString()}: ${String(value)} became ${String(other?.value)}`];
  });
}

/** Counts and sums of integers are exact in every back end, and so is one division of two of them. */
function isExactIn(signal: Signal): boolean {
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

function isSame(expected: number | null, actual: number | null, isExact: boolean): boolean {
  if (expected === null || actual === null || isExact) return expected === actual;
  return Math.abs(expected - actual) <= RELATIVE_TOLERANCE * Math.max(Math.abs(expected), Math.abs(actual));
}
