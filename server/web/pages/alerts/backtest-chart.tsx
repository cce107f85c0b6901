// The picture of a backtest: the value at each check, the limit across, and when the rule would have fired.

import type { VNode } from 'preact';
import { settingInSignalUnit, type Rule } from '../../../../alerts/rules/rule.ts';
import { defaultSettings } from '../../../../alerts/rules/setting.ts';
import { formatValue } from '../../../../alerts/rules/value-format.ts';
import type { Backtest } from '../../../alerting/backtest.ts';
import { valueAxis } from '../../parts/chart/chart-scale.ts';
import { momentText } from '../../../../core/text/moment-text.ts';

const HEIGHT = 160;
const TOP = 10;
const BOTTOM = 22;
const PLOT = HEIGHT - TOP - BOTTOM;
const DAY_TICKS = [0, 10, 20];
const DAYS = 30;

export function BacktestChart(props: { rule: Rule; backtest: Backtest; timezone: string }): VNode | null {
  const { rule, backtest, timezone } = props;
  const { values, from, to, firings } = backtest;
  if (backtest.withData === 0) return null;
  const limit = settingInSignalUnit(rule.threshold, defaultSettings());
  const axis = valueAxis(Math.max(limit, ...values.map(({ value }) => value ?? 0)), rule.unit === 'ratio');
  const span = Math.max(1, to - from);
  const x = (atMs: number): number => Math.round(((atMs - from) / span) * 10_000) / 10;
  const y = (value: number): number => Math.round((TOP + PLOT * (1 - axis.heightOf(value))) * 100) / 100;
  const text = firings.length === 0 ? 'it never fires' : `it fires ${firings.length} times`;
  return (
    <div class="chart">
      <svg class="y" width="56" height={HEIGHT} aria-hidden="true">
        {axis.ticks.map((tick) => (
          <text key={tick} x="50" y={y(tick) + 4} text-anchor="end">
            {formatValue(tick, rule.unit)}
          </text>
        ))}
      </svg>
      <svg
        class="plot"
        height={HEIGHT}
        role="img"
        aria-label={`${rule.subject} in the last 30 days: ${text}`}
      >
        <svg width="100%" height={HEIGHT} viewBox={`0 0 1000 ${HEIGHT}`} preserveAspectRatio="none">
          {firings.map((firing) => (
            <rect
              key={`${firing.key} ${firing.from}`}
              class="fires"
              x={x(firing.from)}
              width={Math.max(2, x(firing.to ?? to) - x(firing.from))}
              y="0"
              height={HEIGHT - BOTTOM}
            />
          ))}
          {lines(values, x, y).map((points) => (
            <polyline key={points} class="line s0" points={points} />
          ))}
        </svg>
        <line class="limit" x1="0" x2="100%" y1={y(limit)} y2={y(limit)} />
        {DAY_TICKS.map((day) => (
          <text key={day} x={`${Math.round((day / DAYS) * 100)}%`} y={HEIGHT - 5}>
            {momentText(from + (day / DAYS) * span, timezone, to).replace(/ \d\d:\d\d$/, '')}
          </text>
        ))}
      </svg>
    </div>
  );
}

/** Stretches without a gap: no data is no line. */
function lines(
  values: Backtest['values'],
  x: (atMs: number) => number,
  y: (value: number) => number,
): readonly string[] {
  const found: string[][] = [[]];
  for (const { atMs, value } of values) {
    if (value === null) found.push([]);
    else found.at(-1)?.push(`${x(atMs)},${y(value)}`);
  }
  return found
    .filter((points) => points.length > 0)
    .map((points) => (points.length > 1 ? points.join(' ') : widened(points[0] ?? '')));
}

/** A single value between two without data would have no length. */
function widened(point: string): string {
  const [x = '0', y = '0'] = point.split(',');
  return `${point} ${Number(x) + 1.5},${y}`;
}
