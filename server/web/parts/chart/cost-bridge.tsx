// A bridge (waterfall chart) from one cost to another: each bar begins where the one before it ended, up where the cost was
// raised, down where it was lowered. Drawn by the server; every bar is labelled with its amount.

import type { VNode } from 'preact';
import { formatCost, formatCostChange } from '../../../../core/text/format.ts';
import { visibleText } from '../cells.tsx';
import { valueAxis } from './chart-scale.ts';

export interface BridgeStep {
  readonly name: string;
  readonly nanoUsd: number;
}

export interface CostBridgeProps {
  readonly label: string;
  readonly from: BridgeStep;
  readonly steps: readonly BridgeStep[];
  readonly to: BridgeStep;
}

const ROW = 30;
const NAME_SHARE = 0.34;
const AMOUNT_SHARE = 0.14;
const LONGEST_NAME = 46;

/** Rows and not columns: names of causes are long. */
export function CostBridge({ label, from, steps, to }: CostBridgeProps): VNode {
  const ends: number[] = [];
  let at = from.nanoUsd;
  for (const { nanoUsd } of steps) ends.push((at += nanoUsd));
  const axis = valueAxis(Math.max(from.nanoUsd, to.nanoUsd, ...ends, 0));
  const x = (nanoUsd: number): number =>
    NAME_SHARE + (1 - NAME_SHARE - AMOUNT_SHARE) * axis.heightOf(nanoUsd);
  const rows = [
    { ...from, low: 0, high: from.nanoUsd, look: 'whole' },
    ...steps.map((step, index) => {
      const before = ends[index - 1] ?? from.nanoUsd;
      const after = ends[index] ?? before;
      return {
        ...step,
        low: Math.min(before, after),
        high: Math.max(before, after),
        look: step.nanoUsd > 0 ? 'raised' : 'lowered',
      };
    }),
    { ...to, low: 0, high: to.nanoUsd, look: 'whole' },
  ];
  return (
    <svg class="bridge" width="100%" height={rows.length * ROW} role="img" aria-label={label}>
      {rows.map(({ name, nanoUsd, low, high, look }, index) => (
        <g key={index} class={look}>
          <title>{`${name}: ${amountOf(nanoUsd, look)}`}</title>
          <rect
            x={percent(x(low))}
            y={index * ROW + 6}
            width={percent(Math.max(0.002, x(high) - x(low)))}
            height={ROW - 12}
            rx="2"
          />
          <text x="0" y={index * ROW + 20}>
            {shortened(visibleText(name))}
          </text>
          <text class="amount" x="100%" y={index * ROW + 20} text-anchor="end">
            {amountOf(nanoUsd, look)}
          </text>
        </g>
      ))}
    </svg>
  );
}

function amountOf(nanoUsd: number, look: string): string {
  return look === 'whole' ? formatCost(nanoUsd) : formatCostChange(nanoUsd);
}

function shortened(name: string): string {
  return name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME - 1)}…` : name;
}

function percent(share: number): string {
  return `${Math.round(share * 10_000) / 100}%`;
}
