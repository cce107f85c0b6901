// The pager under a table of which a part is shown: which part, and the way to its neighbours.

import type { VNode } from 'preact';
import { formatCount } from '../../../core/format.ts';
import { linkTo } from './cells.tsx';

export interface PagerProps {
  readonly path: string;
  /** Parameters of the address, without `offset`. */
  readonly params: Readonly<Record<string, string | undefined>>;
  readonly offset: number;
  readonly limit: number;
  /** Rows on this page. */
  readonly count: number;
  /** Of all pages, where that is known. */
  readonly total?: number;
  readonly hasMore: boolean;
}

export function Pager(props: PagerProps): VNode | null {
  const { path, params, offset, limit, count, total, hasMore } = props;
  if (offset === 0 && !hasMore) return null;
  const at = (next: number): string => linkTo(path, { ...params, offset: next === 0 ? undefined : next });
  return (
    <div class="pager">
      <span class="soft">
        {count === 0 ? 'none from here on' : `${formatCount(offset + 1)}–${formatCount(offset + count)}`}
        {total !== undefined && count > 0 && ` of ${formatCount(total)}`}
      </span>
      {offset > 0 && (
        <a class="button" href={at(Math.max(0, offset - limit))}>
          ← Before
        </a>
      )}
      {hasMore && (
        <a class="button" href={at(offset + limit)}>
          Next →
        </a>
      )}
    </div>
  );
}
