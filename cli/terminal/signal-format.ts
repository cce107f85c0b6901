// Values of signals as people read them.

import {
  formatCost,
  formatCount,
  formatDuration,
  formatPercent,
  formatTokens,
  NO_DATA,
} from '../../core/text/format.ts';
import { NANO_USD_PER_USD } from '../../core/money.ts';
import type { SignalUnit } from '../../signals/signal.ts';

/** A value in its unit; no data is an en dash. */
export function formatSignalValue(value: number | null, unit: SignalUnit): string {
  if (value === null) return NO_DATA;
  switch (unit) {
    case 'nanoUsd':
      return formatCost(value);
    case 'usd':
      return formatCost(value * NANO_USD_PER_USD);
    case 'ms':
      return formatDuration(value);
    case 'ratio':
      return formatPercent(value);
    case 'factor':
      return `${value.toFixed(2)} ×`;
    case 'tokens':
      return `${formatTokens(value)} tokens`;
    case 'tokens/s':
      return `${value.toFixed(1)} tokens/s`;
    case 'chars':
      return `${formatCount(value)} chars`;
    case 'millionths':
      return (value / 1_000_000).toFixed(2);
    case '1':
      return Number.isInteger(value) ? formatCount(value) : value.toFixed(2);
  }
}
