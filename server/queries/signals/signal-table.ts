// A signal table: several signals side by side, a row for each group that any of them has, in one statement.
// There may be many thousand groups; only those that are asked for leave the store.

import type { Dimension } from '../../../core/schema.ts';
import { cellNumber } from '../../../signals/result.ts';
import { signalOf } from '../../../signals/catalogue/index.ts';
import { textSql } from '../../../signals/sql-text.ts';
import type { SignalRequest } from '../../../signals/signal.ts';
import { passOf, toSqlTable } from '../../../signals/to-sql.ts';
import type { Queryable } from '../../store/file/database.ts';
import { textOrNull } from '../field-values.ts';
import { groupBy } from '../../../core/group-by.ts';

export interface TableColumn {
  readonly signal: string;
  readonly request: Omit<SignalRequest, 'by'>;
  /** A group that only such columns have gets no row. */
  readonly isExtra?: boolean;
}

/** The order of the rows; those without the number, or without a name, are last whatever the direction. */
export interface TableOrder {
  /** Index of the column, or the name of the group. */
  readonly by: number | 'name';
  readonly isAscending: boolean;
}

/** A place in the table, from which a part of it goes on: the row there. */
export interface TableCursor {
  /** The number that the table is ordered by; null where the row has none, or where it is ordered by name. */
  readonly value: number | null;
  readonly name: string | null;
  /** Rows before this place, for people. */
  readonly position: number;
  readonly isBackward: boolean;
}

export interface TablePart {
  readonly limit: number;
  /** By default the first column, greatest first. */
  readonly order?: TableOrder | undefined;
  readonly cursor?: TableCursor | undefined;
  /** Names that are no groups of their own kind: rows all the same, but not counted. */
  readonly uncounted?: readonly string[] | undefined;
  /** In place of a cursor. */
  readonly offset?: number | undefined;
}

export interface SignalTable {
  /** In the order asked for; rows that are equal in that by their name. */
  readonly rows: readonly SignalTableRow[];
  /** Groups that there are, those without a row included; 0 where no row is left. */
  readonly groups: number;
  /** Of them, those that are not named as uncounted. */
  readonly counted: number;
}

export interface SignalTableRow {
  /** Null where the events carry none. */
  readonly name: string | null;
  /** In the order of the columns; null is no data. */
  readonly values: readonly (number | null)[];
}

const BY_FIRST: TableOrder = { by: 0, isAscending: false };

/** @throws SignalError where a signal has not the dimension */
export async function readSignalTable(
  database: Queryable,
  by: Dimension,
  columns: readonly TableColumn[],
  { limit, order = BY_FIRST, cursor, uncounted = [], offset = 0 }: TablePart,
): Promise<SignalTable> {
  const all = columns.map((_, index) => `v${index}`);
  const passes = groupBy(
    columns.map((column, index) => ({
      name: `v${index}`,
      signal: signalOf(column.signal),
      request: { ...column.request, by },
    })),
    ({ signal, request }) => passOf(signal, request),
  );
  const parts = [...passes.values()].map((pass) => {
    const query = toSqlTable(pass, (pass[0] as (typeof pass)[number]).request);
    const cells = pass.map(({ name }) => `if(isfinite(${name}), ${name}, NULL) AS ${name}`);
    return `SELECT "${by}" AS name, ${cells.join(', ')} FROM (${query})`;
  });
  const counted = all.filter((_, index) => columns[index]?.isExtra !== true);
  const key = order.by === 'name' ? 'name' : `v${order.by}`;
  const isBackward = cursor?.isBackward === true;
  const uncountedSql = uncounted.length === 0 ? 'false' : `name IN (${uncounted.map(textSql).join(', ')})`;
  const sql = `SELECT * FROM (
     SELECT name, ${all.map((column) => `any_value(${column}) AS ${column}`).join(', ')}, count(*) OVER () AS groups,
       sum(if(${uncountedSql}, 0, 1)) OVER () AS counted
     FROM (${parts.join('\nUNION ALL BY NAME\n')}) GROUP BY name
     HAVING coalesce(${counted.map((column) => `any_value(${column})`).join(', ')}) IS NOT NULL
   ) ${cursor === undefined ? '' : `WHERE ${beyondSql(key, order, cursor)}`}
   ORDER BY ${orderSql(key, order.isAscending, isBackward)} LIMIT ${limit} OFFSET ${cursor === undefined ? offset : 0}`;
  const found = await database.all(sql);
  const rows = isBackward ? found.toReversed() : found;
  return {
    rows: rows.map((row) => ({
      name: textOrNull(row['name']),
      values: all.map((column) => cellNumber(row[column])),
    })),
    groups: cellNumber(rows[0]?.['groups']) ?? 0,
    counted: cellNumber(rows[0]?.['counted']) ?? 0,
  };
}

function orderSql(key: string, isAscending: boolean, isBackward: boolean): string {
  const first = `${key} ${isAscending === isBackward ? 'DESC' : 'ASC'} NULLS ${isBackward ? 'FIRST' : 'LAST'}`;
  if (key === 'name') return first;
  return `${first}, name ${isBackward ? 'DESC NULLS FIRST' : 'ASC NULLS LAST'}`;
}

/** A condition that holds for rows beyond the cursor. */
function beyondSql(
  key: string,
  { isAscending }: TableOrder,
  { value, name, isBackward }: TableCursor,
): string {
  const after = (column: string, at: string | null, ascending: boolean): string => {
    if (at === null) return isBackward ? `${column} IS NOT NULL` : 'false';
    const beyond = `${column} ${ascending === isBackward ? '<' : '>'} ${at}`;
    return isBackward ? beyond : `(${beyond} OR ${column} IS NULL)`;
  };
  const nameSql = name === null ? null : textSql(name);
  if (key === 'name') return after('name', nameSql, isAscending);
  const valueSql = value === null ? null : String(value);
  const same = valueSql === null ? `${key} IS NULL` : `${key} = ${valueSql}`;
  return `(${after(key, valueSql, isAscending)} OR (${same} AND ${after('name', nameSql, true)}))`;
}

/** The place of a row, for the part of the table after or before it. */
export function tableCursor(
  row: SignalTableRow,
  { by }: TableOrder,
  position: number,
  isBackward: boolean,
): TableCursor {
  return { value: by === 'name' ? null : (row.values[by] ?? null), name: row.name, position, isBackward };
}

/** As an address holds it. */
export function tableCursorText({ value, name, position, isBackward }: TableCursor): string {
  return Buffer.from(JSON.stringify([value, name, position, isBackward ? 1 : 0])).toString('base64url');
}

/** Undefined where the text is no cursor. */
export function readTableCursor(given: string): TableCursor | undefined {
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(given, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
  if (!Array.isArray(parts)) return undefined;
  const [value, name, position, backward] = parts as unknown[];
  const isValue = value === null || (typeof value === 'number' && Number.isFinite(value));
  if (!isValue || (name !== null && typeof name !== 'string')) return undefined;
  if (typeof position !== 'number' || !Number.isInteger(position) || position < 0) return undefined;
  return { value, name, position, isBackward: backward === 1 };
}
