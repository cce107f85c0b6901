// Facets: which values the runs of a list have, and how many of them each, so that a list can be narrowed by a click.

import { columnOf } from '../../../core/columns.ts';
import { fieldOfDimension } from '../../../core/schema.ts';
import type { Queryable } from '../../store/file/database.ts';
import { endedSql } from './run-conditions.ts';
import type { RunFilter } from './run-filter.ts';

export const FACETS = ['status', 'agent', 'version', 'user', 'task', 'project', 'session'] as const;
export type Facet = (typeof FACETS)[number];

export interface FacetValue {
  readonly value: string;
  /** Runs that ended. */
  readonly runs: number;
}

const VALUES_SHOWN = 8;

/** The most frequent values of each; a facet that no run has is left out. */
export async function readFacets(
  database: Queryable,
  filter: RunFilter,
): Promise<ReadonlyMap<Facet, readonly FacetValue[]>> {
  const where = endedSql(filter);
  const found = await Promise.all(
    FACETS.map(async (facet) => {
      const column = columnOf(fieldOfDimension(facet));
      const rows = await database.all(
        `SELECT ${column} AS value, count(*)::INTEGER AS runs FROM agent_run
         WHERE ${where} AND ${column} IS NOT NULL AND ${column} <> ''
         GROUP BY 1 ORDER BY runs DESC, 1 LIMIT ${VALUES_SHOWN}`,
      );
      return [
        facet,
        rows.map((row) => ({ value: String(row['value']), runs: Number(row['runs']) })),
      ] as const;
    }),
  );
  return new Map(found.filter(([, values]) => values.length > 0));
}
