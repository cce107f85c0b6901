// Tables: one row per group with several numbers, or one row per event.

import { TableCellHeight } from '@grafana/grafana-foundation-sdk/common';
import type {
  DataTransformerConfig,
  DynamicConfigValue,
  Panel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/table';
import type { Dimension } from '../../core/schema.ts';
import { NO_DATA } from '../../core/text/format.ts';
import { signalOf } from '../../signals/catalogue/index.ts';
import { labelOf } from '../../signals/to-logql.ts';
import { columnLabelOf, FROM_LABEL, listQueryOf, TO_LABEL } from '../list-query.ts';
import type { ListSource } from '../source.ts';
import {
  describeSignals,
  lokiTarget,
  tileOf,
  valueFieldOf,
  withTitles,
  type Size,
  type Tile,
} from '../tile.ts';
import { mergeStep, numberStep, organizeStep, sortStep, TIME_FIELD } from './shape.ts';
import { signalTargets, type Ask } from './signal-target.ts';
import { columnSettings, groupSettings, headOf, LEAST_WIDTH, measureSettings } from './table-columns.ts';

/** A number of a table with its head. */
export type TableMeasure = Ask & { readonly name: string };

export interface GroupTableOptions extends Size {
  readonly key: string;
  readonly title: string;
  readonly by: readonly Dimension[];
  readonly measures: readonly TableMeasure[];
  /** Only this many groups, by the first measure. */
  readonly top?: number;
  readonly note?: string;
}

/** Narrow enough that three numbers fit beside a name in a third of the board. */
const MEASURE_WIDTH = 95;

/** One row per group; the first measure decides the order. */
export function groupTableTile(options: GroupTableOptions): Tile {
  const { by, measures, top } = options;
  const [first] = measures;
  if (first === undefined) throw new Error('a table shows a signal');
  const rank = { signal: first.signal, ...(first.period === undefined ? {} : { period: first.period }) };
  const asks = measures.map((measure, index) => ({
    ...measure,
    by,
    ...(top === undefined ? {} : { top }),
    ...(top === undefined || index === 0 ? {} : { rankedBy: rank }),
  }));
  const names = Object.fromEntries([
    ...by.map((dimension) => [labelOf(dimension), headOf(dimension)]),
    ...measures.map(({ name }, index) => [valueFieldOf(index), name]),
  ]) as Record<string, string>;
  const panel = tablePanel([
    ...(measures.length > 1 ? [mergeStep()] : []),
    sortStep(valueFieldOf(0), 'descending'),
    organizeStep(Object.keys(names), names, [TIME_FIELD]),
  ]);
  for (const measure of asks) override(panel, measure.name, measureSettings(measure, MEASURE_WIDTH));
  for (const dimension of by) override(panel, headOf(dimension), groupSettings(dimension));
  return tileOf(
    {
      key: options.key,
      title: options.title,
      description: describeSignals(measures, options.note),
    },
    options,
    panel,
    signalTargets(asks, 'range'),
  );
}

/** One row per event. */
export function listTile(
  text: { readonly key: string; readonly title: string; readonly description: string },
  size: Size,
  source: Omit<ListSource, 'kind'>,
  whenEmpty: string = NO_DATA,
): Tile {
  const list: ListSource = { kind: 'list', ...source };
  const { columns } = list;
  const titles = Object.fromEntries(columns.map((column) => [columnLabelOf(column), column.title]));
  const panel = tablePanel(
    [
      numberStep(columns.filter(({ unit }) => unit !== undefined).map(columnLabelOf)),
      sortStep(valueFieldOf(0), list.order === 'greatest' ? 'descending' : 'ascending'),
      organizeStep(columns.map(columnLabelOf), titles, [TIME_FIELD, valueFieldOf(0)]),
    ],
    whenEmpty,
  );
  for (const column of columns) override(panel, column.title, columnSettings(column));
  for (const hidden of [FROM_LABEL, TO_LABEL]) {
    override(panel, hidden, [
      { id: 'custom.hidden', value: true },
      { id: 'custom.hideFrom', value: { viz: true, legend: true, tooltip: true } },
    ]);
  }
  return tileOf(text, size, panel, [lokiTarget(list, listQueryOf(list), 'instant', '')]);
}

/** Pixels of the grid's unit of height, of the heads of a panel and of its columns, and of a row. */
const UNIT_HEIGHT = 38;
const HEADS_HEIGHT = 81;
const ROW_HEIGHT = 36;

/** Rows that a table of this height shows without being scrolled. */
export function rowsOf({ height }: Size): number {
  return Math.floor((height * UNIT_HEIGHT - HEADS_HEIGHT) / ROW_HEIGHT);
}

/** Description of a list: what it shows, and the advice of the signal that it explains. */
export function describeList(what: string, signalId: string): string {
  const signal = signalOf(signalId);
  return `${what}\n\n**A bad value:** ${withTitles(signal.bad)}\n\n**What to do:** ${withTitles(signal.action)}`;
}

/** A table with its transformations, and a sentence in place of rows where there are none. */
export function tablePanel(transformations: DataTransformerConfig[], whenEmpty: string = NO_DATA): Panel {
  return plainTable(
    new PanelBuilder()
      .filterable(false)
      .minWidth(LEAST_WIDTH)
      .noValue(whenEmpty)
      .transformations(transformations),
  );
}

/** A table panel without the footer that the builder writes where Grafana's schema has none. */
export function plainTable(builder: PanelBuilder): Panel {
  const panel = builder.showHeader(true).cellHeight(TableCellHeight.Sm).build();
  const { footer: _, ...options } = panel.options as Record<string, unknown>;
  return { ...panel, options };
}

/** Settings of the column with this name. */
export function override(panel: Panel, name: string, properties: DynamicConfigValue[]): void {
  if (properties.length === 0) return;
  panel.fieldConfig?.overrides.push({ matcher: { id: 'byName', options: name }, properties });
}
