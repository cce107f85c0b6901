// The waterfall: when a step ran within the stretch of its run that is looked at, as one bar per row.

import type { VNode } from 'preact';
import type { RunStretch } from './time-line.tsx';

const WIDTH = 400;
const HEIGHT = 18;
const NARROWEST = 3;

export interface BarProps {
  readonly look: 'model' | 'tool' | 'note' | 'run' | 'bad';
  /** Milliseconds from the start of the run. */
  readonly offsetMs: number;
  readonly durationMs: number;
  readonly ttftMs?: number | undefined;
  readonly isCritical?: boolean;
  readonly stretch: RunStretch;
}

export function Waterfall({ look, offsetMs, durationMs, ttftMs, isCritical, stretch }: BarProps): VNode {
  const scale = WIDTH / (stretch.toMs - stretch.fromMs);
  const from = Math.max(0, (offsetMs - stretch.fromMs) * scale);
  const x = Math.min(WIDTH - NARROWEST, from);
  const end = Math.min(WIDTH, (offsetMs + durationMs - stretch.fromMs) * scale);
  const width = Math.max(NARROWEST, end - x);
  return (
    <svg class="fall" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      <rect class="track" width={WIDTH} height={HEIGHT} rx="3" />
      <rect class={look} x={x} y="3" width={width} height={HEIGHT - 6} rx="2" />
      {ttftMs !== undefined && durationMs > 0 && (
        <rect class="ttft" x={x} y="3" width={Math.min(width, ttftMs * scale)} height={HEIGHT - 6} rx="2" />
      )}
      {isCritical === true && <rect class="critical" x={x} y={HEIGHT - 2} width={width} height="2" />}
    </svg>
  );
}
