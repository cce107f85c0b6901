// New spans: those of a group that are not stored yet, and those that take the place of what was told of them before.

import type { DuckDBConnection } from '@duckdb/node-api';
import { DAY_MS } from '../../../core/time/time.ts';
import { timeClusters } from '../../../core/time/time-clusters.ts';
import { textsSql, type Queryable } from '../file/database.ts';
import type { SpanRow } from '../file/tables.ts';

export interface SpanBatch {
  readonly spans: readonly SpanRow[];
  /** Whether it is certain that no span and no key of the events with them is stored, so that nobody has to look. */
  readonly areNew?: boolean | undefined;
  /** Those that take the place of the stored ones of the same ids. */
  readonly retold?: ReadonlySet<SpanRow> | undefined;
}

/** Each span of the group once, the first of several, without those that are stored. */
export async function newSpansOf(database: Queryable, group: readonly SpanBatch[]): Promise<SpanRow[]> {
  const doubtful = group.flatMap(({ spans, areNew, retold }) =>
    areNew === true ? [] : spans.filter((span) => retold?.has(span) !== true),
  );
  const stored = new Set<string>();
  for (const { from, to } of timeClusters(doubtful.map((span) => span.start_time))) {
    const within = doubtful.filter(({ start_time: start }) => start >= from && start <= to);
    const rows = await database.all(
      `SELECT trace_id, span_id FROM spans
       WHERE start_time BETWEEN make_timestamptz(?::BIGINT * 1000) AND make_timestamptz(?::BIGINT * 1000)
         AND span_id IN ${textsSql('?')}`,
      [Math.floor(from), Math.ceil(to), JSON.stringify(within.map((span) => span.span_id))],
    );
    for (const row of rows) stored.add(`${String(row['trace_id'])}/${String(row['span_id'])}`);
  }
  const taken = new Set<string>();
  return group.flatMap(({ spans, retold }) =>
    spans.filter((span) => {
      const key = `${span.trace_id}/${span.span_id}`;
      if (taken.has(key) || (stored.has(key) && retold?.has(span) !== true)) return false;
      taken.add(key);
      return true;
    }),
  );
}

/** Deletes what the spans take the place of. The former may have begun at another time, though not on another day. */
export async function deleteRetold(
  writer: DuckDBConnection,
  group: readonly SpanBatch[],
  spans: readonly SpanRow[],
): Promise<void> {
  const replacing = new Set(group.flatMap((batch) => [...(batch.retold ?? [])]));
  const retold = spans.filter((span) => replacing.has(span));
  for (const { from, to } of timeClusters(retold.map((span) => span.start_time))) {
    const keys = retold
      .filter(({ start_time: start }) => start >= from && start <= to)
      .map((span) => `${span.trace_id}/${span.span_id}`);
    await writer.run(
      `DELETE FROM spans
       WHERE start_time BETWEEN make_timestamptz(?::BIGINT * 1000) AND make_timestamptz(?::BIGINT * 1000)
         AND trace_id || '/' || span_id IN ${textsSql('?')}`,
      [Math.floor(from - DAY_MS), Math.ceil(to + DAY_MS), JSON.stringify(keys)],
    );
  }
}
