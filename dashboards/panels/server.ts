// Panels about the servers of the stack themselves, from their own metrics (Prometheus).

import {
  GraphDrawStyle,
  LegendDisplayMode,
  LegendPlacement,
  TooltipDisplayMode,
  SortOrder,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StateTimelineBuilder } from '@grafana/grafana-foundation-sdk/statetimeline';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import { NO_DATA } from '../../core/text/format.ts';
import type { ServerSource } from '../source.ts';
import { tileOf, type Size, type Target, type Tile, type TileText } from '../tile.ts';
import { PROMETHEUS } from '../variables.ts';
import { LEGEND_NUMBERS } from './time-series.ts';
import { wordsMapping, type Word } from './looks.ts';

export interface ServerQuery {
  readonly server: ServerSource['server'];
  /** Metrics that the expression reads, as the server names them. */
  readonly metrics: readonly string[];
  readonly expr: string;
  readonly legend: string;
}

/** A time series of metrics of the servers. */
export function serverTile(text: TileText, size: Size, unit: string, queries: readonly ServerQuery[]): Tile {
  const builder = new PanelBuilder()
    .unit(unit)
    .noValue(NO_DATA)
    .interval('1m')
    .drawStyle(GraphDrawStyle.Line)
    .fillOpacity(8)
    .axisSoftMin(0)
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(LegendDisplayMode.Table)
        .placement(LegendPlacement.Bottom)
        .calcs(LEGEND_NUMBERS),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending));
  if (unit === 'percentunit') builder.min(0).max(1);
  return tileOf(text, size, builder.build(), queries.map(targetOf), PROMETHEUS);
}

/** Bars of what something is in, over time, in words. */
export function stateTile(
  text: TileText,
  size: Size,
  words: Readonly<Record<string, Word>>,
  query: ServerQuery,
): Tile {
  const built = new StateTimelineBuilder()
    .unit('none')
    .noValue(NO_DATA)
    .interval('1m')
    .mappings([wordsMapping(words)])
    .mergeValues(true)
    .showValue(VisibilityMode.Auto)
    .build();
  return tileOf(text, size, built, [targetOf(query)], PROMETHEUS);
}

function targetOf({ server, metrics, expr, legend }: ServerQuery): Target {
  return {
    source: { kind: 'server', server, metrics },
    query: new DataqueryBuilder().datasource(PROMETHEUS).expr(expr).range().legendFormat(legend).build(),
  };
}
