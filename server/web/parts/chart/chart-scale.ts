// Scales of a chart: round numbers for the axis of values, and the times that stand under the axis of time.

import { scaleLinear } from 'd3-scale';
import { HOUR_MS, localTimeAt, type Step } from '../../../../core/time/time.ts';

export interface ValueAxis {
  /** Values at the lines, ascending from 0. */
  readonly ticks: readonly number[];
  /** From 0 at the bottom to 1 at the top. */
  readonly heightOf: (value: number) => number;
}

const TICKS = 4;

/** An axis from 0 that holds the greatest value; ratios have no more than 1. */
export function valueAxis(greatest: number, isRatio = false): ValueAxis {
  // Nothing has no scale.
  if (greatest <= 0) return { ticks: [0], heightOf: () => 0 };
  const most = isRatio ? Math.min(1, Math.max(greatest, 0.01)) : greatest;
  const scale = scaleLinear().domain([0, most]).nice(TICKS);
  return { ticks: scale.ticks(TICKS), heightOf: (value) => Math.max(0, scale(value)) };
}

/** Amounts of an axis with as many decimals as the one that needs most of them, two at least. */
export function alignAmounts(labels: readonly string[]): readonly string[] {
  const parts = labels.map((label) => /^(\$[\d,]+)\.(\d+)$/.exec(label));
  if (parts.some((part) => part === null)) return labels;
  const needed = parts.map((part) => (part?.[2] ?? '').replace(/0+$/, '').length);
  const decimals = Math.max(2, ...needed);
  return parts.map(
    (part) => `${part?.[1] ?? ''}.${(part?.[2] ?? '').slice(0, decimals).padEnd(decimals, '0')}`,
  );
}

export interface TimeTick {
  /** Index of the step that it stands at. */
  readonly index: number;
  readonly text: string;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const MOST_LABELS = 7;

/** Labels of some steps, so many that they do not touch. */
export function timeTicks(starts: readonly number[], step: Step, timezone: string): readonly TimeTick[] {
  const every = Math.max(1, Math.ceil(starts.length / MOST_LABELS));
  return starts.flatMap((start, index) =>
    index % every === 0 ? [{ index, text: stepText(start, step, timezone) }] : [],
  );
}

/** `14:00`, or at midnight and of days `28 Nov`. */
function stepText(start: number, step: Step, timezone: string): string {
  const local = localTimeAt(start, timezone);
  const time = local.slice(11, 16);
  return step === 'hour' && time !== '00:00' ? time : dateText(local);
}

/** What a step is called where it stands by itself: `28 Nov 14:00–15:00`, `28 Nov`, today with a remark. */
export function timeStepName(start: number, step: Step, timezone: string, now: number, end: number): string {
  const date = dateText(localTimeAt(start, timezone));
  const isGoingOn = end > now ? ' so far' : '';
  if (step === 'day') return date + isGoingOn;
  const clock = (atMs: number): string => localTimeAt(atMs, timezone).slice(11, 16);
  return `${date} ${clock(start)}–${clock(start + HOUR_MS)}${isGoingOn}`;
}

function dateText(local: string): string {
  return `${Number(local.slice(8, 10))} ${MONTHS[Number(local.slice(5, 7)) - 1]}`;
}
