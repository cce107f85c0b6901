// What a search found in recorded content and in notes, the newest first; or why it was not looked at.

import type { VNode } from 'preact';
import { formatCountOf } from '../../../../core/text/format.ts';
import type { ContentSearch } from '../../../queries/search/search-content.ts';
import { Moment, Name } from '../../parts/cells.tsx';
import { ForeignText } from '../../parts/foreign-text.tsx';
import { Panel, Scroll } from '../../parts/panel.tsx';
import { contentPath } from './content-path.ts';
import { TableHead } from '../../parts/table-head.tsx';

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
  return (
    <Panel label="In what was said">
      {fault !== undefined && <p class="why">{fault}</p>}
      {found.length > 0 && (
        <Scroll label="What was found in what was said">
          <table>
            <TableHead of={['When', 'What was said', 'Where']} />
            <tbody>
              {found.map((one) => (
                <tr key={`${one.run ?? ''} ${one.span ?? ''} ${one.at}`} data-row={one.span ?? one.at}>
                  <td>
                    <Moment at={one.at} timezone={timezone} now={now} />
                  </td>
                  <td>
                    <ForeignText text={one.snippet} most={400} />
                  </td>
                  <td>
                    <Name
                      text={`${one.kind === 'note' ? 'Note' : 'Model call'} in ${one.run === null ? 'no run' : `run ${one.run.slice(0, 8)}`}`}
                      href={contentPath(one)}
                    />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
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
