// Tables: one row per group with several numbers, or one row per event.

import { TableCellDisplayMode, TableCellHeight } from '@grafana/grafana-foundation-sdk/common';
import type {
  DashboardLink,
  DataTransformerConfig,
  DynamicConfigValue,
  Panel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/table';
import type { Dimension } from '../../core/schema.ts';
import { NO_DATA } from '../../core/format.ts';
import { signalOf } from '../../signals/catalogue/index.ts';
import { labelOf } from '../../signals/to-logql.ts';
import { narrowLink, runLink, traceLink } from '../links.ts';
import { columnLabelOf, FROM_LABEL, listQueryOf, TO_LABEL } from '../list-query.ts';
import type { Column, ListSource } from '../source.ts';
import { thresholdsOf } from '../threshold.ts';
import { describeSignals, lokiTarget, tileOf, withTitles, type Size, type Tile } from '../tile.ts';
import { displayOf } from '../unit.ts';
import { measureTargets, type Ask } from './signal-target.ts';

/** Names of dimensions as heads of columns. */
const HEADS: Partial<Readonly<Record<Dimension, string>>> = {
  agent: 'Agent',
  error: 'Error',
  model: 'Model',
  service: 'Service',
  session: 'Session',
  status: 'Status',
  step: 'Step',
  task: 'Task type',
  tool: 'Tool',
  user: 'User',
  version: 'Version',
};

export interface GroupTableOptions extends Size {
  readonly key: string;
  readonly title: string;
  readonly by: readonly Dimension[];
  readonly measures: readonly (Ask & { readonly name: string })[];
  /** Only this many groups, by the first measure. */
  readonly top?: number;
  readonly note?: string;
}

/** One row per group; the first measure decides the order. */
export function groupTableTile(options: GroupTableOptions): Tile {
  const { by, measures, top } = options;
  const [first] = measures;
  if (first === undefined) throw new Error('a table shows a signal');
  const asks = measures.map((measure, index) => ({
    ...measure,
    by,
    ...(top === undefined ? {} : { top }),
    ...(top === undefined || index === 0
      ? {}
      : {
          rankedBy: { signal: first.signal, ...(first.period === undefined ? {} : { period: first.period }) },
        }),
  }));
  const heads = Object.fromEntries(by.map((dimension) => [labelOf(dimension), headOf(dimension)]));
  const order = [...by.map(labelOf), ...measures.map(({ name }) => name)];
  const panel = tableOf([
    ...shapeSteps(),
    { id: 'sortBy', options: { fields: {}, sort: [{ field: first.name, desc: true }] } },
    organizeStep(order, heads, ['Time']),
  ]);
  for (const measure of measures) override(panel, measure.name, measureProperties(measure, by));
  for (const dimension of by) override(panel, headOf(dimension), groupLinks(dimension));
  return tileOf(
    {
      key: options.key,
      title: options.title,
      description: describeSignals(measures, options.note),
    },
    options,
    panel,
    measureTargets(asks, 'range'),
  );
}

/** One row per event. */
export function listTile(
  text: { readonly key: string; readonly title: string; readonly description: string },
  size: Size,
  source: Omit<ListSource, 'kind'>,
): Tile {
  const list: ListSource = { kind: 'list', ...source };
  const { columns } = list;
  const panel = tableOf([
    ...shapeSteps(),
    {
      id: 'convertFieldType',
      options: {
        fields: {},
        conversions: columns
          .filter(({ unit }) => unit !== undefined)
          .map((column) => ({ targetField: columnLabelOf(column), destinationType: 'number' })),
      },
    },
    { id: 'sortBy', options: { fields: {}, sort: [{ field: 'Value', desc: list.order === 'greatest' }] } },
    organizeStep(
      columns.map(columnLabelOf),
      Object.fromEntries(columns.map((column) => [columnLabelOf(column), column.title])),
      ['Time', 'Value'],
    ),
  ]);
  for (const column of columns) override(panel, column.title, columnProperties(column));
  for (const hidden of [FROM_LABEL, TO_LABEL]) {
    override(panel, hidden, [
      { id: 'custom.hidden', value: true },
      { id: 'custom.hideFrom', value: { viz: true, legend: true, tooltip: true } },
    ]);
  }
  return tileOf(text, size, panel, [lokiTarget(list, listQueryOf(list), 'instant', '')]);
}

/** Description of a list: what it shows, and the advice of the signal that it explains. */
export function describeList(what: string, signalId: string): string {
  const signal = signalOf(signalId);
  return `${what}\n\n**A bad value:** ${withTitles(signal.bad)}\n\n**What to do:** ${withTitles(signal.action)}`;
}

/** Head of the column of a dimension. */
export function headOf(dimension: Dimension): string {
  return HEADS[dimension] ?? dimension;
}

/** An empty table with its transformations. */
export function tableOf(transformations: DataTransformerConfig[]): Panel {
  return plainTable(new PanelBuilder().filterable(true).noValue(NO_DATA).transformations(transformations));
}

/** A table panel without the footer that the builder writes where Grafana's schema has none. */
export function plainTable(builder: PanelBuilder): Panel {
  const panel = builder.showHeader(true).cellHeight(TableCellHeight.Sm).build();
  const { footer: _, ...options } = panel.options as Record<string, unknown>;
  return { ...panel, options };
}

/** Series to rows: each label becomes a column, the value takes the name in `measure`, equal keys one row. */
export function shapeSteps(): DataTransformerConfig[] {
  return [
    { id: 'labelsToFields', options: { mode: 'columns', valueLabel: 'measure' } },
    { id: 'merge', options: {} },
  ];
}

/** Order, names and what is left out. */
export function organizeStep(
  order: readonly string[],
  names: Readonly<Record<string, string>>,
  without: readonly string[],
): DataTransformerConfig {
  return {
    id: 'organize',
    options: {
      excludeByName: Object.fromEntries(without.map((name) => [name, true])),
      indexByName: Object.fromEntries(order.map((name, index) => [name, index])),
      renameByName: names,
    },
  };
}

/** Properties of the column with this name. */
export function override(panel: Panel, name: string, properties: DynamicConfigValue[]): void {
  if (properties.length === 0) return;
  panel.fieldConfig?.overrides.push({ matcher: { id: 'byName', options: name }, properties });
}

function measureProperties(measure: Ask, by: readonly Dimension[]): DynamicConfigValue[] {
  const signal = signalOf(measure.signal);
  const { unit, decimals } = displayOf(signal.unit);
  const steps = measure.period === undefined ? thresholdsOf(signal, by) : [];
  return [
    { id: 'unit', value: unit },
    ...(decimals === undefined ? [] : [{ id: 'decimals', value: decimals }]),
    ...(steps.length > 1
      ? [
          { id: 'thresholds', value: { mode: 'absolute', steps } },
          { id: 'custom.cellOptions', value: { type: TableCellDisplayMode.ColorText } },
        ]
      : []),
  ];
}

function columnProperties(column: Column): DynamicConfigValue[] {
  return [
    ...(column.unit === undefined ? [] : [{ id: 'unit', value: column.unit }]),
    ...linkProperties(columnLink(column)),
  ];
}

function columnLink({ link }: Column): DashboardLink | undefined {
  switch (link) {
    case 'run':
      return runLink();
    case 'trace':
      return traceLink();
    case 'user':
      return narrowLink('users', 'user', 'What this user does');
    case 'session':
      return narrowLink('users', 'session', 'The runs of this session');
    default:
      return undefined;
  }
}

function groupLinks(dimension: Dimension): DynamicConfigValue[] {
  switch (dimension) {
    case 'user':
      return linkProperties(narrowLink('users', 'user', 'What this user does'));
    case 'session':
      return linkProperties(narrowLink('users', 'session', 'The runs of this session'));
    case 'agent':
    case 'model':
    case 'task':
      return linkProperties(narrowLink('cost', dimension, `What this ${dimension} costs`));
    default:
      return [];
  }
}

function linkProperties(link: DashboardLink | undefined): DynamicConfigValue[] {
  return link === undefined ? [] : [{ id: 'links', value: [link] }];
}
