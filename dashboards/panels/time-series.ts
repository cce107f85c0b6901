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
import { FieldColorBuilder, FieldColorModeId } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import { NO_DATA } from '../../core/text/format.ts';
import { signalOf } from '../../signals/catalogue/index.ts';
import { thresholdsOf } from '../threshold.ts';
import { describeSignals, tileOf, type Size, type Tile } from '../tile.ts';
import { displayOfSignal } from '../unit.ts';
import { NEUTRAL, thresholdsConfig } from './looks.ts';
import { askOf, signalTargets, type Ask } from './signal-target.ts';

/** Points across a panel: enough to see a spike, few enough to hold several events each. */
const POINTS = 100;
/** A share of one call is 0 or 1: fewer points hold more calls each. */
const SHARE_POINTS = 48;
/** From this width on a legend stands beside the chart. */
const WIDE = 12;
/** What a legend tells of each line. */
export const LEGEND_NUMBERS = ['lastNotNull', 'max'];

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
  const { unit, decimals } = displayOfSignal(signal);
  const thresholds = thresholdsOf(signal, first.by);
  const isBars = options.style === 'bars';
  const isShare = signal.unit === 'ratio';
  const isGrouped = (first.by?.length ?? 0) > 0;
  const hasLegend = asks.length > 1 || isGrouped;
  const builder = new PanelBuilder()
    .unit(unit)
    .noValue(NO_DATA)
    .interval('1m')
    .maxDataPoints(isShare ? SHARE_POINTS : POINTS)
    .thresholds(thresholdsConfig(thresholds))
    .thresholdsStyle(
      new GraphThresholdsStyleConfigBuilder().mode(
        thresholds.length > 1 ? GraphThresholdsStyleMode.Area : GraphThresholdsStyleMode.Off,
      ),
    )
    .drawStyle(isBars ? GraphDrawStyle.Bars : GraphDrawStyle.Line)
    .stacking(new StackingConfigBuilder().mode(isBars ? StackingMode.Normal : StackingMode.None))
    .fillOpacity(isBars ? 70 : 8)
    .lineWidth(1)
    .showPoints(VisibilityMode.Auto)
    // A stretch without events is no end of a line.
    .spanNulls(true)
    .axisSoftMin(0)
    .colorScheme(colours(isGrouped, hasLegend))
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(hasLegend)
        .displayMode(LegendDisplayMode.Table)
        // Beside a narrow chart the legend would leave nothing of it.
        .placement(options.width < WIDE ? LegendPlacement.Bottom : LegendPlacement.Right)
        .calcs(isBars ? [...LEGEND_NUMBERS, 'sum'] : LEGEND_NUMBERS),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending));
  if (decimals !== undefined) builder.decimals(decimals);
  if (isShare) builder.min(0).max(1);
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

/** Of groups a colour by name, the same on every panel; of one number the neutral one. */
function colours(isGrouped: boolean, hasLegend: boolean): FieldColorBuilder {
  if (isGrouped) return new FieldColorBuilder().mode(FieldColorModeId.PaletteClassicByName);
  return hasLegend
    ? new FieldColorBuilder().mode(FieldColorModeId.PaletteClassic)
    : new FieldColorBuilder().mode(FieldColorModeId.Fixed).fixedColor(NEUTRAL);
}
