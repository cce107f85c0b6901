// The text of the status line: one line, of what is known.

import { formatCost, formatDuration } from '../../core/text/format.ts';
import { NANO_USD_PER_USD } from '../../core/money.ts';
import type { StatusInput } from './status-input.ts';

/** What the data say of today and the block of five hours that goes on. */
export interface StatusNumbers {
  readonly today_nano_usd: number;
  /** End of the day that they are of. */
  readonly day_ends_at?: string;
  /** Whether all of it was used under a plan. */
  readonly is_list_value?: boolean;
  readonly block: {
    readonly ends_at: string;
    readonly cost_nano_usd: number;
    readonly nano_usd_per_hour: number | null;
  } | null;
}

export interface StatusLook {
  /** Under a plan money is list value, which nobody pays. Undefined: by what is known of the calls. */
  readonly onPlan: boolean | undefined;
  readonly nowMs: number;
}

export function statusText(
  input: StatusInput,
  numbers: StatusNumbers | undefined,
  { onPlan, nowMs }: StatusLook,
): string {
  const money: string[] = [];
  if (input.sessionUsd !== undefined)
    money.push(`session ${formatCost(Math.round(input.sessionUsd * NANO_USD_PER_USD))}`);
  if (numbers !== undefined) {
    money.push(`today ${formatCost(numbers.today_nano_usd)}`);
    const leftMs = numbers.block === null ? 0 : Date.parse(numbers.block.ends_at) - nowMs;
    if (numbers.block !== null && leftMs > 0) {
      money.push(`block ${formatCost(numbers.block.cost_nano_usd)} (${formatDuration(leftMs)} left)`);
      if (typeof numbers.block.nano_usd_per_hour === 'number')
        money.push(`${formatCost(numbers.block.nano_usd_per_hour)}/h`);
    }
  }
  const hasLimits = input.fiveHourPercent !== undefined || input.weekPercent !== undefined;
  const isPlan = onPlan ?? (hasLimits || numbers?.is_list_value === true);
  if (isPlan && money[0] !== undefined) money[0] = `list value: ${money[0]}`;
  const parts = [
    input.model,
    ...money,
    percentText('context', input.contextPercent),
    percentText('5 h limit', input.fiveHourPercent),
    percentText('week limit', input.weekPercent),
  ];
  return parts.filter((part) => part !== undefined).join(' · ') || 'tallyspan';
}

function percentText(name: string, percent: number | undefined): string | undefined {
  return percent === undefined ? undefined : `${name} ${String(Math.round(percent))} %`;
}
