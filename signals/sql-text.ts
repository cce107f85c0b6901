// SQL text: values as they stand in a statement of DuckDB, which plans one without parameters once and one with
// parameters twice.

import { FIELDS, type FieldKey } from '../core/schema.ts';

/** A text, whatever characters it has. */
export function textSql(text: string): string {
  // The statement itself ends at a character 0.
  return text
    .split('\0')
    .map((part) => `'${part.replaceAll("'", "''")}'`)
    .join(' || chr(0) || ');
}

/** Of rows of model calls: those that are calls, which a remainder is not (`IS_ONE_CALL` of values.ts). */
export const IS_ONE_CALL_SQL = "tallyspan_source IS DISTINCT FROM 'remainder'";

/** How an instant or another value of the request is written, which a document may do by its name. */
export type WriteValue = (name: string, value: number | string) => string;

/** A value as it stands in SQL. */
export function literalSql(_name: string, value: number | string): string {
  return typeof value === 'number' ? String(value) : textSql(value);
}

/** An instant; a part of a millisecond is left out. */
export function instantSql(millis: number): string {
  return `make_timestamptz(${Math.floor(millis)}::BIGINT * 1000)`;
}

/** Of Unix milliseconds. */
export function timestampSql(millis: string): string {
  return `make_timestamptz(CAST(${millis} AS BIGINT) * 1000)`;
}

/** What groups by the field are called: a text, NULL where there is none or it is empty. */
export function groupSql(field: FieldKey, column: string): string {
  return FIELDS[field].type === 'string' ? `nullif(${column}, '')` : `CAST(${column} AS VARCHAR)`;
}

/** Whether it is one of the values, of which there is one at least, each as it stands in SQL. */
export function isOneOfSql(sql: string, values: readonly string[]): string {
  return values.length === 1 ? `${sql} = ${values.join('')}` : `${sql} IN (${values.join(', ')})`;
}

/** What is not so, or not known. */
export function complementSql(condition: string): string {
  return `(${condition}) IS NOT TRUE`;
}

/** Runs with an event of the table for which the condition holds. */
export function runsWithSql(table: string, condition: string): string {
  return `agent_run_id IN (SELECT agent_run_id FROM ${table} WHERE ${condition})`;
}

export function ifPresent(column: string, condition: string): string {
  return `CASE WHEN ${column} IS NULL THEN false ELSE ${condition} END`;
}

export function conjunction(conditions: readonly string[]): string {
  return conditions.length === 0 ? 'true' : conditions.join(' AND ');
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A name as SQL has it. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
