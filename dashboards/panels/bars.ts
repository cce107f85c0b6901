// Bars: one value per group, the longest first; or one per calendar day.

import {
  BarGaugeDisplayMode,
  BarGaugeValueMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizOrientation,
} from '@grafana/grafana-foundation-sdk/common';
import { PanelBuilder as BarChartBuilder } from '@grafana/grafana-foundation-sdk/barchart';
import { PanelBuilder as BarGaugeBuilder } from '@grafana/grafana-foundation-sdk/bargauge';
import { ThresholdsConfigBuilder, ThresholdsMode } from '@grafana/grafana-foundation-sdk/dashboard';
import { NO_DATA } from '../../core/format.ts';
import { signalOf } from '../../signals/catalogue/index.ts';
import { DAY_LABEL } from '../../signals/to-logql.ts';
import { DAYS } from '../source.ts';
import { thresholdsOf } from '../threshold.ts';
import { describeSignals, tileOf, UP_TO_NOW, type Size, type Tile } from '../tile.ts';
import { displayOf } from '../unit.ts';
import { shapeSteps } from './table.ts';
import { measureTargets, signalTargets, type Ask } from './signal-target.ts';

export interface BarsOptions extends Size {
  readonly key: string;
  readonly title: string;
  readonly note?: string;
}

/** Groups that a list of bars holds. */
const MOST_BARS = 12;

/** One bar per group. */
export function groupBarsTile(ask: Ask, options: BarsOptions): Tile {
  const signal = signalOf(ask.signal);
  const { unit, decimals } = displayOf(signal.unit);
  const builder = new BarGaugeBuilder()
    .unit(unit)
    .noValue(NO_DATA)
    .min(0)
    .thresholds(
      new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(thresholdsOf(signal, ask.by)),
    )
    .orientation(VizOrientation.Horizontal)
    .displayMode(BarGaugeDisplayMode.Basic)
    .valueMode(BarGaugeValueMode.Color)
    .showUnfilled(false)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false).fields(''));
  if (decimals !== undefined) builder.decimals(decimals);
  if (signal.window.kind !== 'range') builder.timeFrom(UP_TO_NOW).hideTimeOverride(true);
  return tileOf(
    { key: options.key, title: options.title, description: describeSignals([ask], options.note) },
    options,
    builder.build(),
    signalTargets([{ top: MOST_BARS, isSorted: true, ...ask }], 'range'),
  );
}

/** One bar per calendar day in the zone of the board, whatever time the board shows. */
export function dayBarsTile(id: string, options: BarsOptions): Tile {
  const signal = signalOf(id);
  const { unit, decimals } = displayOf(signal.unit);
  const builder = new BarChartBuilder()
    .unit(unit)
    .noValue(NO_DATA)
    .timeFrom(UP_TO_NOW)
    .hideTimeOverride(true)
    .orientation(VizOrientation.Vertical)
    .xField(DAY_LABEL)
    .xTickLabelRotation(-45)
    .showValue(VisibilityMode.Never)
    .fillOpacity(80)
    .thresholds(new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(thresholdsOf(signal)))
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(false)
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .calcs([]),
    )
    .transformations([
      ...shapeSteps(),
      { id: 'organize', options: { excludeByName: { Time: true }, indexByName: {}, renameByName: {} } },
      { id: 'sortBy', options: { fields: {}, sort: [{ field: DAY_LABEL }] } },
    ]);
  if (decimals !== undefined) builder.decimals(decimals);
  const note = `Calendar days in the zone that the board names (“Days in”), the last ${DAYS}; the day so far is the last bar.`;
  return tileOf(
    {
      key: options.key,
      title: options.title,
      description: describeSignals(
        [{ signal: id }],
        options.note === undefined ? note : `${note} ${options.note}`,
      ),
    },
    options,
    builder.build(),
    measureTargets([{ signal: id, name: signal.title }], 'days'),
  );
}
