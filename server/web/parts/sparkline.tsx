// The sparkline: one bar per hour, drawn by the server, each a link to the runs behind it.

import type { VNode } from 'preact';
import { formatCost } from '../../../core/format.ts';
import { HOUR_MS } from '../../../core/time.ts';
import type { SignalPoint } from '../../../signals/result.ts';
import { linkTo } from './cells.tsx';
import { momentText } from './moment-text.ts';

const WIDTH = 960;
const HEIGHT = 96;
const GAP = 3;

export function CostSparkline(props: {
  points: readonly SignalPoint[];
  agent: string | undefined;
  timezone: string;
  now: number;
}): VNode {
  const { points, agent, timezone, now } = props;
  const most = Math.max(1, ...points.map((point) => point.value ?? 0));
  const slot = WIDTH / Math.max(1, points.length);
  const hour = (atMs: number): string => momentText(atMs, timezone, now).replace(/(\d\d:\d\d):\d\d$/, '$1');
  const span = (atMs: number): string => `${hour(atMs)}–${hour(atMs + HOUR_MS).slice(-5)}`;
  const peak = points.reduce<SignalPoint | undefined>(
    (best, point) => ((point.value ?? 0) > (best?.value ?? 0) ? point : best),
    undefined,
  );
  return (
    <div class="sparkbox">
      <svg
        class="spark"
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="group"
        aria-label="Cost by hour"
      >
        <line class="axis" x1="0" x2={WIDTH} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} />
        {points.map((point, index) => {
          const value = point.value ?? 0;
          const height = value === 0 ? 0 : Math.max(2, (value / most) * (HEIGHT - 6));
          const label = `${span(point.start)} ${formatCost(point.value)}`;
          return (
            <a
              key={point.start}
              href={linkTo('/runs', {
                since: new Date(point.start).toISOString(),
                until: new Date(point.start + HOUR_MS).toISOString(),
                agent,
                sort: 'most-expensive',
              })}
              aria-label={label}
            >
              <title>{label}</title>
              <rect class="hit" x={index * slot} y="0" width={slot} height={HEIGHT} />
              <rect
                class={point === peak ? 'bar peak' : 'bar'}
                x={index * slot + GAP / 2}
                y={HEIGHT - 1 - height}
                width={Math.max(1, slot - GAP)}
                height={height}
                rx="2"
              />
            </a>
          );
        })}
      </svg>
      <div class="sparklabels" aria-hidden="true">
        <span>{points[0] === undefined ? '' : hour(points[0].start)}</span>
        <span>{peak === undefined ? '' : `most: ${span(peak.start)} ${formatCost(peak.value)}`}</span>
        <span>now</span>
      </div>
    </div>
  );
}
