// A table of a page: headings that sort it, rows, and the same rows as files. A column is defined once: its name in the
// address and in the files, its value there, and the cell that people see.

import type { ComponentChildren, VNode } from 'preact';
import { useContext } from 'preact/hooks';
import { compareText } from '../../../core/text/text-order.ts';
import { RequestError } from '../../questions/request-error.ts';
import type { Sheet, SheetValue } from '../sheet.ts';
import { Scroll, type PartLabel } from './panel.tsx';
import { SheetLinks } from './sheet-links.tsx';
import { PageTables, type TablesOfPage } from './tables-of-page.ts';

interface Attributes {
  readonly class?: string | undefined;
  readonly id?: string | undefined;
  readonly title?: string | undefined;
  readonly [data: `data-${string}`]: string | number | boolean | null | undefined;
}

export interface DataColumn<Row> {
  /** Name in the address and in the files, with its unit: `cost_usd`, `duration_ms`. */
  readonly id: string;
  readonly title: ComponentChildren;
  /** What the title leaves open. */
  readonly help?: string;
  readonly isNumber?: boolean;
  /** Before the cell where a row is a card. */
  readonly label?: string;
  /** Whether its rows are in the files only. */
  readonly isHidden?: boolean;
  /** In the files; what the table is sorted by, unless it has an order of its own. */
  readonly value: (row: Row) => SheetValue;
  /** Where texts have another order than that of their letters: amounts in words, severities. */
  readonly order?: (row: Row) => SheetValue;
  readonly cell: (row: Row) => ComponentChildren;
  readonly attributes?: (row: Row) => Attributes;
  /** Class of its heading and its cells. */
  readonly look?: string;
}

export interface DataTableProps<Row> {
  /** Unique on the page: the id of the heading over it, as a rule. */
  readonly id: string;
  /** What the rows are, for who does not see the table. */
  readonly name: string;
  /** By its heading where it has one of its id. */
  readonly label?: PartLabel;
  readonly columns: readonly DataColumn<Row>[];
  readonly rows: readonly Row[];
  /** Rows that stand at the end however the table is sorted: rests, totals. */
  readonly last?: readonly Row[];
  readonly keyOf: (row: Row) => string;
  readonly rowAttributes?: (row: Row) => Attributes;
  /** Class of the table. */
  readonly look?: string;
  /** Whether the order of the rows is part of what they say: then no heading sorts them. */
  readonly isOrdered?: boolean;
}

export function DataTable<Row>(props: DataTableProps<Row>): VNode {
  const { id, name, label = { headingId: id }, columns, last = [], keyOf, rowAttributes, look } = props;
  const tables = useContext(PageTables);
  const sorting = props.isOrdered === true ? undefined : tables;
  const rows = [...sorted(props, sorting), ...last];
  const shown = columns.filter(({ isHidden }) => isHidden !== true);
  return (
    <>
      <Scroll label={label}>
        <table class={look} data-rests={last.length === 0 ? undefined : last.length}>
          <thead>
            <tr>
              {shown.map((column) => (
                <Heading key={column.id} table={id} column={column} tables={sorting} />
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={keyOf(row)} {...rowAttributes?.(row)}>
                {shown.map((column) => (
                  <td
                    key={column.id}
                    data-label={column.label}
                    {...withClass(column.attributes?.(row), lookOf(column))}
                  >
                    {column.cell(row)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <SheetLinks table={id} name={name} sheet={() => sheetOf(columns, rows)} />
    </>
  );
}

function Heading<Row>(props: {
  table: string;
  column: DataColumn<Row>;
  tables: TablesOfPage | undefined;
}): VNode {
  const { table, column, tables } = props;
  const { id, title, help, isNumber = false } = column;
  const sort = tables?.sortOf(table);
  const isSorted = sort?.column === id;
  const look = sort?.isDescending === true ? 'descending' : 'ascending';
  return (
    <th
      scope="col"
      class={lookOf(column)}
      title={help}
      aria-sort={isSorted ? look : undefined}
      data-column={column.order === undefined ? id : undefined}
    >
      {tables === undefined ? (
        title
      ) : (
        <a
          class="sort"
          // A number is looked for from its largest, a name from its first.
          href={tables.sortPath(table, id, isSorted ? !sort.isDescending : isNumber)}
        >
          {title}
          {isSorted && <span aria-hidden="true">{sort.isDescending ? ' ▼' : ' ▲'}</span>}
        </a>
      )}
    </th>
  );
}

/** @throws RequestError on a column that the table does not have */
function sorted<Row>({ id, columns, rows }: DataTableProps<Row>, tables: TablesOfPage | undefined): Row[] {
  const sort = tables?.sortOf(id);
  if (sort === undefined) return [...rows];
  const column = columns.find((one) => one.id === sort.column);
  if (column === undefined)
    throw new RequestError(
      400,
      `the table ${id} has no column ${sort.column}; it has ${columns.map((one) => one.id).join(', ')}`,
    );
  const orderOf = column.order ?? column.value;
  const valued = rows.map((row) => ({ row, value: orderOf(row) }));
  return valued.toSorted((a, b) => compareValues(a.value, b.value, sort.isDescending)).map(({ row }) => row);
}

/** What has no value stands last in either direction. */
function compareValues(a: SheetValue, b: SheetValue, isDescending: boolean): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  const order =
    typeof a === 'number' && typeof b === 'number' ? Math.sign(a - b) : compareText(String(a), String(b));
  return isDescending ? -order : order;
}

function sheetOf<Row>(columns: readonly DataColumn<Row>[], rows: readonly Row[]): Sheet {
  return {
    columns: columns.map(({ id }) => id),
    rows: rows.map((row) => columns.map(({ value }) => value(row))),
  };
}

function lookOf({ isNumber, look }: DataColumn<never>): string | undefined {
  if (isNumber !== true) return look;
  return look === undefined ? 'n' : `n ${look}`;
}

function withClass(attributes: Attributes | undefined, look: string | undefined): Attributes {
  const classes = [look, attributes?.class].filter((one) => typeof one === 'string');
  return { ...attributes, class: classes.length === 0 ? undefined : classes.join(' ') };
}
