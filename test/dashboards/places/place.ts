// A place: where the numbers of a panel stand on the embedded pages, and how the two are compared.

import {
  formatCost,
  formatCount,
  formatDuration,
  formatPercent,
  NO_DATA,
} from '../../../core/text/format.ts';
import { columnOf } from '../../../core/columns.ts';
import { fieldOfDimension } from '../../../core/schema.ts';
import type { SignalSource, PanelSource } from '../../../dashboards/source.ts';
import { shownNumbers, type Embedded } from '../embedded.ts';
import type { Frame, Range } from '../grafana.ts';

/** A panel as the board shows it. */
export interface ShownPanel {
  readonly days: number;
  readonly range: Range;
  readonly run: string;
  readonly answers: readonly { readonly source: PanelSource; readonly frames: readonly Frame[] }[];
}

export type Place =
  | {
      readonly at: string;
      /** What the page shows otherwise. */
      readonly differences: (panel: ShownPanel, server: Embedded) => Promise<string[]>;
    }
  | { readonly onNoPage: string };

/** A number of the board as a page writes it. */
export type Text = (value: number | undefined) => string;

export const cost: Text = (value) => formatCost(value === undefined ? undefined : value * 1e9);
export const percent: Text = (value) => formatPercent(value);
export const duration: Text = (value) => formatDuration(value);
export const count: Text = (value) => formatCount(value);
export function at(
  place: string,
  compare: (panel: ShownPanel, server: Embedded) => Promise<string[]>,
): Place {
  return { at: place, differences: compare };
}

export function differ(what: string, board: string, page: string): string[] {
  return board === page ? [] : [`${what}: board ${board}, page ${page}`];
}

/** The only number of a query. */
export function only(panel: ShownPanel, index = 0): number | undefined {
  return [...shownNumbers(panel.answers[index]?.frames ?? [], []).values()][0];
}

/** Labels of the groups of a signal. */
export function labelsOf(source: SignalSource): string[] {
  return source.by.map((dimension) => columnOf(fieldOfDimension(dimension)));
}

export function numberIn(labels: Readonly<Record<string, string>>, name: string): number | undefined {
  const text = labels[name];
  return text === undefined || text === NO_DATA ? undefined : Number(text);
}
