// How a value of a rule reads: the unit of its signal, told to people.

import { formatCost, formatCount, formatDuration, formatPercent, NO_DATA } from '../../core/text/format.ts';

export type ShownUnit = 'usd' | 'ratio' | 'times' | 'duration' | 'count';

/** A value in the unit of signals (nano-USD, 0–1, ms, a count) as text. */
export function formatValue(value: number | null, unit: ShownUnit): string {
  if (value === null) return NO_DATA;
  switch (unit) {
    case 'usd':
      return formatCost(value);
    case 'ratio':
      return formatPercent(value);
    case 'times':
      return `${formatTimes(value)} ×`;
    case 'duration':
      return formatDuration(value);
    case 'count':
      if (Number.isInteger(value)) return formatCount(value);
      // A mean score of 0.66 is not the limit of 0.7.
      return value.toFixed(Math.abs(value) < 10 ? 2 : 1);
  }
}

function formatTimes(value: number): string {
  return value >= 10 || Number.isInteger(value) ? String(Math.round(value)) : value.toFixed(1);
}
