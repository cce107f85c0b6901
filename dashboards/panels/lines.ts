// Lines: events, or what a server logs, as they are stored.

import { LogsDedupStrategy, LogsSortOrder } from '@grafana/grafana-foundation-sdk/common';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/logs';
import type { PanelSource } from '../source.ts';
import { lokiTarget, tileOf, type Size, type Tile, type TileText } from '../tile.ts';

/** Most lines that a panel holds. */
const MOST_LINES = 1000;

/** Lines of a log query, oldest first. */
export function linesTile(text: TileText, size: Size, source: PanelSource, expr: string): Tile {
  const built = new PanelBuilder()
    .showTime(true)
    .showLabels(false)
    .showCommonLabels(false)
    .wrapLogMessage(true)
    .prettifyLogMessage(false)
    .enableLogDetails(true)
    .dedupStrategy(LogsDedupStrategy.None)
    .sortOrder(LogsSortOrder.Ascending)
    .build();
  const target = lokiTarget(source, expr, 'range', '');
  Object.assign(target.query, { maxLines: MOST_LINES });
  return tileOf(text, size, built, [target]);
}
