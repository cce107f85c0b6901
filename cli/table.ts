// Tables that fit the terminal: plain columns, no frame; colours only on a terminal.

import Table from 'cli-table3';
import { createColors } from 'picocolors';
import type { CliOutput } from './io.ts';

export type Align = 'left' | 'right';
export type Tone = 'bad' | 'good' | 'faint';

export interface Column<Row> {
  readonly title: string;
  readonly align?: Align;
  /** How the cell looks on a terminal; the words must say it too. */
  readonly tone?: (row: Row) => Tone | undefined;
  /** Cut with an ellipsis when the terminal is too narrow; the others keep their width. */
  readonly shrinks?: boolean;
  value(row: Row): string;
}

const FRAME_PARTS =
  'top top-mid top-left top-right bottom bottom-mid bottom-left bottom-right left left-mid mid mid-mid right right-mid';
const FRAMELESS = Object.fromEntries(FRAME_PARTS.split(' ').map((part) => [part, '']));
const GAP = '  ';
const MIN_SHRUNK_WIDTH = 8;

/** Renders rows under their titles. On a terminal the table is no wider than it. */
export function renderTable<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  output: CliOutput,
): string {
  const cells = rows.map((row) => columns.map((column) => column.value(row)));
  const widths = columns.map((column, index) =>
    Math.max(column.title.length, ...cells.map((line) => line[index]?.length ?? 0)),
  );
  const limit = output.isTTY === true ? (output.columns ?? 80) : Number.POSITIVE_INFINITY;
  const excess = widths.reduce((sum, width) => sum + width + GAP.length, -GAP.length) - limit;
  const shrinking = columns.findIndex((column) => column.shrinks === true);
  if (excess > 0 && shrinking >= 0) {
    widths[shrinking] = Math.max(MIN_SHRUNK_WIDTH, (widths[shrinking] ?? 0) - excess);
  }
  const colors = createColors(output.isTTY === true);
  const table = new Table({
    chars: { ...FRAMELESS, middle: GAP },
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
    head: columns.map((column) => colors.bold(column.title)),
    colWidths: widths,
    colAligns: columns.map((column) => column.align ?? 'left'),
  });
  const paint = { bad: colors.red, good: colors.green, faint: colors.dim };
  for (const [line, row] of rows.entries()) {
    table.push(
      columns.map((column, index) => {
        const tone = column.tone?.(row);
        const text = cells[line]?.[index] ?? '';
        return tone === undefined ? text : paint[tone](text);
      }),
    );
  }
  return `${table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')}\n`;
}
