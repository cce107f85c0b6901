// Long answers, read column by column: the database writes each column as one JSON text, which V8 reads at once. Value by
// value each text of more than twelve bytes would be an object outside V8's heap: five times the work, most of it collecting.

import type { Queryable, DatabaseRow } from '../store/file/database.ts';

/** SQL of each column, by its name. Instants are written with {@link microsSql}. */
export type ColumnsSql = Readonly<Record<string, string>>;

/**
 * Rows of the columns, each with all names of which any row has a value, in any order. `from` is what stands after
 * SELECT from FROM on.
 */
export async function readWideRows(
  database: Queryable,
  columns: ColumnsSql,
  from: string,
): Promise<DatabaseRow[]> {
  const names = Object.keys(columns);
  const [answer] = await database.all(
    `SELECT count(*)::DOUBLE AS row_count, ${names.map((name) => `CASE WHEN count("${name}") > 0 THEN to_json(list("${name}")) END AS "${name}"`).join(', ')}
     FROM (SELECT ${Object.entries(columns)
       .map(([name, sql]) => `${sql} AS "${name}"`)
       .join(', ')} ${from})`,
  );
  const held = names.flatMap((name) => {
    const json: unknown = answer?.[name];
    return typeof json === 'string' ? [{ name, values: JSON.parse(json) as readonly unknown[] }] : [];
  });
  return Array.from({ length: Number(answer?.['row_count'] ?? 0) }, (_, index) => {
    // All of one shape.
    const row: DatabaseRow & Record<string, unknown> = {};
    for (const { name, values } of held) row[name] = values[index];
    return row;
  });
}

/** An instant as a number that JSON has: Unix microseconds. */
export function microsSql(column: string): string {
  return `epoch_us(${column})`;
}

/** The instant of {@link microsSql}, to the millisecond as a column of a row has it. */
export function instantOfMicros(micros: unknown): Date {
  return new Date(Math.floor(Number(micros) / 1000));
}
