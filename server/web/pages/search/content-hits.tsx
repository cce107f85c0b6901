// What a search found in recorded content and in notes, the newest first; or why it was not looked at.

import type { VNode } from 'preact';
import { formatCountOf } from '../../../../core/text/format.ts';
import type { ContentSearch } from '../../../queries/search/search-content.ts';
import { momentColumn, nameColumn } from '../../parts/data-columns.tsx';
import { DataTable, type DataColumn } from '../../parts/data-table.tsx';
import { ForeignText } from '../../parts/foreign-text.tsx';
import { Panel } from '../../parts/panel.tsx';
import { contentPath } from './content-path.ts';

export interface ContentHitsProps {
  /** Undefined where who asks may not read content. */
  readonly content: ContentSearch | undefined;
  readonly timezone: string;
  /** Unix milliseconds. */
  readonly now: number;
}

export function ContentHits({ content, timezone, now }: ContentHitsProps): VNode | null {
  if (content === undefined)
    return (
      <p class="empty-line">
        Recorded content is searched only on the machine of the server, or by who has its token.
      </p>
    );
  const { found, isCut, fault } = content;
  if (found.length === 0 && fault === undefined && !isCut) return null;
  const columns: readonly DataColumn<ContentSearch['found'][number]>[] = [
    momentColumn('at', 'When', ({ at }) => at, { timezone, now }),
    {
      id: 'said',
      title: 'What was said',
      value: ({ snippet }) => snippet,
      cell: ({ snippet }) => <ForeignText text={snippet} most={400} />,
    },
    nameColumn('where', 'Where', placeOf, { hrefOf: contentPath }),
  ];
  return (
    <Panel label="In what was said">
      {fault !== undefined && <p class="why">{fault}</p>}
      {found.length > 0 && (
        <DataTable
          id="said"
          name="what was found in what was said"
          label="What was found in what was said"
          rows={found}
          keyOf={({ run, span, at }) => `${run ?? ''} ${span ?? ''} ${at}`}
          rowAttributes={({ span, at }) => ({ 'data-row': span ?? at })}
          columns={columns}
        />
      )}
      {isCut && (
        <p class="hint">
          {found.length === 0
            ? 'The newest calls that may have these words do not have them in this order; older ones were not looked at. '
            : `The newest ${formatCountOf(found.length, 'place')}; there may be more in older calls. `}
          More words find less.
        </p>
      )}
    </Panel>
  );
}

function placeOf({ kind, run }: ContentSearch['found'][number]): string {
  return `${kind === 'note' ? 'Note' : 'Model call'} in ${run === null ? 'no run' : `run ${run.slice(0, 8)}`}`;
}
