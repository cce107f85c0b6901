// The head of a table: a column by its name; numbers stand to the right, and a title says what a name leaves open.

import type { VNode } from 'preact';

/** `n`: the name of a column of numbers. */
export type ColumnHead =
  | string
  | { readonly n: string; readonly title?: string }
  | { readonly text: string; readonly title: string };

export function TableHead({ of: heads }: { of: readonly ColumnHead[] }): VNode {
  return (
    <thead>
      <tr>
        {heads.map((head) => (
          <HeadCell head={head} />
        ))}
      </tr>
    </thead>
  );
}

function HeadCell({ head }: { head: ColumnHead }): VNode {
  if (typeof head === 'string') return <th scope="col">{head}</th>;
  if ('text' in head)
    return (
      <th scope="col" title={head.title}>
        {head.text}
      </th>
    );
  return (
    <th scope="col" class="n" title={head.title}>
      {head.n}
    </th>
  );
}
