// Display units: how Grafana writes the unit of a signal, and by what a value is divided first.

import { NANO_USD_PER_USD } from '../core/money.ts';
import { isCount, type Signal, type SignalUnit } from '../signals/signal.ts';

export interface DisplayUnit {
  /** Id of a unit of Grafana, or `suffix:…`. */
  readonly unit: string;
  /** What the value of the signal is divided by within the query. */
  readonly divideBy: number;
  readonly decimals?: number;
}

const DISPLAY_UNITS: Readonly<Record<SignalUnit, DisplayUnit>> = {
  ms: { unit: 'ms', divideBy: 1 },
  nanoUsd: { unit: 'currencyUSD', divideBy: NANO_USD_PER_USD },
  usd: { unit: 'currencyUSD', divideBy: 1 },
  tokens: { unit: 'short', divideBy: 1 },
  chars: { unit: 'short', divideBy: 1 },
  millionths: { unit: 'short', divideBy: 1_000_000 },
  '1': { unit: 'locale', divideBy: 1 },
  ratio: { unit: 'percentunit', divideBy: 1, decimals: 1 },
  // Two decimals: at the beginning of a day the factor is far below 1.
  factor: { unit: 'suffix: ×', divideBy: 1, decimals: 2 },
  'tokens/s': { unit: 'suffix: tokens/s', divideBy: 1, decimals: 0 },
};

/** How values of this unit are shown. */
export function displayOf(unit: SignalUnit): DisplayUnit {
  return DISPLAY_UNITS[unit];
}

/** How values of this signal are shown: a count is whole, a mean of counts is not. */
export function displayOfSignal({ unit, value }: Signal): DisplayUnit {
  const display = displayOf(unit);
  if (unit !== '1') return display;
  const isWhole =
    isCount(value) || (value.kind === 'fold' && ['sum', 'max'].includes(value.aggregate as string));
  return { ...display, decimals: isWhole ? 0 : 1 };
}
