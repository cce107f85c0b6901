// The trend: how a number of one row went over the window, as a small line drawn by the server. What it
// shows is said in words, too: the latest value, and the greatest with its time.

import type { VNode } from 'preact';
import { NO_DATA } from '../../../core/text/format.ts';
import type { SignalPoint } from '../../../signals/result.ts';

const WIDTH = 110;
const HEIGHT = 24;
const MARGIN = 3;

export interface TrendProps {
  /** What is shown, such as `Cost by day`. */
  readonly name: string;
  readonly points: readonly SignalPoint[] | undefined;
  readonly format: (value: number | null) => string;
  readonly formatTime: (atMs: number) => string;
}

/** Where nothing happened the line is at the bottom. */
export function Trend({ name, points = [], format, formatTime }: TrendProps): VNode {
  const known = points.filter((point) => point.value !== null);
  const latest = known.at(-1);
  if (latest === undefined) return <span>{NO_DATA}</span>;
  const most = known.reduce((best, point) => ((point.value ?? 0) > (best.value ?? 0) ? point : best), latest);
  const top = Math.max(most.value ?? 0, Number.MIN_VALUE);
  const step = (WIDTH - 2 * MARGIN) / Math.max(1, points.length - 1);
  const x = (index: number): number => round(MARGIN + index * step);
  const y = (value: number): number =>
    round(HEIGHT - MARGIN - (Math.max(0, value) / top) * (HEIGHT - 2 * MARGIN));
  const place = (point: SignalPoint, index: number): string => `${x(index)},${y(point.value ?? 0)}`;
  const label = `${name}: latest ${format(latest.value)} (${formatTime(latest.start)}), most ${format(most.value)} (${formatTime(most.start)})`;
  const last = points.indexOf(latest);
  const places = points.map(place);
  return (
    <svg class="trend" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img">
      <title>{label}</title>
      <path
        class="area"
        d={`M${x(0)},${HEIGHT - MARGIN} L${places.join(' L')} L${x(points.length - 1)},${HEIGHT - MARGIN} Z`}
      />
      <polyline class="line" points={places.join(' ')} />
      <circle class="end" cx={x(last)} cy={y(latest.value ?? 0)} r="2.2" />
    </svg>
  );
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
