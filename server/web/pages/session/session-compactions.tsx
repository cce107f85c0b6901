// Compactions of a session: what each left of the context, what it cost, and what the calls after it saved.

import type { VNode } from 'preact';
import { NO_DATA, formatCount, formatTokens } from '../../../../core/text/format.ts';
import { Money, Moment, shortId } from '../../parts/cells.tsx';
import { Panel, Scroll } from '../../parts/panel.tsx';
import type { SessionView } from './session-view.ts';

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
          <thead>
            <tr>
              <th scope="col">When</th>
              <th scope="col">Turn</th>
              <th scope="col">Asked for by</th>
              <th scope="col" class="n" title="Tokens of the context">
                Before
              </th>
              <th scope="col" class="n" title="Tokens of the first request after it">
                After
              </th>
              <th scope="col" class="n" title="Requests that carried less for it">
                Calls since
              </th>
              <th scope="col" class="n" title="Reading the context once more, and writing the new one">
                Cost
              </th>
              <th scope="col" class="n" title="What the calls since would have read from the cache besides">
                Saved
              </th>
            </tr>
          </thead>
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
                <td>{TRIGGERS[each.trigger] ?? NO_DATA}</td>
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

const TRIGGERS: Readonly<Record<string, string>> = { auto: 'a full context', manual: 'the user' };
