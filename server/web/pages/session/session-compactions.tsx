// Compactions of a session: what each left of the context, what it cost, and what the calls after it saved.

import type { VNode } from 'preact';
import { formatCount, formatTokens } from '../../../../core/text/format.ts';
import { Money, Moment, compactionTrigger, shortId } from '../../parts/cells.tsx';
import { Panel, Scroll } from '../../parts/panel.tsx';
import type { SessionView } from './session-view.ts';
import { TableHead } from '../../parts/table-head.tsx';

export function SessionCompactions({ view }: { view: SessionView }): VNode | null {
  const { compactions } = view;
  if (compactions.length === 0) return null;
  return (
    <Panel
      id="compactions"
      title="Compactions"
      sub="a summary took the place of what was said before; cost and saving are estimates"
    >
      <Scroll label={{ headingId: 'compactions' }}>
        <table>
          <TableHead
            of={[
              'When',
              'Turn',
              'Asked for by',
              { n: 'Before', title: 'Tokens of the context' },
              { n: 'After', title: 'Tokens of the first request after it' },
              { n: 'Calls since', title: 'Requests with a smaller context for it' },
              { n: 'Cost', title: 'Reading the context once more, and writing the new one' },
              { n: 'Saved', title: 'What the calls since would have read from the cache besides' },
            ]}
          />
          <tbody>
            {compactions.map((each) => (
              <tr key={each.atMs} data-compaction={each.trigger}>
                <td>
                  <Moment at={new Date(each.atMs).toISOString()} timezone={view.timezone} now={view.now} />
                </td>
                <td>
                  <a class="mono" href={`/runs/${encodeURIComponent(each.runId)}`}>
                    {shortId(each.runId)}
                  </a>
                </td>
                <td>{compactionTrigger(each.trigger)}</td>
                <td class="n">{formatTokens(each.tokensBefore ?? null)}</td>
                <td class="n">{formatTokens(each.tokensAfter ?? null)}</td>
                <td class="n">{formatCount(each.calls)}</td>
                <td class="n" data-value={each.costNanoUsd}>
                  <Money of={each.costNanoUsd} />
                </td>
                <td class="n" data-value={each.savedNanoUsd}>
                  <Money of={each.savedNanoUsd} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Panel>
  );
}
