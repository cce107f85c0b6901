// The kinds of columns that tables have: each knows how its value is shown and what it is in a file.

import { usdOf } from '../../../core/money.ts';
import { formatCount, formatTokens } from '../../../core/text/format.ts';
import type { SheetValue } from '../sheet.ts';
import { Money, Moment, Name } from './cells.tsx';
import type { DataColumn } from './data-table.tsx';

type Look<Row> = Partial<Omit<DataColumn<Row>, 'id' | 'title' | 'value'>>;

/** A name that somebody chose. */
export function nameColumn<Row>(
  id: string,
  title: string,
  nameOf: (row: Row) => string | null,
  look: Look<Row> & { readonly hrefOf?: (row: Row) => string | undefined } = {},
): DataColumn<Row> {
  const { hrefOf, ...rest } = look;
  return {
    id,
    title,
    value: nameOf,
    cell: (row) => <Name text={nameOf(row)} href={hrefOf?.(row)} />,
    ...rest,
  };
}

/** An amount: nano-USD in the row, dollars in the files. */
export function moneyColumn<Row>(
  id: string,
  title: string,
  nanoUsdOf: (row: Row) => number | null | undefined,
  look: Look<Row> & { readonly why?: string } = {},
): DataColumn<Row> {
  const { why, ...rest } = look;
  return {
    id,
    title,
    isNumber: true,
    value: (row) => {
      const nanoUsd = nanoUsdOf(row);
      return nanoUsd === null || nanoUsd === undefined ? null : usdOf(nanoUsd);
    },
    cell: (row) => <Money of={nanoUsdOf(row)} why={why} />,
    ...rest,
  };
}

export function countColumn<Row>(
  id: string,
  title: string,
  countOf: (row: Row) => number | null,
  look: Look<Row> = {},
): DataColumn<Row> {
  return { id, title, isNumber: true, value: countOf, cell: (row) => formatCount(countOf(row)), ...look };
}

/** Tokens or characters: many, so shortened. */
export function tokensColumn<Row>(
  id: string,
  title: string,
  tokensOf: (row: Row) => number | null,
  look: Look<Row> = {},
): DataColumn<Row> {
  return { id, title, isNumber: true, value: tokensOf, cell: (row) => formatTokens(tokensOf(row)), ...look };
}

/** A moment, ISO 8601 UTC in the files. */
export function momentColumn<Row>(
  id: string,
  title: string,
  atOf: (row: Row) => string | null,
  clock: { readonly timezone: string; readonly now: number },
  look: Look<Row> = {},
): DataColumn<Row> {
  return {
    id,
    title,
    value: atOf,
    cell: (row) => <Moment at={atOf(row)} timezone={clock.timezone} now={clock.now} />,
    ...look,
  };
}

/** A word or a sentence of this program. */
export function textColumn<Row>(
  id: string,
  title: string,
  textOf: (row: Row) => string | null,
  look: Look<Row> = {},
): DataColumn<Row> {
  return { id, title, value: textOf, cell: textOf, ...look };
}

/** What the table shows within another cell, or not at all: in the files it has a column of its own. */
export function fileColumn<Row>(id: string, value: (row: Row) => SheetValue): DataColumn<Row> {
  return { id, title: id, isHidden: true, value, cell: () => null };
}
