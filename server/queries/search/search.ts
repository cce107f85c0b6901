// Search: what one text finds anywhere: ids by their beginning, and names that hold it. Each hit leads somewhere.

import { formatCountOf } from '../../../core/text/format.ts';
import type { Queryable } from '../../store/file/database.ts';
import { groupPath } from '../../thing-path.ts';
import { findIds, type FoundId, type IdKind } from './find-ids.ts';
import { findNames, type NameKind } from './find-names.ts';

export interface SearchHit {
  readonly kind: IdKind | NameKind | 'filter';
  /** The id or the name. */
  readonly text: string;
  /** How often, of a name; the run, of another id. */
  readonly detail: string;
  /** Undefined of a call outside of any run, which has no page. */
  readonly path: string | undefined;
  /** Of a filter, the whole line with it. */
  readonly completes?: string;
}

export interface SearchAnswer {
  readonly hits: readonly SearchHit[];
  /** The one page that is meant: the only one that an id leads to. */
  readonly only: string | undefined;
}

const SHOWN_OF_RUN = 8;

/** `perKind` is how many names of each kind are looked for. */
export async function search(database: Queryable, given: string, perKind?: number): Promise<SearchAnswer> {
  const text = given.trim();
  if (text === '') return { hits: [], only: undefined };
  const [ids, names] = await Promise.all([findIds(database, text), findNames(database, text, perKind)]);
  const hits = [
    ...ids.map((found) => ({
      kind: found.kind,
      text: found.id,
      detail:
        found.kind === 'run'
          ? ''
          : found.run === null
            ? 'in no run'
            : `in run ${found.run.slice(0, SHOWN_OF_RUN)}`,
      path: pathOfId(found),
    })),
    ...names.map(({ kind, name, count, of }) => ({
      kind,
      text: name,
      detail: formatCountOf(count, of),
      path: groupPath(kind, name),
    })),
  ];
  const runs = new Set(ids.map(({ run }) => run));
  const [first] = ids;
  const isOne = first !== undefined && runs.size === 1 && names.length === 0;
  // Of several ids in one run the run is meant.
  const only = !isOne ? undefined : ids.length === 1 ? pathOfId(first) : pathOfId({ ...first, span: null });
  return { hits, only };
}

function pathOfId({ run, span }: FoundId): string | undefined {
  if (run === null) return undefined;
  const path = `/runs/${encodeURIComponent(run)}`;
  return span === null ? path : `${path}?step=${encodeURIComponent(span)}`;
}
