// Keyed events: what a reporter that may learn more later names by a key of its own (`tallyspan.key`). The event with
// the highest revision of a key is the one that is stored; it takes the place of the one that was. A score that is
// corrected stays, marked as a duplicate: who judged what, and when, is not lost.

import type { DuckDBConnection } from '@duckdb/node-api';
import { tableOf } from '../../../core/columns.ts';
import { addToGroup } from '../../../core/group-by.ts';
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
const DUPLICATE = FIELD_INDEX['tallyspan.duplicate'];

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
  const take = ({ batch, row }: Keyed): void => {
    const rows = taken.get(batch);
    if (rows === undefined) taken.set(batch, new Set([row]));
    else rows.add(row);
  };
  for (const [name, byKey] of newest) {
    if (isAppended(name)) {
      const replaced = await appendRevisions(database, name, selections, take);
      if (replaced.length > 0) keys.set(name, replaced);
      continue;
    }
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
      addToGroup(keys, name, key);
      for (const id of [row['message'], row['request']]) if (typeof id === 'string') responses.add(id);
    }
    for (const one of byKey.values()) take(one);
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
     FROM ${tableOf(name)} WHERE tallyspan_key IN ${textsSql('$keys')}`,
    { keys: JSON.stringify(keys) },
  );
}

/**
 * Takes every revision that is not stored yet, and marks those of the group that are not the newest. The keys of which a
 * stored revision is not the newest any more.
 */
async function appendRevisions(
  database: Queryable,
  name: EventName,
  selections: readonly Selection[],
  take: (row: Keyed) => void,
): Promise<string[]> {
  const byKey = revisionsOf(name, selections);
  const stored = await database.all(
    `SELECT tallyspan_key AS key, coalesce(tallyspan_revision, 0) AS revision
     FROM ${tableOf(name)} WHERE tallyspan_key IN ${textsSql('$keys')}`,
    { keys: JSON.stringify([...byKey.keys()]) },
  );
  const storedNewest = new Map<string, number>();
  for (const row of stored) {
    const key = String(row['key']);
    const revision = Number(row['revision']);
    byKey.get(key)?.delete(revision);
    storedNewest.set(key, Math.max(revision, storedNewest.get(key) ?? Number.NEGATIVE_INFINITY));
  }
  const replaced: string[] = [];
  for (const [key, byRevision] of byKey) {
    const former = storedNewest.get(key) ?? Number.NEGATIVE_INFINITY;
    const latest = Math.max(former, ...byRevision.keys());
    if (former > Number.NEGATIVE_INFINITY && latest > former) replaced.push(key);
    for (const one of byRevision.values()) {
      if (one.revision < latest) one.batch.replaceCell(one.row, DUPLICATE, 1);
      take(one);
    }
  }
  return replaced;
}

/** The rows of the group by key and revision, the first of several. */
function revisionsOf(name: EventName, selections: readonly Selection[]): Map<string, Map<number, Keyed>> {
  const byKey = new Map<string, Map<number, Keyed>>();
  for (const { batch, rows } of selections) {
    if (batch.column(KEY) === undefined) continue;
    for (const row of rows) {
      const key = batch.name(row) === name ? batch.text(row, 'tallyspan.key') : undefined;
      if (key === undefined) continue;
      const revision = batch.number(row, 'tallyspan.revision') ?? 0;
      const byRevision = byKey.get(key) ?? new Map<number, Keyed>();
      byKey.set(key, byRevision);
      if (!byRevision.has(revision)) byRevision.set(revision, { batch, row, revision });
    }
  }
  return byKey;
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
