// An answer cache keeps what the store answered until something is stored: a page that several people have open,
// and that asks again every half minute, costs one reading of the table.

import type { Queryable, DatabaseRow, SqlValues } from '../store/file/database.ts';

/** Of all answers together: some megabytes. */
const ROWS_HELD = 50_000;
/** Longer answers are not kept. */
const ROWS_OF_ANSWER = 5000;

/** Answers as the database does; `version` changes with every change of the data. */
export function cacheAnswers(database: Queryable, version: () => number): Queryable['all'] {
  const held = new Map<string, Promise<DatabaseRow[]>>();
  let rowsHeld = 0;
  let heldVersion = -1;

  async function ask(sql: string, values: SqlValues, key: string, asked: number): Promise<DatabaseRow[]> {
    try {
      const rows = await database.all(sql, values);
      if (asked !== heldVersion) return rows;
      rowsHeld += rows.length + 1;
      // What was read while something was stored may be of either state.
      if (version() !== asked || rows.length > ROWS_OF_ANSWER) held.delete(key);
      if (rowsHeld > ROWS_HELD) forget();
      return rows;
    } catch (error) {
      held.delete(key);
      throw error;
    }
  }

  function forget(): void {
    held.clear();
    rowsHeld = 0;
  }

  return (sql, values = []) => {
    const current = version();
    if (current !== heldVersion) {
      forget();
      heldVersion = current;
    }
    const key = JSON.stringify([sql, values], (_, value: unknown) =>
      typeof value === 'bigint' ? `${value}n` : value,
    );
    const known = held.get(key);
    if (known !== undefined) return known;
    const answer = ask(sql, values, key, current);
    held.set(key, answer);
    return answer;
  };
}
