// Keyed events: what a reporter that may learn more later names by a key of its own (`tallyspan.key`). The event with
// the highest revision of a key is the one that is stored; it takes the place of the one that was. A score that is
// corrected stays, marked as a duplicate: who judged what, and when, is not lost.

import type { DuckDBConnection } from '@duckdb/node-api';
import { tableOf } from '../../../core/columns.ts';
import { type EventName } from '../../../core/schema.ts';
import { textsSql, type DatabaseRow, type Queryable } from '../file/database.ts';
import type { Selection } from '../columns/event-appender.ts';
import { FIELD_INDEX, type EventBatch } from '../columns/event-batch.ts';

/** Stored rows whose place is taken. */
export interface Replacements {
  readonly keys: ReadonlyMap<EventName, readonly string[]>;
  /** Names of the responses that these rows told of: who counts for them is to be decided again. */
  readonly responses: ReadonlySet<string>;
}

const KEY = FIELD_INDEX['tallyspan.key'];

interface Keyed {
  readonly batch: EventBatch;
  readonly row: number;
  readonly revision: number;
}

/** Whether the row is known by a key, whatever else it has. */
export function isKeyed(batch: EventBatch, row: number): boolean {
  return !Number.isNaN(batch.column(KEY)?.[row] ?? Number.NaN);
}

/**
 * The rows without those of which the same or a newer revision is stored, or comes in the same group. Of the keys of the
 * batches in `areNew` nothing is stored.
 */
export async function takeNewest(
  database: Queryable,
  selections: readonly Selection[],
  areNew: ReadonlySet<EventBatch> = new Set(),
): Promise<{ readonly selections: readonly Selection[]; readonly replacements: Replacements }> {
  const newest = findNewest(selections);
  const keys = new Map<EventName, string[]>();
  const responses = new Set<string>();
  if (newest.size === 0) return { selections, replacements: { keys, responses } };
  const taken = new Map<EventBatch, Set<number>>();
  for (const [name, byKey] of newest) {
    const asked = [...byKey].flatMap(([key, { batch }]) => (areNew.has(batch) ? [] : [key]));
    const stored = asked.length === 0 ? [] : await storedOf(database, name, asked);
    for (const row of stored) {
      const key = String(row['key']);
      const sent = byKey.get(key);
      if (sent === undefined) continue;
      if (sent.revision <= Number(row['revision'])) {
        byKey.delete(key);
        continue;
      }
      const list = keys.get(name);
      if (list === undefined) keys.set(name, [key]);
      else list.push(key);
      for (const id of [row['message'], row['request']]) if (typeof id === 'string') responses.add(id);
    }
    for (const { batch, row } of byKey.values()) {
      const rows = taken.get(batch);
      if (rows === undefined) taken.set(batch, new Set([row]));
      else rows.add(row);
    }
  }
  return {
    selections: selections.map(({ batch, rows }) => ({
      batch,
      rows: rows.filter((row) => !isKeyed(batch, row) || taken.get(batch)?.has(row) === true),
    })),
    replacements: { keys, responses },
  };
}

function storedOf(
  database: Queryable,
  name: EventName,
  keys: readonly string[],
): Promise<readonly DatabaseRow[]> {
  const hasResponse = name === 'agent.model_call';
  return database.all(
    `SELECT tallyspan_key AS key, coalesce(tallyspan_revision, 0) AS revision${hasResponse ? ', gen_ai_response_id AS message, anthropic_request_id AS request' : ''}
     FROM ${tableOf(name)} WHERE tallyspan_key IN ${textsSql('$keys')}${isAppended(name) ? ' AND tallyspan_duplicate IS NOT TRUE' : ''}`,
    { keys: JSON.stringify(keys) },
  );
}

/** Whether what is replaced stays, marked. */
function isAppended(name: EventName): boolean {
  return name === 'agent.score';
}

/** Deletes or marks what is replaced, within the transaction that stores what replaces it. */
export async function deleteReplaced(writer: DuckDBConnection, { keys }: Replacements): Promise<void> {
  for (const [name, list] of keys)
    await writer.run(
      `${isAppended(name) ? `UPDATE ${tableOf(name)} SET tallyspan_duplicate = true` : `DELETE FROM ${tableOf(name)}`}
       WHERE tallyspan_key IN ${textsSql('?')}`,
      [JSON.stringify(list)],
    );
}

/** The newest revision of each key in the group, the first of several. */
function findNewest(selections: readonly Selection[]): Map<EventName, Map<string, Keyed>> {
  const newest = new Map<EventName, Map<string, Keyed>>();
  for (const { batch, rows } of selections) {
    if (batch.column(KEY) === undefined) continue;
    for (const row of rows) {
      const key = batch.text(row, 'tallyspan.key');
      if (key === undefined) continue;
      const name = batch.name(row);
      const byKey = newest.get(name) ?? new Map<string, Keyed>();
      newest.set(name, byKey);
      const revision = batch.number(row, 'tallyspan.revision') ?? 0;
      const other = byKey.get(key);
      if (other === undefined || revision > other.revision) byKey.set(key, { batch, row, revision });
    }
  }
  return newest;
}
