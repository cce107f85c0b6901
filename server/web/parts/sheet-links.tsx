// The links under a table that give its rows as files.

import type { VNode } from 'preact';
import { useContext } from 'preact/hooks';
import type { Sheet } from '../sheet.ts';
import { PageTables } from './tables-of-page.ts';

export interface SheetLinksProps {
  /** Id of the table on its page. */
  readonly table: string;
  /** What the rows are, for who does not see the table: `runs of Claude Code`. */
  readonly name: string;
  /** The rows as they are shown. */
  readonly sheet: () => Sheet;
}

/** Nothing outside of a page that has an address. */
export function SheetLinks({ table, name, sheet }: SheetLinksProps): VNode | null {
  const tables = useContext(PageTables);
  if (tables === undefined) return null;
  tables.give(table, sheet);
  return (
    <p class="sheets">
      {(['csv', 'json'] as const).map((format) => (
        <a
          key={format}
          href={tables.sheetPath(table, format)}
          aria-label={`${format.toUpperCase()}: ${name}`}
          download
        >
          {format.toUpperCase()}
        </a>
      ))}
    </p>
  );
}
