// Columns: how the fields and events of the schema are named in DuckDB and in Loki, and what a row of the store holds.

import type { EventName, FIELDS, FieldKey, FieldValue } from './schema.ts';

/** The type of {@link columnOf}: `agent_run_id` of `agent.run_id`. */
export type ColumnName<K extends string = FieldKey> = K extends `${infer Head}.${infer Tail}`
  ? `${Head}_${ColumnName<Tail>}`
  : K;

/** Names that were asked for: one is asked for with each field of each row. */
const names = new Map<FieldKey, string>();

/** Name of a field as a DuckDB column and as a Loki label: dots become underscores. */
export function columnOf<K extends FieldKey>(key: K): ColumnName<K> {
  let name = names.get(key);
  if (name === undefined) names.set(key, (name = key.replaceAll('.', '_')));
  return name as ColumnName<K>;
}

/** Columns of events as a row of the store has them: a time is a `Date`, no value is null. */
export type EventColumns = {
  readonly [K in FieldKey as ColumnName<K>]?:
    ((typeof FIELDS)[K]['type'] extends 'time' ? Date : FieldValue<K>) | null;
};

/** Name of an event as a DuckDB table. */
export function tableOf(name: EventName): string {
  return name.replaceAll('.', '_');
}
