// A signal table: several signals side by side, a row for each group that any of them has, in one statement.
// There may be many thousand groups; only those that are asked for leave the store.

import type { Dimension } from '../../../core/schema.ts';
import { numberOf } from '../../../signals/result.ts';
import { signalOf } from '../../../signals/catalogue/index.ts';
import type { SignalRequest } from '../../../signals/signal.ts';
import { passOf, toSqlTable } from '../../../signals/to-sql.ts';
import type { Queryable } from '../../store/file/database.ts';
import { textOrNull } from '../field-values.ts';
import { groupBy } from '../../group-by.ts';

export interface TableColumn {
  readonly signal: string;
  readonly request: Omit<SignalRequest, 'by'>;
  /** A group that only such columns have gets no row. */
  readonly isExtra?: boolean;
}

export interface SignalTable {
  /** Ordered by the first column, greatest first; those without it by the next one, and so on; at last by name. */
  readonly rows: readonly SignalTableRow[];
  /** Groups that there are, those without a row included; 0 where no row is left. */
  readonly groups: number;
}

export interface SignalTableRow {
  /** Null where the events carry none. */
  readonly name: string | null;
  /** In the order of the columns; null is no data. */
  readonly values: readonly (number | null)[];
}

/** @throws SignalError where a signal has not the dimension */
export async function readSignalTable(
  database: Queryable,
  by: Dimension,
  columns: readonly TableColumn[],
  limit: number,
  offset = 0,
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
  const sql = `SELECT name, ${all.map((column) => `any_value(${column}) AS ${column}`).join(', ')}, count(*) OVER () AS groups
     FROM (${parts.join('\nUNION ALL BY NAME\n')}) GROUP BY name
     HAVING coalesce(${counted.map((column) => `any_value(${column})`).join(', ')}) IS NOT NULL
     ORDER BY ${counted.map((column) => `${column} DESC NULLS LAST`).join(', ')}, name LIMIT ${limit} OFFSET ${offset}`;
  const rows = await database.all(sql);
  return {
    rows: rows.map((row) => ({
      name: textOrNull(row['name']),
      values: all.map((column) => numberOf(row[column])),
    })),
    groups: numberOf(rows[0]?.['groups']) ?? 0,
  };
}
