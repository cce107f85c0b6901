// Time series: how a number moves over the range, as lines or as stacked bars.

import {
  GraphDrawStyle,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import { ThresholdsConfigBuilder, ThresholdsMode } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import { NO_DATA } from '../../core/format.ts';
import { signalOf } from '../../signals/catalogue/index.ts';
import { thresholdsOf } from '../threshold.ts';
import { describeSignals, tileOf, type Size, type Tile } from '../tile.ts';
import { displayOf } from '../unit.ts';
import { askOf, signalTargets, type Ask } from './signal-target.ts';

/** Points across a panel: enough to see a spike, few enough to hold several events each. */
const POINTS = 100;

export interface TimeSeriesOptions extends Size {
  readonly key: string;
  readonly title: string;
  readonly style?: 'lines' | 'bars';
  readonly note?: string;
}

/** A time series of signals in one unit. */
export function timeSeriesTile(asked: readonly (string | Ask)[], options: TimeSeriesOptions): Tile {
  const asks = asked.map((one) => {
    const ask = askOf(one);
    return { name: signalOf(ask.signal).title, ...ask };
  });
  const first = asks[0];
  if (first === undefined) throw new Error('a time series shows a signal');
  const signal = signalOf(first.signal);
  const { unit, decimals } = displayOf(signal.unit);
  const thresholds = thresholdsOf(signal, first.by);
  const isBars = options.style === 'bars';
  const builder = new PanelBuilder()
    .unit(unit)
    .noValue(NO_DATA)
    .interval('1m')
    .maxDataPoints(POINTS)
    .thresholds(new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(thresholds))
    .thresholdsStyle(
      new GraphThresholdsStyleConfigBuilder().mode(
        thresholds.length > 1 ? GraphThresholdsStyleMode.Dashed : GraphThresholdsStyleMode.Off,
      ),
    )
    .drawStyle(isBars ? GraphDrawStyle.Bars : GraphDrawStyle.Line)
    .stacking(new StackingConfigBuilder().mode(isBars ? StackingMode.Normal : StackingMode.None))
    .fillOpacity(isBars ? 70 : 8)
    .lineWidth(1)
    .showPoints(VisibilityMode.Auto)
    .axisSoftMin(0)
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(asks.length > 1 || (first.by?.length ?? 0) > 0)
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .calcs([]),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending));
  if (decimals !== undefined) builder.decimals(decimals);
  return tileOf(
    {
      key: options.key,
      title: options.title,
      description: describeSignals(asks, options.note),
    },
    options,
    builder.build(),
    signalTargets(asks, 'steps'),
  );
}
