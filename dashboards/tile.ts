// Tiles: a panel with its place in the order of a board and with the sources of its queries.
// Ids come from the key of a tile, so that they stay when others are added: links and alerts hold them.

import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import type { DataSourceRef } from '@grafana/grafana-foundation-sdk/common';
import type { Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import { DataqueryBuilder as LokiQueryBuilder } from '@grafana/grafana-foundation-sdk/loki';
import { addToGroup } from '../core/group-by.ts';
import { CATALOGUE, signalOf } from '../signals/catalogue/index.ts';
import type { Signal } from '../signals/signal.ts';
import { panelIdOf } from './board-ids.ts';
import { narrowingOf } from './query.ts';
import type { PanelSource, Within } from './source.ts';
import { LOKI } from './variables.ts';

/** Size on the grid of 24 columns; a unit of height is about 30 pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A query with what it stands for. */
export interface Target {
  readonly query: Dataquery;
  readonly source: PanelSource;
}

export interface Tile extends Size {
  /** Kebab-case, unique within a board, stable. */
  readonly key: string;
  readonly panel: Panel;
  /** Sources by refId. */
  readonly sources: Readonly<Record<string, PanelSource>>;
}

/**
 * Time of a panel whose signal has a window of its own: it ends now, whatever range the board shows, since
 * its queries tell days by the clock.
 */
export const UP_TO_NOW = '24h';

/** What the cost of a tool means, and the names that are no tools. */
export const CONTEXT_COST =
  'Context cost is what keeping something in the context cost: a result that stays is paid again with every later call. Names in parentheses stand apart from tools: system prompt, tool definitions, user input, history, output.';

export interface TileText {
  readonly key: string;
  readonly title: string;
  readonly description: string;
}

/** A tile from what a builder made, its texts and its queries. */
export function tileOf(
  { key, title, description }: TileText,
  size: Size,
  built: Panel,
  targets: readonly Target[],
  datasource: DataSourceRef = LOKI,
): Tile {
  const refIds = targets.map((_, index) => refIdOf(index));
  return {
    key,
    ...size,
    panel: {
      ...built,
      id: panelIdOf(key),
      title,
      description,
      datasource,
      targets: targets.map(({ query }, index) => Object.assign(query, { refId: refIds[index] })),
    },
    sources: Object.fromEntries(targets.map(({ source }, index) => [refIds[index], source])),
  };
}

/** `A`, `B`, … */
export function refIdOf(index: number): string {
  return String.fromCodePoint(65 + index);
}

/** Column of the value in the table that Grafana makes of the query with this index. */
export function valueFieldOf(index: number): string {
  return `Value #${refIdOf(index)}`;
}

/** A query to Loki. */
export function lokiTarget(
  source: PanelSource,
  expr: string,
  queryType: 'instant' | 'range',
  legend: string,
): Target {
  const query = new LokiQueryBuilder()
    .datasource(LOKI)
    .expr(expr)
    .queryType(queryType)
    .legendFormat(legend)
    .build();
  return { source, query };
}

/** What a number is, what a bad value means, what to do, and what narrows it. */
export function describeSignals(
  asks: readonly { readonly signal: string; readonly within?: Within }[],
  note?: string,
): string {
  const signals = [...new Set(asks.map(({ signal }) => signal))].map(signalOf);
  const byAdvice = new Map<string, string[]>();
  for (const signal of signals) {
    const advice = `**A bad value:** ${withTitles(signal.bad)}\n\n**What to do:** ${withTitles(signal.action)}`;
    const help = signals.length > 1 ? `**${signal.title}.** ${signal.help}` : signal.help;
    addToGroup(byAdvice, advice, help);
  }
  const parts = [...byAdvice].map(([advice, helps]) => [...helps, advice].join('\n\n'));
  return [...parts, ...(note === undefined ? [] : [note]), narrowedBy(signals, asks[0]?.within)].join('\n\n');
}

function narrowedBy(signals: readonly Signal[], within: Within | undefined): string {
  const names = ['service', ...new Set(signals.flatMap((signal) => narrowingOf(signal, within)))];
  if (within === 'run') names.push('run');
  return `Narrowed by: ${names.join(', ')}.`;
}

const titleById = new Map(CATALOGUE.map(({ id, title }) => [id, title]));

/** Ids of signals are for programs; people read titles. */
export function withTitles(text: string): string {
  return text.replaceAll(/\b[a-z]+(?:_[a-z0-9]+)+\b/g, (id) => {
    const title = titleById.get(id);
    return title === undefined ? id : `“${title}”`;
  });
}
