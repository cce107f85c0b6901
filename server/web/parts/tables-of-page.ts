// What the tables of a page share: the address of the page, which holds how each is sorted, and the sheet that somebody
// asked for in place of the page. A table that is rendered gives its rows here, so a file has exactly what the page shows.

import { createContext } from 'preact';
import { textParam, type QueryText } from '../../questions/query-params.ts';
import { RequestError } from '../../questions/request-error.ts';
import { isSheetFormat, type Sheet, type SheetFormat } from '../sheet.ts';
import { linkTo, type LinkParams } from './cells.tsx';

/** How a table is sorted: `-` before the column for the largest first. */
const SORT_PREFIX = 'sort.';
/** `causes.csv`: a table of the page as a file. */
const SHEET_PARAM = 'sheet';

export class TablesOfPage {
  readonly path: string;
  readonly #query: QueryText;
  readonly #wanted: { readonly table: string; readonly format: SheetFormat } | undefined;
  readonly #known: string[] = [];
  #sheet: Sheet | undefined;

  /** @throws RequestError where the address asks for a file of no known kind */
  constructor(path: string, query: QueryText) {
    this.path = path;
    this.#query = query;
    this.#wanted = wantedSheet(textParam(query, SHEET_PARAM));
  }

  /** Column that a table is sorted by; undefined: the rows stand as the page has them. */
  sortOf(table: string): { readonly column: string; readonly isDescending: boolean } | undefined {
    const text = textParam(this.#query, SORT_PREFIX + table);
    if (text === undefined) return undefined;
    return text.startsWith('-')
      ? { column: text.slice(1), isDescending: true }
      : { column: text, isDescending: false };
  }

  /** Address of the page with this table sorted so; the table stays in view. */
  sortPath(table: string, column: string, isDescending: boolean): string {
    const sort = { [SORT_PREFIX + table]: isDescending ? `-${column}` : column };
    return `${linkTo(this.path, { ...this.#kept(), ...sort })}#${encodeURIComponent(table)}`;
  }

  sheetPath(table: string, format: SheetFormat): string {
    return linkTo(this.path, { ...this.#kept(), [SHEET_PARAM]: `${table}.${format}` });
  }

  /** Parameters that keep the order of every table when a form asks for another time. */
  get sortParams(): LinkParams {
    return Object.fromEntries(Object.entries(this.#query).filter(([name]) => name.startsWith(SORT_PREFIX)));
  }

  /** Takes the rows of a table that is shown. */
  give(table: string, make: () => Sheet): void {
    this.#known.push(table);
    if (this.#wanted?.table === table) this.#sheet ??= make();
  }

  get isSheetWanted(): boolean {
    return this.#wanted !== undefined;
  }

  /** The file that was asked for, once the page is rendered. @throws RequestError where the page has no such table */
  wanted(): { readonly sheet: Sheet; readonly format: SheetFormat; readonly name: string } {
    const { table = '', format = 'csv' } = this.#wanted ?? {};
    if (this.#sheet === undefined)
      throw new RequestError(
        404,
        this.#known.length === 0
          ? 'this page shows no table that is a file'
          : `this page shows no table ${table}; it shows ${this.#known.join(', ')}`,
      );
    const page = /^\/([a-z-]+)/.exec(this.path)?.[1] ?? 'overview';
    return { sheet: this.#sheet, format, name: `${page}-${table}` };
  }

  #kept(): LinkParams {
    return Object.fromEntries(Object.entries(this.#query).filter(([name]) => name !== SHEET_PARAM));
  }
}

function wantedSheet(text: string | undefined): { table: string; format: SheetFormat } | undefined {
  if (text === undefined) return undefined;
  const [, table, format] = /^([\w-]+)\.(\w+)$/.exec(text) ?? [];
  if (table === undefined || !isSheetFormat(format))
    throw new RequestError(400, `a sheet is the name of a table with .csv or .json, not ${text}`);
  return { table, format };
}

export const PageTables = createContext<TablesOfPage | undefined>(undefined);
