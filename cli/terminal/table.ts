// Tables that fit the terminal: plain columns, no frame; colours only on a terminal.

import Table, { type Cell } from 'cli-table3';
import { createColors } from 'picocolors';
import type { CliOutput } from './io.ts';
import { painted, type Tone } from './paragraph.ts';
import { safeText } from '../../core/text/safe-text.ts';
import { cutToWidth, widthOf, wrapToWidth } from './text-width.ts';

export type Align = 'left' | 'right';

export interface TextColumn<Row> {
  readonly title: string;
  readonly align?: Align;
  /** How the cell looks on a terminal; the words must say it too. */
  readonly tone?: (row: Row) => Tone | undefined;
  /** Cut first, with an ellipsis, when the terminal is too narrow; other texts only when that is not enough. */
  readonly shrinks?: boolean;
  /** What shrinks goes on in further lines instead of being cut: reasons and other sentences. */
  readonly wraps?: boolean;
  /** Left out where the terminal is too narrow, before anything but a column that shrinks is cut; `--json` has it. */
  readonly optional?: boolean;
  /** Never cut: half a time or half an id says nothing. Columns of numbers are whole without it. */
  readonly whole?: boolean;
  value(row: Row): string;
}

const FRAME_PARTS =
  'top top-mid top-left top-right bottom bottom-mid bottom-left bottom-right left left-mid mid mid-mid right right-mid';
const FRAMELESS = Object.fromEntries(FRAME_PARTS.split(' ').map((part) => [part, '']));
const GAP = '  ';
const INDENT = '  ';
const MIN_SHRUNK_WIDTH = 8;
/** Sentences in a narrower column are not read any more. */
const MIN_WRAPPED_WIDTH = 20;

/** The columns without the last optional ones, as far as the others need the room: before a name is cut. */
function fitting<Row>(
  columns: readonly TextColumn<Row>[],
  cells: readonly (readonly string[])[],
  limit: number,
): readonly number[] {
  const least = widestOf(columns, cells).map(
    (whole, index) =>
      GAP.length + (columns[index]?.shrinks === true ? Math.min(whole, leastOf(columns[index])) : whole),
  );
  let needed = least.reduce((sum, width) => sum + width, -GAP.length);
  const kept = columns.map((_, index) => index);
  for (let index = columns.length - 1; index >= 0 && needed > limit; index--) {
    if (columns[index]?.optional !== true) continue;
    kept.splice(index, 1);
    needed -= least[index] ?? 0;
  }
  return kept;
}

function leastOf<Row>({ wraps }: TextColumn<Row>): number {
  return wraps === true ? MIN_WRAPPED_WIDTH : MIN_SHRUNK_WIDTH;
}

/** Amounts of one column with their points one below the other. */
function alignPoints<Row>(columns: readonly TextColumn<Row>[], cells: string[][]): void {
  columns.forEach(({ align }, index) => {
    if (align !== 'right') return;
    const most = Math.max(0, ...cells.map((line) => lengthAfterPoint(line[index] ?? '') ?? 0));
    for (const line of cells) {
      const length = lengthAfterPoint(line[index] ?? '');
      if (length !== undefined) line[index] += ' '.repeat(most - length);
    }
  });
}

function lengthAfterPoint(text: string): number | undefined {
  return /^(?:[<>] )?[+\u2212-]?\$[\d,]+\.(\d+)$/.exec(text)?.[1]?.length;
}

function widestOf<Row>(columns: readonly TextColumn<Row>[], cells: readonly (readonly string[])[]): number[] {
  return columns.map((column, index) =>
    cells.reduce((most, line) => Math.max(most, widthOf(line[index] ?? '')), widthOf(column.title)),
  );
}

/** Takes the excess from the column that shrinks; where that is not enough, from names, the widest first. */
function shrink<Row>(widths: number[], columns: readonly TextColumn<Row>[], excess: number): void {
  const taken = (index: number, least: number, most: number): number => {
    const width = widths[index] ?? 0;
    const cut = Math.max(0, Math.min(most, width - least));
    widths[index] = width - cut;
    return cut;
  };
  let left = excess;
  columns.forEach((column, index) => {
    if (column.shrinks === true) left -= taken(index, leastOf(column), left);
  });
  const names = columns.flatMap(({ align, whole }, index) =>
    align === 'right' || whole === true ? [] : [index],
  );
  for (; left > 0; left--) {
    const widest = names.toSorted((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0))[0];
    if (widest === undefined || taken(widest, MIN_SHRUNK_WIDTH, 1) === 0) return;
  }
}

function totalOf(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width + GAP.length, -GAP.length);
}

/** Whether a last column of sentences gets what is read at ease, or all that it needs. */
function hasRoom<Row>(
  all: readonly TextColumn<Row>[],
  whole: readonly (readonly string[])[],
  kept: readonly number[],
  limit: number,
): boolean {
  const columns = kept.flatMap((index) => all[index] ?? []);
  const needed = widestOf(
    columns,
    whole.map((line) => kept.map((index) => line[index] ?? '')),
  );
  const widths = [...needed];
  shrink(widths, columns, totalOf(widths) - limit);
  return (widths.at(-1) ?? 0) >= Math.min(needed.at(-1) ?? 0, MIN_WRAPPED_WIDTH);
}

function fitted<Row>(text: string, width: number, { wraps }: TextColumn<Row>): readonly string[] {
  return wraps === true ? wrapToWidth(text, width) : [cutToWidth(text, width)];
}

/** Renders rows under their titles. On a terminal the table is no wider than it. */
export function renderTable<Row>(
  rows: readonly Row[],
  all: readonly TextColumn<Row>[],
  output: CliOutput,
): string {
  const limit = output.isTTY === true ? (output.columns ?? 80) : Number.POSITIVE_INFINITY;
  const whole = rows.map((row) => all.map((column) => safeText(column.value(row))));
  alignPoints(all, whole);
  const kept = fitting(all, whole, limit);
  const last = kept.at(-1) ?? 0;
  // A sentence that has no room beside the row stands below it.
  const isBelow = all[last]?.wraps === true && !hasRoom(all, whole, kept, limit);
  const beside = isBelow ? kept.slice(0, -1) : kept;
  const columns = all.filter((_, index) => beside.includes(index));
  const cells = whole.map((line) => line.filter((_, index) => beside.includes(index)));
  const widths = widestOf(columns, cells);
  shrink(widths, columns, totalOf(widths) - limit);
  const colors = createColors(output.hasColours ?? output.isTTY === true);
  const head = columns.map((column, index) => colors.bold(cutToWidth(column.title, widths[index] ?? 0)));
  const laidOut: Cell[][] = [];
  for (const [line, row] of rows.entries()) {
    laidOut.push(
      columns.map((column, index) => {
        const tone = column.tone?.(row);
        const texts = fitted(cells[line]?.[index] ?? '', widths[index] ?? 0, column);
        return texts.map((text) => (tone === undefined ? text : painted(text, tone, output))).join('\n');
      }),
    );
    const sentence = isBelow ? (whole[line]?.[last] ?? '') : '';
    if (sentence === '') continue;
    const texts = wrapToWidth(sentence, totalOf(widths) - INDENT.length);
    laidOut.push([{ content: texts.map((text) => INDENT + text).join('\n'), colSpan: columns.length }]);
  }
  const aligns = columns.map((column) => column.align ?? 'left');
  return drawn(head, laidOut, widths, aligns)
    .split('\n')
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}

/** So many rows are drawn at once: the library looks at each row before for each row. */
const ROWS_DRAWN = 20;

function drawn(head: string[], rows: readonly Cell[][], colWidths: number[], colAligns: Align[]): string {
  const pieces: string[] = [];
  for (let from = 0; from < Math.max(1, rows.length); from += ROWS_DRAWN) {
    const table = new Table({
      chars: { ...FRAMELESS, middle: GAP },
      style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
      ...(from === 0 ? { head } : {}),
      colWidths,
      colAligns,
    });
    table.push(...rows.slice(from, from + ROWS_DRAWN));
    pieces.push(table.toString());
  }
  return pieces.join('\n');
}
