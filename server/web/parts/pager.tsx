// The pager under a table of which a part is shown: which part, and the way to its neighbours. Beside it stands what else
// can be done with the rows.

import type { ComponentChildren, VNode } from 'preact';
import { formatCount } from '../../../core/text/format.ts';

export interface PagerProps {
  /** Rows before those on this page. */
  readonly position: number;
  /** Rows on this page. */
  readonly count: number;
  /** Of all pages, where that is known. */
  readonly total?: number | undefined;
  readonly previous?: string | undefined;
  readonly next?: string | undefined;
  /** The first page, where this is another. */
  readonly first?: string | undefined;
  readonly children?: ComponentChildren;
}

export function Pager(props: PagerProps): VNode {
  const { position, count, total, previous, next, first, children } = props;
  return (
    <div class="pager">
      <span class="soft">
        {count === 0
          ? position === 0
            ? ''
            : 'None from here on'
          : `${formatCount(position + 1)}–${formatCount(position + count)}`}
        {total !== undefined && count > 0 && ` of ${formatCount(total)}`}
      </span>
      {children}
      {first !== undefined && (
        <a class="button" href={first}>
          ⇤ First
        </a>
      )}
      {previous !== undefined && (
        <a class="button" rel="prev" href={previous}>
          ← Before
        </a>
      )}
      {next !== undefined && (
        <a class="button" rel="next" href={next}>
          Next →
        </a>
      )}
    </div>
  );
}
