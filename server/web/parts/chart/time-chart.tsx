// A chart over time, drawn by the server, so that it is the same picture without JavaScript: bars of a sum, stacked by a
// dimension, or a line of each number that is no sum. Each step leads to the runs behind it; the script of the pages shows its
// numbers when it is pointed at and lets a stretch be chosen by drawing over it. The same numbers stand in a table.

import type { VNode } from 'preact';
import { NO_DATA } from '../../../../core/text/format.ts';
import type { ChartData, ChartSeries } from '../../../queries/signals/read-chart.ts';
import { visibleText } from '../cells.tsx';
import { Scroll } from '../panel.tsx';
import { alignAmounts, timeStepName, timeTicks, valueAxis, type ValueAxis } from './chart-scale.ts';

export interface TimeChartProps {
  /** What it shows, for who does not see it. */
  readonly label: string;
  readonly data: ChartData;
  readonly format: (value: number | null) => string;
  /** What a series is called. */
  readonly nameOf?: (series: ChartSeries) => string;
  readonly look?: 'bars' | 'lines';
  readonly isRatio?: boolean;
  /** A line across, such as a limit. */
  readonly limit?: number | undefined;
  readonly timezone: string;
  readonly now: number;
  /** Where the runs of a step are; undefined where they have no page. */
  readonly hrefOf?: (from: number, to: number) => string;
}

const HEIGHT = 190;
const TOP = 10;
const BOTTOM = 22;
const PLOT = HEIGHT - TOP - BOTTOM;
/** Part of a step that its bar takes. */
const BAR_SHARE = 0.84;

export function TimeChart(props: TimeChartProps): VNode {
  const { data, label, format, look = 'bars', isRatio = false, limit } = props;
  const greatest = Math.max(
    0,
    limit ?? 0,
    ...(look === 'bars' ? data.totals : data.series.flatMap(({ values }) => values)).map(
      (value) => value ?? 0,
    ),
  );
  const axis = valueAxis(greatest, isRatio);
  const labels = alignAmounts(axis.ticks.map((tick) => format(tick)));
  return (
    <div class="chart" data-chart>
      <svg class="y" width="56" height={HEIGHT} aria-hidden="true">
        {axis.ticks.map((tick, index) => (
          <text key={tick} x="50" y={yOf(axis, tick) + 4} text-anchor="end">
            {labels[index]}
          </text>
        ))}
      </svg>
      <svg class="plot" height={HEIGHT} role="group" aria-label={label}>
        {axis.ticks.map((tick) => (
          <line key={tick} class="grid" x1="0" x2="100%" y1={yOf(axis, tick)} y2={yOf(axis, tick)} />
        ))}
        {look === 'lines' && <Lines data={data} axis={axis} />}
        <Steps {...props} axis={axis} />
        {limit !== undefined && (
          <line class="limit" x1="0" x2="100%" y1={yOf(axis, limit)} y2={yOf(axis, limit)} />
        )}
        {timeTicks(data.starts, data.step, props.timezone).map(({ index, text }) => (
          <text
            key={index}
            class="at"
            x={percent((index + 0.5) / data.starts.length)}
            y={HEIGHT - 5}
            text-anchor="middle"
          >
            {text}
          </text>
        ))}
      </svg>
      {data.series.length > 1 && <Legend {...props} />}
      <ChartTable {...props} />
    </div>
  );
}

function yOf(axis: ValueAxis, value: number): number {
  return round(TOP + PLOT * (1 - axis.heightOf(value)));
}

function Steps(props: TimeChartProps & { axis: ValueAxis }): VNode {
  const { data, axis, hrefOf } = props;
  const areBars = (props.look ?? 'bars') === 'bars';
  const width = 1 / Math.max(1, data.starts.length);
  return (
    <>
      {data.starts.map((start, index) => {
        const end = endOf(data, index);
        const tip = tipOf(props, index);
        const [title] = tip;
        const inside = (
          <>
            <rect class="hit" x={percent(index * width)} y="0" width={percent(width)} height={HEIGHT} />
            {areBars && <Bar data={data} axis={axis} index={index} width={width} />}
          </>
        );
        const look = end > props.now ? 'step unfinished' : 'step';
        const marks = { 'data-from': start, 'data-to': end, 'data-tip': tip.join('\n') };
        return hrefOf === undefined ? (
          <g key={start} class={look} {...marks}>
            {inside}
          </g>
        ) : (
          <a
            key={start}
            class={look}
            href={hrefOf(start, end)}
            tabIndex={-1}
            aria-label={`${title ?? ''}: ${props.format(data.totals[index] ?? null)}`}
            {...marks}
          >
            {inside}
          </a>
        );
      })}
    </>
  );
}

function endOf({ starts, end }: ChartData, index: number): number {
  return starts[index + 1] ?? end;
}

function Bar(props: { data: ChartData; axis: ValueAxis; index: number; width: number }): VNode {
  const { data, axis, index, width } = props;
  const x = percent((index + (1 - BAR_SHARE) / 2) * width);
  let below = 0;
  return (
    <>
      {data.series.map(({ values, isRest }, position) => {
        const value = values[index] ?? 0;
        if (value <= 0) return null;
        const bottom = yOf(axis, below);
        below += value;
        const top = yOf(axis, below);
        return (
          <rect
            key={position}
            class={`s${isRest ? 'rest' : position}`}
            x={x}
            y={top}
            width={percent(BAR_SHARE * width)}
            height={round(Math.max(1, bottom - top))}
          />
        );
      })}
    </>
  );
}

/** Lines are in a picture of their own, that is stretched to the width. */
function Lines({ data, axis }: { data: ChartData; axis: ValueAxis }): VNode {
  const count = Math.max(1, data.starts.length);
  return (
    <svg
      x="0"
      y="0"
      width="100%"
      height={HEIGHT}
      viewBox={`0 0 ${count} ${HEIGHT}`}
      preserveAspectRatio="none"
    >
      {data.series.map(({ values, isRest }, position) =>
        pieces(values).map((piece) => {
          const look = `line s${isRest ? 'rest' : position}`;
          const at = piece.map(({ index, value }) => `${index + 0.5},${yOf(axis, value)}`);
          // A single value between two without data would have no length.
          const [only] = piece;
          const points =
            piece.length === 1 && only !== undefined
              ? `${only.index + 0.3},${yOf(axis, only.value)} ${only.index + 0.7},${yOf(axis, only.value)}`
              : at.join(' ');
          return <polyline key={`${position} ${at[0] ?? ''}`} class={look} points={points} />;
        }),
      )}
    </svg>
  );
}

/** Stretches without a gap: no data is no line. */
function pieces(values: readonly (number | null)[]): { index: number; value: number }[][] {
  const found: { index: number; value: number }[][] = [];
  values.forEach((value, index) => {
    if (value === null) return;
    const last = found.at(-1);
    if (last !== undefined && last.at(-1)?.index === index - 1) last.push({ index, value });
    else found.push([{ index, value }]);
  });
  return found;
}

function Legend({ data, nameOf = defaultName }: TimeChartProps): VNode {
  return (
    <div class="legend chart-legend">
      {data.series.map((series, position) => (
        <span key={position}>
          <i class={`swatch s${series.isRest ? 'rest' : position}`} />{' '}
          <bdi>{visibleText(nameOf(series))}</bdi>
        </span>
      ))}
    </div>
  );
}

function defaultName({ name, isRest }: ChartSeries): string {
  return isRest ? 'all others' : (name ?? 'not given');
}

/** Lines of what is shown of a step when it is pointed at: the step, the whole, its series. */
function tipOf(props: TimeChartProps, index: number): string[] {
  const { data, format, timezone, now, nameOf = defaultName } = props;
  const start = data.starts[index] ?? 0;
  const name = timeStepName(start, data.step, timezone, now, endOf(data, index));
  if (data.series.length === 1) return [name, format(data.series[0]?.values[index] ?? null)];
  const series = data.series.flatMap((one) => {
    const value = one.values[index] ?? null;
    return value === null ? [] : [`${nameOf(one)}\t${format(value)}`];
  });
  return props.look === 'lines'
    ? [name, ...series]
    : [name, `Total\t${format(data.totals[index] ?? null)}`, ...series];
}

/** For who does not see the picture, and for who wants the numbers. */
function ChartTable(props: TimeChartProps): VNode {
  const { data, label, format, timezone, now, hrefOf, nameOf = defaultName } = props;
  const hasTotal = data.series.length > 1 && props.look !== 'lines';
  return (
    <details class="as-table">
      <summary>Numbers</summary>
      <Scroll label={`${label}: numbers`}>
        <table>
          <thead>
            <tr>
              <th scope="col">{data.step === 'day' ? 'Day' : 'Hour'}</th>
              {hasTotal && (
                <th scope="col" class="n">
                  Total
                </th>
              )}
              {data.series.map((series, position) => (
                <th key={position} scope="col" class="n">
                  {data.series.length === 1 ? label : visibleText(nameOf(series))}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {data.starts.map((start, index) => {
              const end = endOf(data, index);
              const name = timeStepName(start, data.step, timezone, now, end);
              return (
                <tr key={start} data-row={String(start)}>
                  <td>{hrefOf === undefined ? name : <a href={hrefOf(start, end)}>{name}</a>}</td>
                  {hasTotal && <td class="n">{format(data.totals[index] ?? null)}</td>}
                  {data.series.map(({ values }, position) => (
                    <td key={position} class="n">
                      {values[index] === null || values[index] === undefined
                        ? NO_DATA
                        : format(values[index])}
                    </td>
                  ))}
                </tr>
              );
            })}
          </tbody>
        </table>
      </Scroll>
    </details>
  );
}

function percent(share: number): string {
  return `${round(share * 100)}%`;
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
